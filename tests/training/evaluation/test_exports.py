"""Answers and figures of an evaluation as exports have them."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse

from annotation.exports import reading, registry
from annotation.exports.services import select
from annotation.queues.services import queue_close, queue_create
from tests.annotation.exports.test_tables import fits, names
from tests.conftest import Cast
from tests.support.evaluations import PROMPTS, cold, model, planned, prompts, rated_corpus, warm
from tests.support.exports import exported, rows_for
from tests.support.opened import as_dataset, as_pandas, assert_opens_everywhere
from tests.support.pages import html_of
from training.evaluation import queries, work
from training.evaluation.limits import CORPUS
from training.models import Answer, AnswerRating, EvaluationRun
from webapp.accounts.models import User
from webapp.errors import Refused

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ANSWERS, FIGURES = "evaluation_answers", "evaluation_figures"


@pytest.fixture
def run(cast: Cast) -> EvaluationRun:
    """Two models and the corpus, rated by one judge."""
    version, judge = rated_corpus(cast)
    collection = prompts(cast)
    with model(cast, "Warm", warm) as (warm_at, _), model(cast, "Cold", cold) as (cold_at, _):
        run = planned(cast, collection, version, [judge], [warm_at, cold_at])
        work.work(str(run.pk))
    run.refresh_from_db()
    return run


def rows_of(cast: Cast, user: User, table: str, run: EvaluationRun, **filters: str) -> list[Any]:
    rows = rows_for(cast, user, table, evaluation=str(run.pk), **filters)
    columns = registry.find(table).columns
    assert all(names(columns) == list(row) for _, row in rows)
    assert all(fits(row[column.name], column) for _, row in rows for column in columns)
    return [row for _, row in rows]


def test_an_answer_has_its_checks_and_its_scores(cast: Cast, run: EvaluationRun) -> None:
    rows = rows_of(cast, cast.leads[0], ANSWERS, run)
    assert len(rows) == 3 * PROMPTS
    row = next(row for row in rows if (row["system"], row["prompt"]) == ("Warm", 0))
    answer = Answer.objects.get(system__name="Warm", system__run=run, position=0)
    turn = answer.prompt.turn
    assert turn is not None
    assert (row["prompt_id"], row["dialogue"], row["turn"]) == (
        str(answer.prompt_id), turn.dialogue.number, turn.position
    )  # fmt: skip
    assert (row["raw"], row["format"], row["emotion_match"]) == (answer.raw, 1, 1)
    judge = run.judges.get().judge
    assert (row["judge"], row["judge_hash"], row["is_reward"]) == (str(judge), judge.hash, 0)
    assert row["spec_hash"] == run.spec.hash
    assert {score["criterion"] for score in row["scores"]} == {"Format", "Warmth", "Asks on"}
    assert all(score["value"] is not None for score in row["scores"])
    assert 0 <= row["total"] <= 1 and row["split"] == "test"


def test_an_answer_without_scores_says_why(cast: Cast, run: EvaluationRun) -> None:
    failed, unrated = Answer.objects.filter(system__name="Warm").order_by("position")[:2]
    AnswerRating.objects.filter(answer=failed).update(rating=None, error="No JSON.")
    AnswerRating.objects.filter(answer=unrated).delete()
    rows = {
        row["prompt"]: row
        for row in rows_of(cast, cast.leads[0], ANSWERS, run)
        if row["system"] == "Warm"
    }
    first, second = rows[failed.position], rows[unrated.position]
    assert (first["rating_error"], first["scores"], first["total"]) == ("No JSON.", [], None)
    assert (second["judge"], second["is_reward"], second["scores"]) == (None, None, [])


def test_the_figures_are_those_of_the_page(cast: Cast, run: EvaluationRun) -> None:
    lead = cast.leads[0]
    rows = rows_of(cast, lead, FIGURES, run, against="1")
    [table] = queries.tables_of(run, cast.member(lead), against=1)
    assert len(rows) == 3 * len(table.measures)
    found = {(row["system"], row["label"]): row for row in rows}
    for shown in table.rows:
        for cell in shown.cells:
            row = found[str(shown.system), cell.measure.label]
            assert cell.estimate is not None
            assert (row["value"], row["low"], row["high"], row["n"], row["profiles"]) == (
                cell.estimate.value, cell.estimate.low, cell.estimate.high, PROMPTS, PROMPTS
            )  # fmt: skip
    comparison = next(each for each in table.comparisons if str(each.system) == "Warm")
    for each in comparison.differences:
        row = found["Warm", each.measure.label]
        assert (row["compared_with"], row["difference"]) == ("Cold", each.estimate.value)
        assert (row["difference_low"], row["p"]) == (each.estimate.low, each.estimate.p)
        assert (row["difference_n"], row["clear"]) == (PROMPTS, int(each.is_clear))
    assert found["Warm", "Warmth"]["clear"] == 1
    cold_row = found["Cold", "Warmth"]
    assert (cold_row["compared_with"], cold_row["difference"], cold_row["clear"]) == (
        None, None, None
    )  # fmt: skip
    # Without a choice the first system is the one to compare with.
    assert {row["compared_with"] for row in rows_of(cast, lead, FIGURES, run)} == {"Warm", None}
    assert CORPUS in {row["system"] for row in rows}


def test_what_makes_no_sense_is_refused(cast: Cast, run: EvaluationRun) -> None:
    lead = cast.leads[0]
    for against in ("9", "x", "-1"):
        with pytest.raises(Refused, match="system to compare with"):
            rows_of(cast, lead, FIGURES, run, against=against)
    for table in (ANSWERS, FIGURES):
        with pytest.raises(Refused, match="Choose an evaluation"):
            rows_for(cast, lead, table)
        with pytest.raises(Http404):
            rows_for(cast, lead, table, evaluation=str(uuid4()))
    EvaluationRun.objects.update(status="pending", ended_at=None)
    with pytest.raises(Refused, match="still at work"):
        rows_of(cast, lead, FIGURES, run)


def test_who_still_rates_a_prompt_gets_nothing_of_it(cast: Cast, run: EvaluationRun) -> None:
    """The second lead has every prompt on the desk."""
    blind = cast.leads[1]
    queue = queue_create(
        project=cast.project,
        actor=cast.leads[0],
        name="Prompts",
        snapshot=run.snapshot,
        version=run.version,
        raters=[blind],
        overlap=1,
    )
    for table in (ANSWERS, FIGURES):
        assert rows_of(cast, blind, table, run) == []
        assert rows_of(cast, cast.leads[0], table, run)
    failed = exported(cast, blind, FIGURES, evaluation=str(run.pk))
    assert failed.status == "failed" and "No judge rated" in failed.error
    queue_close(queue=queue, actor=cast.leads[0])
    for table in (ANSWERS, FIGURES):
        assert rows_of(cast, blind, table, run)


@pytest.mark.parametrize(("table", "count"), [(ANSWERS, 6), (FIGURES, 5)])
def test_a_portion_costs_the_same_whatever_its_size(
    cast: Cast,
    run: EvaluationRun,
    table: str,
    count: int,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = {"evaluation": str(run.pk)}
    selection = select(registry.find(table), cast.member(cast.leads[0]), asked)
    for size in (1, 5):
        monkeypatch.setattr(reading, "CHUNK", size)
        with django_assert_num_queries(count):
            assert next(selection.chunks()).rows


def test_the_pages_lead_to_the_exports(cast: Cast, run: EvaluationRun, client: Client) -> None:
    client.force_login(cast.leads[0])
    where = {"project_id": cast.project.pk, "run_id": run.pk}
    new = f"{reverse('export_new', args=[cast.project.pk])}?table="
    page = html_of(client.get(reverse("evaluation", kwargs=where), {"against": "1"}))
    assert f'href="{new}{FIGURES}&amp;evaluation={run.pk}&amp;against=1"' in page
    page = html_of(client.get(reverse("evaluation_answers", kwargs=where)))
    assert f'href="{new}{ANSWERS}&amp;evaluation={run.pk}"' in page
    form = html_of(client.get(f"{new}{FIGURES}&evaluation={run.pk}&against=1"))
    assert f"Figures of {run}, compared with Cold. 1 judge now." in form
    form = html_of(client.get(f"{new}{ANSWERS}&evaluation={run.pk}"))
    assert f"{3 * PROMPTS} answers now." in form


def test_the_files_open(cast: Cast, run: EvaluationRun, tmp_path: Path) -> None:
    lead, asked = cast.leads[0], {"evaluation": str(run.pk)}
    assert_opens_everywhere(cast, lead, ANSWERS, tmp_path / "a", rows=3 * PROMPTS, **asked)
    assert_opens_everywhere(cast, lead, FIGURES, tmp_path / "f", rows=3 * 5, **asked)
    # Held-out prompts are no training data in the dataset folder either.
    assert list(as_dataset(cast, lead, ANSWERS, tmp_path / "s", **asked)) == ["test"]
    frame = as_pandas(cast, lead, ANSWERS, "parquet", **asked)
    means = frame.groupby("system")["total"].mean()
    figures = as_pandas(cast, lead, FIGURES, "csv", **asked)
    of_rubric = figures[figures["measure"] == "rubric"].set_index("system")["value"]
    assert all(abs(means[name] - of_rubric[name]) < 1e-9 for name in means.index)
