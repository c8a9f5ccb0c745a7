"""Attempts of a generation with a critic, and the preferences that they make."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse

from annotation.exports import reading, registry
from annotation.exports.refinement_preferences import _pair
from annotation.exports.services import select
from annotation.generation import work as generation
from annotation.models import Attempt, Dialogue, GenerationRun, Turn
from annotation.ratings.same_text import normal_hash
from tests.annotation.exports.test_tables import fits, names
from tests.annotation.generation.test_attempts import queue_with
from tests.conftest import Cast
from tests.support.exports import rows_for
from tests.support.generation import corpus, served
from tests.support.opened import as_pandas, assert_opens_everywhere
from tests.support.pages import html_of
from tests.support.refinement import refining_run, script
from webapp.accounts.models import User
from webapp.llm.models import Endpoint

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
TABLES = ("attempts", "refinement_preferences")


@pytest.fixture
def voice(cast: Cast) -> Iterator[Endpoint]:
    corpus(cast)
    with served(cast, script()) as voice:
        yield voice


def written(cast: Cast, voice: Endpoint, critic: dict[str, Any], **changes: Any) -> GenerationRun:
    run = refining_run(cast, voice, critic_is=critic, **changes)
    generation.work(str(run.pk))
    return run


@pytest.fixture
def run(cast: Cast, voice: Endpoint) -> GenerationRun:
    """Two dialogues with one reply each: the first attempt failed, the second passed."""
    return written(cast, voice, {}, count=2, exchanges=1)


def rows_of(cast: Cast, table: str, **filters: str) -> list[dict[str, Any]]:
    rows = [dict(row) for _, row in rows_for(cast, cast.leads[0], table, **filters)]
    columns = registry.find(table).columns
    assert all(names(columns) == list(row) for row in rows)
    assert all(fits(row[column.name], column) for row in rows for column in columns)
    return rows


def test_an_attempt_has_its_verdict_with_all_that_it_came_from(
    cast: Cast, run: GenerationRun
) -> None:
    rows = rows_of(cast, "attempts", generation_run=str(run.pk))
    assert len(rows) == 4
    first, second = (row for row in rows if row["dialogue"] == rows[0]["dialogue"])
    assert [(row["turn"], row["attempt"]) for row in (first, second)] == [(1, 1), (1, 2)]
    assert (first["verdict"], first["accepted"]) == ("fail", 0)
    assert (second["verdict"], second["accepted"]) == ("pass", 1)
    assert first["failed_criteria"] == [
        {
            "criterion_uid": "warmth",
            "criterion": "Warmth",
            "value": 2,
            "threshold": 3,
            "needed": "at least 3",
            "rationale": "It is a 2.",
        }
    ]
    assert first["critique"] == "Say more than attempt 1."
    assert (second["failed_criteria"], second["critique"]) == ([], "")
    critic = run.critic
    assert (first["judge"], first["judge_hash"]) == (str(critic.judge), critic.judge.hash)
    assert (first["spec_hash"], first["rubric"]) == (critic.spec.hash, "Care")
    assert "Try 1" in first["raw"] and first["drop_reason"] is None and first["state"] == "done"


def test_a_dropped_dialogue_says_why_and_makes_no_pair(cast: Cast, voice: Endpoint) -> None:
    asked = {"thresholds": {"warmth": 5}, "revisions": 1}
    run = written(cast, voice, asked, count=1, exchanges=1)
    rows = rows_of(cast, "attempts", generation_run=str(run.pk))
    assert [(row["attempt"], row["drop_reason"], row["accepted"]) for row in rows] == [
        (1, "no_pass", 0), (2, "no_pass", 0)
    ]  # fmt: skip
    assert "did not pass in 2 attempts" in rows[0]["drop_words"]
    assert rows_of(cast, "refinement_preferences") == []


def test_the_filters_choose_a_run_and_a_dialogue(
    cast: Cast, voice: Endpoint, run: GenerationRun
) -> None:
    other = written(cast, voice, {}, count=1, exchanges=1)
    one = Dialogue.objects.filter(generation_item__run=run).first()
    assert one is not None
    for table, all_rows, of_other, of_one in (("attempts", 6, 2, 2), (TABLES[1], 3, 1, 1)):
        assert len(rows_of(cast, table)) == all_rows
        assert len(rows_of(cast, table, generation_run=str(other.pk))) == of_other
        assert len(rows_of(cast, table, dialogue=str(one.pk))) == of_one


def test_a_pair_is_the_accepted_attempt_and_the_first_that_failed(
    cast: Cast,
) -> None:
    """The third attempt passes; the first is rejected, not the second."""
    corpus(cast)
    with served(cast, script(lambda number, body: (2, 4) if number < 3 else (4, 4))) as third:
        run = written(cast, third, {}, count=1, exchanges=1)
    [row] = rows_of(cast, "refinement_preferences", generation_run=str(run.pk))
    tried = list(Attempt.objects.filter(dialogue__generation_item__run=run).order_by("number"))
    assert [(each["role"], each["content"]) for each in row["chosen"] + row["rejected"]] == [
        ("assistant", tried[2].raw), ("assistant", tried[0].raw)
    ]  # fmt: skip
    assert (row["chosen_attempt"], row["rejected_attempt"]) == (3, 1)
    assert (row["chosen_by"], row["chosen_total"] > row["rejected_total"]) == ("critic", True)
    # What the reply is to: the prompt that SFT has for the same turn.
    [reply] = rows_for(cast, cast.leads[0], "sft", dialogue=row["dialogue_id"])
    assert row["prompt"] == reply[1]["prompt"]


def test_the_same_words_judged_twice_are_no_pair() -> None:
    fail, passed = Attempt.Verdict.FAIL, Attempt.Verdict.PASS

    def pair(*tried: tuple[str, Attempt.Verdict]) -> Any:
        attempts = [
            Attempt(position=1, number=n, raw=raw, verdict=verdict)
            for n, (raw, verdict) in enumerate(tried, start=1)
        ]
        dialogue: Any = SimpleNamespace(attempts=SimpleNamespace(all=lambda: attempts))
        found = _pair(dialogue, Turn(position=1))
        return found and (found[0].number, found[1].number)

    assert pair(("Same.", fail), ("Same.", passed)) is None
    assert pair(("Same.", fail), ("Other.", fail), ("Same.", passed)) == (3, 2)


@pytest.mark.parametrize("table", TABLES)
def test_who_still_rates_in_a_dialogue_gets_no_attempt_of_it(
    cast: Cast, run: GenerationRun, table: str
) -> None:
    hidden, seen = Dialogue.objects.filter(generation_item__run=run)
    queue_with(cast, run, hidden, cast.leads[1])
    assert numbers(cast, cast.leads[0], table) == {hidden.number, seen.number}
    assert numbers(cast, cast.leads[1], table) == {seen.number}


def test_an_attempt_that_says_what_a_hidden_turn_says_is_left_out(
    cast: Cast, run: GenerationRun
) -> None:
    hidden, seen = Dialogue.objects.filter(generation_item__run=run)
    queue_with(cast, run, hidden, cast.leads[1])
    said = hidden.turns.get(position=1)
    seen.attempts.create(
        project=cast.project, position=3, number=1, text=said.text, raw=said.raw, seed=1,
        context_hash="x", normal_hash=normal_hash(said.text),
    )  # fmt: skip
    for lead, count in zip(cast.leads, (5, 2), strict=True):
        assert len(rows_for(cast, lead, "attempts")) == count


def numbers(cast: Cast, user: User, table: str) -> set[int]:
    return {row["dialogue"] for _, row in rows_for(cast, user, table)}


@pytest.mark.parametrize("table", TABLES)
def test_another_projects_run_is_not_there(cast: Cast, table: str) -> None:
    for name in ("generation_run", "dialogue"):
        with pytest.raises(Http404):
            rows_for(cast, cast.leads[0], table, **{name: str(uuid4())})


@pytest.mark.parametrize(("table", "queries"), [("attempts", 2), (TABLES[1], 4)])
def test_a_portion_costs_the_same_whatever_its_size(
    cast: Cast,
    run: GenerationRun,
    table: str,
    queries: int,
    django_assert_num_queries: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    selection = select(registry.find(table), cast.member(cast.leads[0]), {})
    for size in (1, 2):
        monkeypatch.setattr(reading, "CHUNK", size)
        with django_assert_num_queries(queries):
            assert next(selection.chunks()).rows


@pytest.mark.parametrize(("table", "rows"), [("attempts", 4), (TABLES[1], 2)])
def test_the_files_open(
    cast: Cast, run: GenerationRun, table: str, rows: int, tmp_path: Path
) -> None:
    lead = cast.leads[0]
    assert_opens_everywhere(cast, lead, table, tmp_path, rows=rows)
    frame = as_pandas(cast, lead, table, "parquet")
    if table == "attempts":
        assert sorted(frame["verdict"]) == ["fail", "fail", "pass", "pass"]
        assert frame["failed_criteria"][0][0]["needed"] == "at least 3"
    else:
        assert frame["chosen"][0][0]["role"] == "assistant"


def test_the_page_of_a_generation_leads_to_its_attempts(
    cast: Cast, run: GenerationRun, client: Client
) -> None:
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("generation_run", args=[cast.project.pk, run.pk])))
    new = f"{reverse('export_new', args=[cast.project.pk])}?table=attempts"
    assert f'href="{new}&amp;generation_run={run.pk}"' in page
    form = html_of(client.get(f"{new}&generation_run={run.pk}"))
    assert f"of {run}. 4 attempts now." in form
    assert "preferences from refinement</a>" in form


def test_trl_knows_the_format(cast: Cast, run: GenerationRun) -> None:
    data_utils = pytest.importorskip("trl.data_utils")
    row = rows_of(cast, "refinement_preferences")[0]
    assert data_utils.is_conversational({n: row[n] for n in ("prompt", "chosen", "rejected")})
