"""What a fit stands on, and what pages and the API say of it first."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.agreement import statistics
from annotation.agreement.chance_corrected import ac2
from annotation.judge_runs import basis as of_basis
from annotation.judge_runs import fitting
from annotation.judge_runs.basis import Basis, TeacherAgreement, _table, basis_from
from annotation.judge_runs.services import fit_start
from annotation.models import FitRun, FitSource, Turn
from annotation.ratings.services import NewScore, author_rater, rater_for_person, submit_rating
from annotation.ratings.targets import targets_for
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.judge_runs import (
    RUBRIC,
    fit_run,
    judge_of_sources,
    judge_run,
    learned_judge,
    rated,
    texts,
    version_of,
)
from tests.support.pages import html_of
from webapp.ids import new_id
from webapp.runs.work import Cancelled, Claim


def row(**changes: Any) -> TeacherAgreement:
    fields: dict[str, Any] = {
        "kind": "person", "criterion": "Empathy", "alpha": 0.8, "low": 0.7, "high": 0.9,
        "items": 50, "reason": "",
    }  # fmt: skip
    return TeacherAgreement(**(fields | changes))


def test_a_fit_of_many_ratings_and_agreeing_people_warns_of_nothing() -> None:
    assert Basis(200, 100, [row()]).warnings == []


@pytest.mark.parametrize(("ratings", "items"), [(199, 100), (200, 99)])
def test_a_fit_of_few_ratings_or_items_says_so_first(ratings: int, items: int) -> None:
    low = row(alpha=0.5, low=0.4, high=0.666, ac2=0.6)
    first, second = Basis(ratings, items, [row(criterion="Safety"), low]).warnings
    assert first.startswith(f"It learned from {ratings} ratings of {items} items.")
    assert second.startswith("People who taught it agree too little on Empathy (alpha 0.50, ")
    assert "(Krippendorff 2004), alpha below .667" in second


def test_agreement_is_low_only_if_the_whole_interval_is() -> None:
    low = {"alpha": 0.5, "low": 0.4, "ac2": 0.5}
    assert not row(**low, high=0.667).is_low and row(**low, high=0.6669).is_low
    # Alpha could be high enough, so nothing is said.
    assert Basis(200, 100, [row(**low, high=0.7)]).warnings == []


def test_a_gate_that_nearly_all_answer_alike_can_t_be_told() -> None:
    answers: list[tuple[float, float]] = [(1, 1)] * 196 + [(1, 0), (0, 1)] * 2
    alpha, steady = statistics.alpha(answers), ac2(answers, (0, 1))
    assert alpha.value is not None and alpha.value < 0
    gate = row(
        criterion="Safety",
        alpha=alpha.value,
        low=alpha.low,
        high=alpha.high,
        ac2=steady.value,
        common=alpha.base_rate,
    )
    assert not gate.is_low and gate.why_unclear == "nearly all levels are alike"
    (said,) = Basis(400, 200, [gate, row()]).warnings
    assert said == (
        "It can’t be told whether the people who taught it agree on Safety (alpha -0.01, AC2 "
        "0.98): nearly all levels are alike."
    )


def test_one_level_only_can_t_be_told_either() -> None:
    none = row(alpha=None, low=None, high=None, reason="no variation", ac2=1.0, common=1.0)
    (said,) = Basis(400, 200, [none]).warnings
    assert "Empathy (no alpha, AC2 1.00): nearly all levels are alike" in said


def test_a_low_alpha_without_an_interval_can_t_be_told() -> None:
    reason = "no interval: fewer than 5 profiles"
    low = row(alpha=0.1, low=None, high=None, reason=reason, ac2=0.2, common=0.4)
    (said,) = Basis(400, 200, [low]).warnings
    assert "can’t be told" in said and said.endswith(f"{reason}.")


def test_raters_of_a_kind_are_named_together() -> None:
    surely = {"high": 0.5}
    rows = [
        row(alpha=0.1, **surely),
        row(criterion="Safety", alpha=-0.2, **surely),
        row(kind="author", alpha=0.3, **surely),
    ]
    people, authors = Basis(500, 200, rows).warnings
    assert "Empathy (alpha 0.10), Safety (alpha -0.20)" in people
    assert authors.startswith("Authors who taught it agree too little on Empathy (alpha 0.30)")


def test_where_nobody_rated_twice_it_is_not_known() -> None:
    none = row(alpha=None, low=None, high=None, items=0, reason="one rater")
    (said,) = Basis(500, 200, [none]).warnings
    assert said.startswith("It is not known how far its raters agree, because too few items")
    # Who always gives the same level agrees, though alpha is undefined.
    same = row(alpha=None, low=None, high=None, items=50, reason="no variation")
    assert Basis(500, 200, [same]).warnings == []
    # Synthetic levels are nobody's opinion.
    assert Basis(500, 200, []).warnings == []


def test_what_was_kept_is_read_again() -> None:
    kept = Basis(200, 100, [row(alpha=0.5, ac2=0.4, common=0.5)])
    assert basis_from(kept.to_json(), is_hidden=False) == kept
    hidden = basis_from(kept.to_json(), is_hidden=True)
    assert hidden is not None and (hidden.agreement, hidden.warnings) == ((), [])
    assert basis_from({}, is_hidden=False) is None


def given(target: UUID, rater: UUID) -> Any:
    """A rating as `measure` reads it."""
    return SimpleNamespace(
        pk=new_id(),
        target_id=target,
        rater_id=rater,
        rater=SimpleNamespace(kind="person"),
        purpose="desk",
        pass_number=1,
        submitted_at=timezone.now(),
    )


def test_agreement_is_of_what_taught_the_judge_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blindness asks for these texts only."""
    ana, ben = new_id(), new_id()
    taught, other = [new_id() for _ in range(20)], [new_id() for _ in range(20)]
    ratings = [given(target, who) for target in (*taught, *other) for who in (ana, ben)]
    warm = {*taught[::2], *other[::2]}
    levels = {one.pk: {"warmth": 3 if one.target_id in warm else 1} for one in ratings}
    asked: list[Any] = []

    def places(targets: Any) -> Any:
        asked.extend(targets)
        return {target: (str(target), str(target)) for target in targets}

    monkeypatch.setattr(of_basis, "places_of", places)
    found = of_basis.measure(
        RUBRIC, ratings, levels, taught=[one for one in ratings if one.target_id in taught]
    )
    assert (found.ratings, found.items, set(asked)) == (40, 20, set(taught))
    warmth = next(each for each in found.agreement if each.criterion == "Warmth")
    assert (warmth.items, warmth.alpha, warmth.ac2) == (20, 1, pytest.approx(1))


