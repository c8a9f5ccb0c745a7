"""What evaluations need: prompts of the test split, scripted models that answer, fitted judges."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from annotation.corpus.services import split_for
from annotation.corpus.set_query import SetQuery
from annotation.models import Collection
from annotation.sets.services import collection_create
from rubrics.core.spec import RubricSpec
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.judge_runs import RUBRIC, learned_judge, rated, reply, texts, version_of
from tests.support.servers import Stub, answer, serve
from training.evaluation.services import evaluation_start
from training.models import EvaluationRun
from webapp.ids import new_id
from webapp.llm.models import Endpoint

# With a profile each: the fewest for which the same difference in all of them is clear among the
# five measures of a table.
PROMPTS = 8


def warm(body: dict[str, Any], count: int) -> Any:
    """The warm model: it tells the prompt, so that answers differ from prompt to prompt."""
    return answer(
        reply(f"I hear how lonely that is.\n{body['messages'][-1]['content']} What then?")
    )


def cold(body: dict[str, Any], count: int) -> Any:
    return answer(reply(f"Get over it. {body['messages'][-1]['content']}"))


@contextmanager
def model(
    cast: Cast, name: str, speak: Callable[[dict[str, Any], int], Any]
) -> Iterator[tuple[Endpoint, Stub]]:
    """An endpoint whose server says what `speak` returns."""
    stub = Stub(speak)
    with serve(stub.app) as url:
        yield endpoint(cast, url, name=name), stub


def rated_corpus(cast: Cast, rubric: RubricSpec = RUBRIC) -> tuple[RubricVersion, Judge]:
    """Texts of the train split, a version that they are rated by, and a judge fitted on them."""
    version = version_of(cast, rubric)
    rated(cast, texts(cast), version)
    return version, learned_judge(cast, version)


def prompts(cast: Cast, count: int = PROMPTS) -> Collection:
    """A set with `count` dialogues in the test split, each of a person of its own."""
    people = (
        name for name in map(str, itertools.count()) if split_for(cast.project, name) == "test"
    )
    for number, person in zip(range(count), people, strict=False):
        texts(cast, 1, first=500 + number, split_group=person)
    return collection_create(
        project=cast.project, actor=cast.leads[0], name="Everything", query=SetQuery()
    )


def planned(
    cast: Cast,
    collection: Collection,
    version: RubricVersion,
    judges: list[Judge],
    endpoints: list[Endpoint],
    **changes: Any,
) -> EvaluationRun:
    fields: dict[str, Any] = {
        "key": new_id().hex,
        "collection": collection,
        "prompts": 1000,
        "version": version,
        "judges": judges,
        "endpoints": endpoints,
        "with_corpus": True,
    }
    return evaluation_start(project=cast.project, actor=cast.leads[0], **(fields | changes))
