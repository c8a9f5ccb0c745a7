"""What judge runs need: rated texts, a set, a judge fitted on them or one behind an endpoint."""

import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from annotation.corpus.services import split_for
from annotation.corpus.set_query import SetQuery
from annotation.formats.records import plain_turn, supporter_turn
from annotation.judge_runs import fitting
from annotation.judge_runs.queries import JudgingState, state_of
from annotation.judge_runs.services import fit_start, judge_start
from annotation.models import FitRun, FitSource, JudgeRun, Score, Snapshot, Target, Turn
from annotation.ratings.services import NewRating, NewScore, construction_rater, submit_ratings
from annotation.ratings.targets import targets_for
from annotation.sets.services import collection_create, freeze
from rubrics.core.spec import CriterionSpec, RubricSpec
from rubrics.judges.services import judge_create_learned, judge_create_llm
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import added, levels, parsed, published
from webapp.accounts.numbers import next_number
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.ids import new_id
from webapp.llm.models import Endpoint

WARM = ("I hear how lonely that is.", "That sounds heavy, I am here.", "You miss her so much.")
COLD = ("Get over it.", "Not my problem.", "Just stop thinking.")

RUBRIC = RubricSpec(
    title="Warmth",
    criteria=(
        CriterionSpec("format", "m-format", "Format", kind="check", scale="binary", check="format"),
        CriterionSpec("warmth", "m-warmth", "Warmth", levels=levels(1, 3)),
        CriterionSpec("asks", "m-asks", "Asks on", scale="binary"),
    ),
)


def reply(text: str) -> str:
    return (
        "<understanding>Someone is here.</understanding>\n<reasoning>Answer.</reasoning>\n"
        f"<emotion>lonely</emotion>\n<response>{text}</response>"
    )


def texts(cast: Cast, count: int = 24, *, first: int = 1, split_group: str = "") -> list[Turn]:
    """Supporter turns, one a dialogue, half of them warm. Their people are in the train split
    unless `split_group` says where they belong."""
    dialogues = added(
        cast.project,
        *(
            parsed(
                number,
                turns=(
                    plain_turn("seeker", f"Night {number} was long."),
                    supporter_turn(reply(_phrase(number)))[0],
                ),
                split_group=split_group or train_group(cast),
            )
            for number in range(first, first + count)
        ),
    )
    turns = Turn.objects.filter(dialogue__in=dialogues, role="supporter")
    return list(turns.order_by("dialogue__number"))


def _phrase(number: int) -> str:
    phrases = WARM if number % 2 else COLD
    question = " What then?" if number % 3 else ""
    return f"{phrases[number % 3]} Number {number}.{question}"


def train_group(cast: Cast) -> str:
    return next(g for g in map(str, range(1000)) if split_for(cast.project, g) == "train")


def rated(cast: Cast, turns: list[Turn], version: RubricVersion) -> None:
    """Ratings by construction: warm replies get 3, cold ones 1."""
    assert version.spec is not None
    rater = construction_rater(project=cast.project, label="Builder")
    submit_ratings(
        [
            NewRating(
                target,
                version.spec,
                rater,
                "construction",
                [
                    NewScore("warmth", 1.0 if any(c in turn.text for c in COLD) else 3.0),
                    NewScore("asks", float("?" in turn.text)),
                ],
            )
            for turn, target in zip(
                turns,
                targets_for(project=cast.project, turns=[turn.pk for turn in turns]),
                strict=True,
            )
        ]
    )


def version_of(cast: Cast, rubric: RubricSpec = RUBRIC) -> RubricVersion:
    return published(cast.project, rubric)


def fit_run(cast: Cast, version: RubricVersion) -> FitRun:
    return fit_start(
        project=cast.project,
        actor=cast.leads[0],
        key=new_id().hex,
        version=version,
        judge_name="Learned",
        rater_kinds=["construction"],
    )


def learned_judge(cast: Cast, version: RubricVersion) -> Judge:
    run = fit_run(cast, version)
    fitting.work(str(run.pk))
    run.refresh_from_db()
    assert run.judge is not None, run.error
    return run.judge


def judge_of_sources(
    cast: Cast, version: RubricVersion, sources: Iterable[Target] | None, *, name: str = "Learned"
) -> Judge:
    """A learned judge whose fit names these texts, without a fit. None: it was made before fits
    named any."""
    judge = judge_create_learned(
        project=cast.project,
        actor=cast.leads[0],
        name=name,
        artefact=store(
            project=cast.project,
            kind=StoredFile.Kind.ARTEFACT,
            name="judge.zip",
            content=BytesIO(name.encode()),
            actor=cast.leads[0],
        ),
        fitted_on={},
        provenance={"ratings": 20, "rater_kinds": ["person"]},
    )
    run = finished_fit(cast, version, judge)
    FitSource.objects.bulk_create(
        FitSource(project=cast.project, run=run, target=target) for target in sources or ()
    )
    return judge


def finished_fit(cast: Cast, version: RubricVersion, judge: Judge) -> FitRun:
    return FitRun.objects.create(
        project=cast.project,
        number=next_number(cast.project, FitRun.kind),
        idempotency_key=new_id().hex,
        created_by=cast.leads[0],
        status="succeeded",
        version=version,
        judge_name=judge.name,
        judge=judge,
    )


def llm_judge(cast: Cast, endpoint: Endpoint, **parameters: Any) -> Judge:
    return judge_create_llm(
        project=cast.project,
        actor=cast.leads[0],
        name="Reader",
        endpoint=endpoint,
        parameters=parameters,
    )


def snapshot(cast: Cast) -> Snapshot:
    collection = collection_create(
        project=cast.project, actor=cast.leads[0], name="All", query=SetQuery()
    )
    return freeze(collection=collection, actor=cast.leads[0])


def judge_run(
    cast: Cast, version: RubricVersion, judge: Judge, frozen: Snapshot | None = None
) -> JudgeRun:
    return judge_start(
        project=cast.project,
        actor=cast.leads[0],
        key=new_id().hex,
        snapshot=frozen or snapshot(cast),
        version=version,
        judge=judge,
    )


def values(run: JudgeRun) -> dict[int, dict[str, tuple[str, float | None, float | None]]]:
    """(status, value, expected) by the item's position and criterion."""
    found: dict[int, dict[str, tuple[str, float | None, float | None]]] = {}
    items = run.items.exclude(rating=None).values_list("position", "rating_id")
    by_rating = {rating: position for position, rating in items}
    for score in Score.objects.filter(rating_id__in=by_rating):
        row = found.setdefault(by_rating[score.rating_id], {})
        row[score.criterion_uid] = (score.status, score.value, score.expected)
    return found


def said(**scores: object) -> str:
    """A judge's reply to both criteria of RUBRIC in one call."""
    return json.dumps(
        {
            key: {"evidence": [], "rationale": "Because.", "score": score}
            for key, score in scores.items()
        }
    )


def seen(cast: Cast, run: JudgeRun) -> JudgingState:
    """The run's page as the first lead sees it."""
    return state_of(run, cast.member(cast.leads[0]))
