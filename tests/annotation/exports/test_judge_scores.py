"""The scores of a judge run, and its failures."""

from annotation.exports import registry
from annotation.models import JudgeItem, JudgeRun, Target
from annotation.ratings.targets import text_target
from tests.annotation.exports.test_tables import fits, judged, names
from tests.support.desk import Desk
from tests.support.exports import rows_for
from tests.support.judge_runs import judge_of_sources


def judge_run_over(at_desk: Desk, *, failed: Target) -> JudgeRun:
    """A judge run that scored the first item of the queue and failed on another text."""
    first = at_desk.queue.items.order_by("position")[0].target
    rating = judged(at_desk, first)
    run = JudgeRun.objects.create(
        project=at_desk.cast.project,
        number=7,
        idempotency_key="k",
        created_by=at_desk.cast.leads[0],
        status="succeeded",
        snapshot=at_desk.queue.snapshot,
        version=at_desk.version,
        spec=at_desk.version.spec,
        judge=rating.rater.judge,
    )
    JudgeItem.objects.bulk_create(
        JudgeItem(project=run.project, run=run, position=place, **state)
        for place, state in enumerate(
            (
                {"target": first, "state": "done", "rating": rating},
                {"target": failed, "state": "failed", "error": "No JSON."},
            )
        )
    )
    return run


def test_a_judges_scores_and_its_failures(at_desk: Desk) -> None:
    cast = at_desk.cast
    other = text_target(
        project=cast.project, profile="", situation="", history=[], raw="Another text."
    )
    run = judge_run_over(at_desk, failed=other)
    asked = {"judge_run": str(run.pk)}
    rows = [row for _, row in rows_for(cast, cast.clinicians[0], "judge_scores", **asked)]
    table = registry.find("judge_scores")
    assert all(names(table.columns) == list(row) for row in rows)
    assert all(fits(row[column.name], column) for row in rows for column in table.columns)
    scored, failed = rows
    assert (scored["judge"], scored["judge_run"], scored["state"]) == ("Strict v2", 7, "done")
    assert (scored["criterion_uid"], scored["value"], scored["rationale"]) == (
        "empathy", 1, "Cold."
    )  # fmt: skip
    # A language model knows no text from a fit.
    assert (scored["known"], failed["known"]) == (0, 0)
    # One of three criteria: the total is undefined, never zero.
    assert scored["total"] is None
    assert (failed["state"], failed["error"], failed["criterion_uid"]) == (
        "failed", "No JSON.", None
    )  # fmt: skip
    # The second lead still has to rate the first text.
    blind = rows_for(cast, cast.leads[1], "judge_scores", **asked)
    assert [row["state"] for _, row in blind] == ["failed"]


def test_texts_that_the_judge_knows_from_its_fit_are_marked(at_desk: Desk) -> None:
    cast = at_desk.cast
    first = at_desk.queue.items.order_by("position")[0].target
    other = text_target(
        project=cast.project, profile="", situation="", history=[], raw="Another text."
    )
    run = judge_run_over(at_desk, failed=other)
    run.judge = judge_of_sources(cast, at_desk.version, [first])
    run.save(update_fields=["judge"])
    rows = rows_for(cast, cast.clinicians[0], "judge_scores", judge_run=str(run.pk))
    assert {row["state"]: row["known"] for _, row in rows} == {"done": 1, "failed": 0}
