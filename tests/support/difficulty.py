"""What difficulty runs need: prompts of the train split and a model whose replies vary."""

from typing import Any

from annotation.corpus.set_query import SetQuery
from annotation.difficulty.services import difficulty_start
from annotation.models import Collection, DifficultyRun
from annotation.sets.services import collection_create
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.judge_runs import reply
from tests.support.servers import answer
from webapp.ids import new_id
from webapp.llm.models import Endpoint

# Replies per prompt.
K = 4


def mixed(body: dict[str, Any], count: int) -> Any:
    """Warm and cold by the seed of the request, so that the same place gets the same reply. To
    even nights the model is always cold: these prompts are hard."""
    last = body["messages"][-1]["content"]
    number = int(last.removeprefix("Night ").split()[0])
    is_warm = number % 2 and body["seed"] % 4
    if is_warm:
        return answer(reply(f"I hear how lonely that is. {body['seed'] % 3}. {last} What then?"))
    return answer(reply(f"Get over it. {body['seed'] % 2}. {last} What then?"))


def everything(cast: Cast) -> Collection:
    return collection_create(
        project=cast.project, actor=cast.leads[0], name="Everything", query=SetQuery()
    )


def planned(
    cast: Cast,
    collection: Collection,
    version: RubricVersion,
    judge: Judge,
    endpoint: Endpoint,
    **changes: Any,
) -> DifficultyRun:
    fields: dict[str, Any] = {
        "key": new_id().hex,
        "collection": collection,
        "prompts": 1000,
        "endpoint": endpoint,
        "version": version,
        "judge": judge,
        "replies": K,
    }
    return difficulty_start(project=cast.project, actor=cast.leads[0], **(fields | changes))