def rate_twice(cast: Cast, turns: list[Turn], version: RubricVersion, *, apart: bool) -> None:
    """Ana and Ben rate each reply; `apart`: Ben gives the opposite of every second one."""
    targets = targets_for(project=cast.project, turns=[turn.pk for turn in turns])
    for place, target in enumerate(targets):
        for user in cast.annotators[:2]:
            level = 3.0 if place % 2 else 1.0
            if apart and user == cast.annotators[1] and place % 4 < 2:
                level = 4 - level
            submit_rating(
                target=target,
                spec=version.spec,  # type: ignore[arg-type]
                rater=rater_for_person(project=cast.project, user=user),
                purpose="desk",
                scores=[NewScore("warmth", level), NewScore("asks", float(place % 3 == 0))],
            )


def fitted(cast: Cast, version: RubricVersion, *kinds: str) -> FitRun:
    run = fit_start(
        project=cast.project,
        actor=cast.leads[0],
        key=new_id().hex,
        version=version,
        judge_name="Taught",
        rater_kinds=list(kinds),
    )
    fitting.work(str(run.pk))
    run.refresh_from_db()
    assert run.judge is not None, run.error
    return run


@pytest.mark.django_db(transaction=True)
def test_a_fit_measures_how_far_its_people_agree(cast: Cast, client: Client) -> None:
    version = version_of(cast)
    rate_twice(cast, texts(cast, 24), version, apart=True)
    run = fitted(cast, version, "person")
    found = basis_from(run.basis, is_hidden=False)
    assert found is not None and (found.ratings, found.items) == (48, 24)
    warmth, asks = found.agreement
    assert (warmth.criterion, warmth.items, warmth.is_low) == ("Warmth", 24, True)
    assert (asks.alpha, asks.is_low) == (1, False)
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("fit_run", args=[cast.project.pk, run.pk])))
    assert page.index("with care:") < page.index("Taught v1 learned from")
    assert "48 ratings of 24 items" in page and "agree too little on Warmth" in page
    answer = client.get(reverse("api_fit_retrieve", args=[cast.project.pk, run.pk])).json()
    assert answer["basis"]["is_small"] and len(answer["basis"]["warnings"]) == 2
    assert [each["is_low"] for each in answer["basis"]["agreement"]] == [True, False]
    judging = html_of(client.get(reverse("judging", args=[cast.project.pk])))
    assert "Learned from little" in judging
    scored = judge_run(cast, version, run.judge)  # type: ignore[arg-type]
    page = html_of(client.get(reverse("judge_run", args=[cast.project.pk, scored.pk])))
    assert "scores with care:" in page


