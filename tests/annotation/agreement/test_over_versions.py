"""Agreement from version to version of a rubric."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.agreement import over_versions, tables
from annotation.agreement.answers import REFERENCE
from annotation.agreement.over_versions import OverVersions
from annotation.agreement.queries import VersionAgreement
from annotation.models import Target
from annotation.ratings import services as ratings
from annotation.ratings.services import NewScore
from rubrics.core.spec import RubricSpec, to_json
from rubrics.models import Judge, RubricVersion
from rubrics.versions.services import version_publish
from rubrics.writing.services import draft_open, draft_save
from tests.conftest import Cast
from tests.support.desk import RUBRIC, Desk, build_desk
from tests.support.generation import endpoint
from tests.support.judge_runs import judge_of_sources, llm_judge
from tests.support.pages import html_of
from webapp.accounts.models import User

FORMAT, EMPATHY, ASKS, SAFE = RUBRIC.criteria
# Empathy is asked in other words.
REWORDED = replace(
    RUBRIC, criteria=(FORMAT, replace(EMPATHY, description="Does it understand?"), ASKS, SAFE)
)


@pytest.fixture
def rated(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Ana and Ben rated four items by the first version."""
    monkeypatch.setattr(tables, "MIN_ITEMS", 2)
    cast.project.needs_approval = False
    cast.project.save()
    at_desk = build_desk(cast)
    ana, ben, _ = cast.annotators
    at_desk.rate_first(
        {
            ana: [{"empathy": level} for level in (1, 3, 5, 2)],
            ben: [{"empathy": level} for level in (2, 3, 5, 1)],
        }
    )
    return at_desk


def publish_next(at_desk: Desk, spec: RubricSpec, **meanings: bool) -> RubricVersion:
    actor = at_desk.cast.clinicians[0]
    draft = draft_open(rubric=at_desk.version.rubric, actor=actor)
    draft_save(version=draft, actor=actor, content=to_json(spec), expected_revision=0)
    return version_publish(version=draft, actor=actor, meaning_changed=meanings)


def targets(at_desk: Desk) -> list[Target]:
    return [
        item.target for item in at_desk.queue.items.select_related("target").order_by("position")
    ]


def rate_by(at_desk: Desk, version: RubricVersion, person: User, levels: tuple[int, ...]) -> None:
    for target, level in zip(targets(at_desk), levels, strict=False):
        ratings.submit_rating(
            target=target,
            spec=version.spec,  # type: ignore[arg-type]
            rater=at_desk.rater(person),
            purpose="desk",
            scores=[NewScore("empathy", level), NewScore("asks", 0), NewScore("safe", 1)],
        )


def judged(at_desk: Desk, version: RubricVersion, judge: Judge, *levels: int) -> None:
    rater = ratings.rater_for_judge(judge=judge)
    for target, level in zip(targets(at_desk), levels, strict=False):
        ratings.submit_rating(
            target=target,
            spec=version.spec,  # type: ignore[arg-type]
            rater=rater,
            purpose="judge",
            scores=[NewScore("empathy", level)],
        )


def over(at_desk: Desk, version: RubricVersion, uid: str = "") -> OverVersions:
    return OverVersions(at_desk.cast.member(at_desk.cast.leads[0]), version, uid)


def reader(cast: Cast, number: int = 1) -> Judge:
    return llm_judge(cast, endpoint(cast, f"http://127.0.0.1:{number}/v1"))


def test_each_version_has_the_figures_of_its_own_page(rated: Desk) -> None:
    second = publish_next(rated, REWORDED, empathy=True)
    ana, ben, _ = rated.cast.annotators
    for person, levels in ((ana, (4, 4, 5, 1)), (ben, (4, 4, 4, 1))):
        rate_by(rated, second, person, levels)
    judged(rated, rated.version, reader(rated.cast), 1, 3, 5, 2)
    rows = over(rated, second).rows
    assert [row.version.number for row in rows] == [1, 2]
    assert [row.is_changed for row in rows] == [False, True]
    member = rated.cast.member(rated.cast.leads[0])
    for row in rows:
        alone = VersionAgreement(member, row.version)
        assert row.figures[0].alpha == alone.among_people()[0].alpha
        compared = alone.compared_with("people")
        assert [each.alpha for each in row.figures[1:]] == [
            each.criteria[0].alpha for each in compared
        ]
    assert [len(row.figures) for row in rows] == [2, 1]
    assert rows[0].figures[0].alpha.value != rows[1].figures[0].alpha.value


