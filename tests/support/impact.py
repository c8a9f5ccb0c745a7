"""A rubric with a draft, and an endpoint whose answer depends on the anchors in its prompt."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from annotation.corpus.set_query import SetQuery
from annotation.formats.records import plain_turn, supporter_turn
from annotation.impact.services import impact_start, playground_start
from annotation.models import Collection, ImpactRun, PlaygroundRun, Target, Turn
from annotation.ratings.targets import text_target
from annotation.sets.services import collection_create
from rubrics.core.spec import CriterionSpec, LevelSpec, RubricSpec, from_json, to_json
from rubrics.judges import opening as judges
from rubrics.models import Judge, RubricVersion
from rubrics.writing.services import draft_open, draft_save
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, published
from tests.support.generation import endpoint
from tests.support.judge_runs import WARM, llm_judge, reply, train_group
from tests.support.servers import Stub, answer, serve
from webapp.ids import new_id
from webapp.llm.clients import open_client
from webapp.llm.models import Endpoint

NAMES_IT = "Names the feeling."
NAMES_AND_ASKS = "Names the feeling and asks on with a question."

RUBRIC = RubricSpec(
    title="Warmth",
    criteria=(
        CriterionSpec("format", "m-format", "Format", kind="check", scale="binary", check="format"),
        CriterionSpec(
            "warmth",
            "m-warmth",
            "Warmth",
            levels=(
                LevelSpec(1, "Cold", "Waves the feeling off."),
                LevelSpec(2, "Polite", "Answers it in general words."),
                LevelSpec(3, "Warm", NAMES_IT),
            ),
        ),
        CriterionSpec("asks", "m-asks", "Asks on", scale="binary"),
    ),
)


def by_the_anchors(body: dict[str, Any]) -> str:
    """A judge that reads: a warm reply is a 3, unless the anchor of 3 asks for a question that
    the reply lacks; then it is a 2."""
    rubric, material = (message["content"] for message in body["messages"])
    given = {}
    for code, name in re.findall(r"^## (c\d+): (.+)$", rubric, re.MULTILINE):
        is_warm = any(phrase in material for phrase in WARM)
        asks = "What then?" in material
        if name == "Asks on":
            score = int(asks)
        elif not is_warm:
            score = 1
        else:
            score = 3 if asks or NAMES_AND_ASKS.rstrip(".") not in rubric else 2
        given[code] = {"evidence": [], "rationale": f"{name} by its anchors.", "score": score}
    return json.dumps(given)


def reader() -> Stub:
    return Stub(lambda body, count: answer(by_the_anchors(body)))


@contextmanager
def reading(
    cast: Cast, script: Stub, monkeypatch: pytest.MonkeyPatch, name: str = "Scripted"
) -> Iterator[Endpoint]:
    monkeypatch.setattr(judges, "open_client", partial(open_client, retries=0, cooldown_s=0.05))
    with serve(script.app) as url:
        yield endpoint(cast, url, name=name)


def draft_of(cast: Cast, rubric: RubricSpec = RUBRIC) -> RubricVersion:
    """The second version of a published rubric, as a draft with the same text."""
    version = published(cast.project, rubric)
    return draft_open(rubric=version.rubric, actor=cast.clinicians[0])


def reworded(cast: Cast, draft: RubricVersion, anchor: str = NAMES_AND_ASKS) -> RubricVersion:
    """The draft with another anchor for the highest level of warmth."""
    spec = from_json(draft.draft)
    warmth = next(c for c in spec.criteria if c.uid == "warmth")
    levels = (*warmth.levels[:-1], replace(warmth.levels[-1], anchor=anchor))
    return written(cast, draft, replaced(spec, replace(warmth, levels=levels)))


def replaced(spec: RubricSpec, criterion: CriterionSpec) -> RubricSpec:
    criteria = [criterion if c.uid == criterion.uid else c for c in spec.criteria]
    return replace(spec, criteria=tuple(criteria))


def written(cast: Cast, draft: RubricVersion, spec: RubricSpec) -> RubricVersion:
    return draft_save(
        version=draft,
        actor=cast.clinicians[0],
        content=to_json(spec),
        expected_revision=RubricVersion.objects.get(pk=draft.pk).revision,
    )


def everything(cast: Cast) -> Collection:
    return collection_create(
        project=cast.project, actor=cast.leads[0], name="All", query=SetQuery()
    )


def previewed(
    cast: Cast, draft: RubricVersion, judge: Judge, sample: str = "", **changes: Any
) -> ImpactRun:
    return impact_start(
        version=draft,
        actor=cast.clinicians[0],
        key=new_id().hex,
        judge=judge,
        sample=sample or f"set:{everything(cast).pk}",
        **changes,
    )


def tried(
    cast: Cast, draft: RubricVersion, judge: Judge, turns: Sequence[Turn] = (), **changes: Any
) -> PlaygroundRun:
    fields = {"key": new_id().hex, "turns": [turn.pk for turn in turns]} | changes
    return playground_start(version=draft, actor=cast.clinicians[0], judge=judge, **fields)


def group(cast: Cast, *texts: str, said: str = "I lie awake.") -> list[Target]:
    """Replies to the same words, as rollouts are."""
    return [
        text_target(
            project=cast.project,
            profile="A student.",
            situation="Nights.",
            history=[{"role": "seeker", "text": said}],
            raw=reply(text),
        )
        for text in texts
    ]


def one_turn(cast: Cast, text: str, number: int = 900) -> Turn:
    dialogue = added(
        cast.project,
        parsed(
            number,
            turns=(plain_turn("seeker", "It is late."), supporter_turn(reply(text))[0]),
            split_group=train_group(cast),
        ),
    )[0]
    return Turn.objects.get(dialogue=dialogue, role="supporter")


__all__ = ["llm_judge"]