@pytest.mark.django_db(transaction=True)
def test_a_fit_that_was_stopped_while_it_measured_does_not_fit(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    run, tried = fit_run(cast, version), list[bool]()

    def stopped(claim: Claim[FitRun]) -> None:
        raise Cancelled

    monkeypatch.setattr(Claim, "check", stopped)
    monkeypatch.setattr(fitting, "fit", lambda *args, **options: tried.append(True))
    fitting.work(str(run.pk))
    run.refresh_from_db()
    assert (tried, run.judge) == ([], None)


@pytest.mark.django_db(transaction=True)
def test_raters_of_two_kinds_are_not_compared(cast: Cast) -> None:
    version, turns = version_of(cast), texts(cast, 24)
    rate_twice(cast, turns, version, apart=False)
    author = author_rater(project=cast.project, label="Author A")
    for target in targets_for(project=cast.project, turns=[turn.pk for turn in turns]):
        submit_rating(
            target=target,
            spec=version.spec,  # type: ignore[arg-type]
            rater=author,
            purpose="import",
            scores=[NewScore("warmth", 3), NewScore("asks", 0)],
        )
    found = basis_from(fitted(cast, version, "person", "author").basis, is_hidden=False)
    assert found is not None
    by_kind = {(each.kind, each.criterion): each for each in found.agreement}
    assert by_kind["person", "Warmth"].alpha == 1
    assert by_kind["author", "Warmth"].reason == "one rater"


@pytest.mark.django_db(transaction=True)
def test_synthetic_levels_have_no_raters(cast: Cast) -> None:
    version = version_of(cast)
    rated(cast, texts(cast, 24), version)
    found = basis_from(
        FitRun.objects.get(judge=learned_judge(cast, version)).basis, is_hidden=False
    )
    assert found is not None and found.agreement == [] and len(found.warnings) == 1


def test_who_still_rates_a_text_of_it_reads_no_agreement(
    at_desk: Any, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Luis has a place in the queue; Lena has none."""
    cast = at_desk.cast
    judge = judge_of_sources(cast, at_desk.version, [])
    run = FitRun.objects.get(judge=judge)
    run.basis = Basis(500, 200, [row(alpha=0.123, high=0.3)]).to_json()
    run.save(update_fields=["basis"])
    FitSource.objects.create(
        project=cast.project, run=run, target=at_desk.queue.items.first().target
    )
    one = [cast.project.pk, run.pk]
    for user, is_shown in ((cast.leads[0], True), (cast.leads[1], False)):
        client.force_login(user)
        answers = [
            client.get(reverse("fit_run", args=one)),
            client.get(reverse("api_fit_retrieve", args=one)),
            client.get(reverse("api_fit_list", args=one[:1])),
            client.get(reverse("judging", args=one[:1])),
        ]
        assert ["0.12" in answer.content.decode() for answer in answers] == [is_shown] * 4
        assert answers[1].json()["basis"]["is_hidden"] is not is_shown


def test_more_fits_cost_no_more_queries(at_desk: Any, client: Client) -> None:
    cast = at_desk.cast
    client.force_login(cast.leads[0])
    for name in ("judging", "api_fit_list"):
        url, counts = reverse(name, args=[cast.project.pk]), []
        for more in (1, 3):
            for number in range(more):
                judge_of_sources(cast, at_desk.version, [], name=f"{name} {more} {number}")
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            counts.append(len(queries))
        assert counts[0] == counts[1]


def test_a_later_pass_stands_for_the_earlier_one() -> None:
    target, ana = new_id(), new_id()

    def rating(number: int) -> Any:
        return SimpleNamespace(pk=number, target_id=target, rater_id=ana)

    found = _table([rating(1), rating(2)], {1: {"u": 1}, 2: {"u": 4}}, "u")
    assert found == {target: [4]}