def test_what_carries_over_counts_in_both(rated: Desk) -> None:
    second = publish_next(rated, REWORDED, empathy=False)
    first, then = over(rated, second).rows
    assert first.figures[0].alpha == then.figures[0].alpha
    assert not then.is_changed


def test_a_meaning_that_comes_back_is_not_new(rated: Desk) -> None:
    publish_next(rated, REWORDED, empathy=True)
    third = publish_next(rated, RUBRIC)
    rows = over(rated, third).rows
    by_number = {row.version.number: row for row in rows}
    assert by_number[1].criterion.meaning_id == by_number[3].criterion.meaning_id
    assert not by_number[3].is_changed
    assert by_number[3].figures[0].alpha == by_number[1].figures[0].alpha


def test_judges_are_compared_with_people_only(rated: Desk, client: Client) -> None:
    """Nobody rated by the second version but two sources and a judge."""
    new = tuple(replace(c, description="Asked anew.") for c in (EMPATHY, ASKS, SAFE))
    second = publish_next(
        rated, replace(RUBRIC, criteria=(FORMAT, *new)), empathy=True, asks=True, safe=True
    )
    for name in ("External A", "External B"):
        rater = ratings.external_rater(project=rated.cast.project, label=name)
        for target, level in zip(targets(rated), (1, 3, 5, 2), strict=False):
            ratings.submit_rating(
                target=target,
                spec=second.spec,  # type: ignore[arg-type]
                rater=rater,
                purpose="import",
                scores=[NewScore("empathy", level)],
            )
    judged(rated, second, reader(rated.cast), 1, 3, 5, 2)
    _, row = over(rated, second).rows
    (judge,) = [figure for figure in row.figures if figure.rater.kind == "judge"]
    assert judge.reference == REFERENCE and judge.alpha.value is None
    assert judge.alpha.why_none == "undefined: no item has a reference of people"
    client.force_login(rated.cast.leads[0])
    url = reverse("agreement_versions", args=[rated.cast.project.pk])
    assert "no item has a reference of people" in html_of(client.get(url, {"version": second.pk}))


def test_a_learned_judge_is_compared_on_what_it_does_not_know(rated: Desk) -> None:
    judge = judge_of_sources(rated.cast, rated.version, targets(rated))
    judged(rated, rated.version, judge, 1, 3, 5, 2)
    (row,) = over(rated, rated.version).rows
    learned = row.figures[1]
    assert (learned.alpha.n_pairable, learned.left_out) == (0, 2)


def test_the_page_has_a_chart_and_a_table(rated: Desk, client: Client) -> None:
    second = publish_next(rated, REWORDED, empathy=True)
    judged(rated, second, reader(rated.cast), 1, 3, 5, 2)
    client.force_login(rated.cast.clinicians[0])
    url = reverse("agreement_versions", args=[rated.cast.project.pk])
    text = html_of(client.get(url, {"version": second.pk}))
    assert "<svg" in text and "Agreement over versions" in text and "new meaning" in text
    assert text.count("Among people") >= 2 and " style=" not in text
    other = html_of(client.get(url, {"version": second.pk, "criterion": "asks"}))
    assert '<h2 id="over-t">Asking</h2>' in other
    assert client.get(url, {"version": "nonsense"}).status_code == 404
    unknown = {"version": "00000000-0000-0000-0000-000000000000"}
    assert client.get(url, unknown).status_code == 302
    page = html_of(client.get(reverse("agreement", args=[rated.cast.project.pk])))
    assert f"{url}?version=" in page


def test_older_versions_than_fit_are_counted(rated: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    second = publish_next(rated, REWORDED, empathy=False)
    monkeypatch.setattr(over_versions, "MOST_VERSIONS", 1)
    found = over(rated, second)
    assert [row.version.number for row in found.rows] == [2] and found.left_out == 1


def test_more_versions_judges_and_ratings_cost_no_more_queries(rated: Desk, client: Client) -> None:
    client.force_login(rated.cast.leads[0])
    url = reverse("agreement_versions", args=[rated.cast.project.pk])
    judge = judge_of_sources(rated.cast, rated.version, targets(rated)[:1])
    judged(rated, rated.version, judge, 1, 3, 5, 2)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    second = publish_next(rated, REWORDED, empathy=True)
    judged(rated, second, judge, 1, 3, 5, 2)
    judged(rated, second, judge_of_sources(rated.cast, second, [], name="Old"), 1, 1, 1, 2)
    judge_of_sources(rated.cast, second, targets(rated)[1:2], name="Third")
    rated.rate(rated.cast.annotators[2], empathy=3)
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    # One more: a judge whose fit named nothing.
    assert len(many) - len(few) <= 1
