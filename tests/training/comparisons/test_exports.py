"""Judgements and preferences of people, as exports have them."""

from typing import Any

import pytest
from django.http import Http404
from pytest_django import DjangoAssertNumQueries

from annotation.comparisons import judging
from annotation.exports import reading, registry, work
from annotation.exports.services import select
from tests.support.comparisons import COLD, WARM
from tests.support.exports import rows_for, started
from tests.training.comparisons.conftest import Evaluated
from training.models import EvaluationComparison
from webapp.errors import Refused


@pytest.fixture
def link(evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch) -> EvaluationComparison:
    """Judged by two people: both warm, both cold, one each, and one tie alone."""
    link = evaluated.compare(overlap=2)
    at_desk, (ana, ben, _) = evaluated.at_desk(link), evaluated.cast.annotators
    for bit, user, chosen in (
        (1, ana, ("first", "second", "first", "tie")),
        (0, ben, ("first", "second", "second")),
    ):
        monkeypatch.setattr(judging.secrets, "randbits", lambda _, bit=bit: bit)
        for each in chosen:
            at_desk.judge(user, each)
    return link


def rows_of(evaluated: Evaluated, link: EvaluationComparison, table: str) -> list[Any]:
    found = rows_for(
        evaluated.cast, evaluated.cast.leads[0], table, comparison=str(link.comparison_id)
    )
    for split, row in found:
        assert split == ""
        assert sorted(row) == sorted(column.name for column in registry.find(table).columns)
    return [row for _, row in found]


def places_of(link: EvaluationComparison) -> list[int]:
    """The positions of the pairs that people judge."""
    pairs = link.comparison.pairs.filter(is_identical=False)
    return list(pairs.values_list("position", flat=True))


def test_a_judgement_has_its_order_and_no_name_of_a_person(
    evaluated: Evaluated, link: EvaluationComparison
) -> None:
    rows = rows_of(evaluated, link, "pair_judgements")
    assert len(rows) == 7
    places = places_of(link)
    told = sorted(
        (
            row["rater"],
            places.index(row["position"]),
            row["system_a"],
            row["choice"],
            row["chosen_system"] or "",
        )
        for row in rows
    )
    assert [each[1:] for each in told if each[0] == told[0][0]] == [
        (0, "Warm model", "a", "Warm model"),
        (1, "Warm model", "b", "Cold model"),
        (2, "Warm model", "a", "Warm model"),
        (3, "Warm model", "tie", ""),
    ]
    assert [each[1:] for each in told if each[0] == told[-1][0]] == [
        (0, "Cold model", "b", "Warm model"),
        (1, "Cold model", "a", "Cold model"),
        (2, "Cold model", "a", "Cold model"),
    ]
    assert {each[0] for each in told} == {"Rater A", "Rater B"}
    assert all(row["active_seconds"] == 10 for row in rows)


def test_a_preference_is_what_more_people_chose(
    evaluated: Evaluated, link: EvaluationComparison
) -> None:
    warm, cold = rows_of(evaluated, link, "pair_preferences")
    pairs = list(link.comparison.pairs.filter(is_identical=False))
    assert [warm["position"], cold["position"]] == places_of(link)[:2]
    assert (warm["chosen_system"], cold["chosen_system"]) == ("Warm model", "Cold model")
    assert (warm["chosen_votes"], warm["rejected_votes"], warm["tie_votes"]) == (2, 0, 0)
    for row, pair in ((warm, pairs[0]), (cold, pairs[1])):
        assert row["prompt_id"] == str(pair.prompt_id)
        assert [each["role"] for each in row["prompt"]] == [
            "system", "user", "assistant", "user",
        ]  # fmt: skip
        said = {side: row[side][0]["content"] for side in ("chosen", "rejected")}
        assert [row[side][0]["role"] for side in said] == ["assistant"] * 2
        is_warm = row["chosen_system"] == "Warm model"
        assert said["chosen" if is_warm else "rejected"].startswith(WARM[:20])
        assert said["rejected" if is_warm else "chosen"].startswith(COLD[:10])
    selection = select(
        registry.find("pair_preferences"),
        evaluated.cast.member(evaluated.cast.leads[0]),
        {"comparison": str(link.comparison_id)},
    )
    assert selection.count() == 4
    assert selection.about.endswith("2 without a majority are left out.")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_is_left_out_is_told_as_of_the_moment_it_was_read(
    evaluated: Evaluated, link: EvaluationComparison
) -> None:
    """Somebody judges one more pair between the start of an export and its file."""
    cast = evaluated.cast
    run = started(cast, cast.leads[0], "pair_preferences", comparison=str(link.comparison_id))
    evaluated.at_desk(link).judge(cast.annotators[0], "tie")
    work.work(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.rows_written, run.units_total) == ("succeeded", 2, 5)
    assert run.about.endswith("3 without a majority are left out.")


@pytest.mark.parametrize(("table", "queries"), [("pair_judgements", 2), ("pair_preferences", 5)])
def test_a_portion_costs_the_same_however_large(
    evaluated: Evaluated,
    link: EvaluationComparison,
    table: str,
    queries: int,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    selection = select(
        registry.find(table),
        evaluated.cast.member(evaluated.cast.leads[0]),
        {"comparison": str(link.comparison_id)},
    )
    for size in (1, 4):
        monkeypatch.setattr(reading, "CHUNK", size)
        with django_assert_num_queries(queries):
            chunks = selection.chunks()
            next(chunks)
            chunks.close()


def test_another_projects_comparison_is_not_there(
    evaluated: Evaluated, link: EvaluationComparison
) -> None:
    with pytest.raises(Http404):
        select(
            registry.find("pair_judgements"),
            evaluated.cast.member(evaluated.cast.leads[0]),
            {"comparison": str(evaluated.run.pk)},
        )
    with pytest.raises(Refused, match="Choose a blind comparison"):
        select(
            registry.find("pair_judgements"),
            evaluated.cast.member(evaluated.cast.leads[0]),
            {},
        )
