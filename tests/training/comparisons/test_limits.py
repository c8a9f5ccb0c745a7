"""A blind comparison by the page and by the API: one set of limits and defaults."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.comparisons.limits import LEASE_MINUTES, OVERLAP, QUESTION
from annotation.models import Comparison
from tests.support.stored import api_error, as_shown, page_error, stored
from tests.training.comparisons.conftest import Evaluated
from training.comparisons.limits import PAIRS
from webapp.errors import Refused
from webapp.limits import SEED


@pytest.fixture
def lead(evaluated: Evaluated, client: Client) -> Client:
    client.force_login(evaluated.cast.leads[0])
    return client


def rows(evaluated: Evaluated) -> dict[str, Any]:
    return {
        "name": "Which one",
        "first": str(evaluated.warm.pk),
        "second": str(evaluated.cold.pk),
        "raters": [str(user.pk) for user in evaluated.cast.annotators],
    }


def by_page(client: Client, evaluated: Evaluated, **given: Any) -> Any:
    url = reverse("comparison_new", args=[evaluated.cast.project.pk, evaluated.run.pk])
    return client.post(url, as_shown(client.get(url)) | rows(evaluated) | given)


def by_api(client: Client, evaluated: Evaluated, **given: Any) -> Any:
    where = [evaluated.cast.project.pk, evaluated.run.pk]
    url = reverse("api_evaluation_comparisons", args=where)
    return client.post(url, rows(evaluated) | given, content_type="application/json")


def same(client: Client, evaluated: Evaluated, **given: Any) -> Comparison:
    assert by_page(client, evaluated, **given).status_code == 302
    first = Comparison.objects.latest("number")
    Comparison.objects.filter(pk=first.pk).update(name="By page")
    assert by_api(client, evaluated, **given).status_code == 201
    second = Comparison.objects.latest("number")
    assert second.pk != first.pk and stored(first) == stored(second)
    drawn = [list(one.pairs.values_list("prompt", flat=True)) for one in (first, second)]
    assert drawn[0] == drawn[1]
    return second


def test_what_is_left_as_it_is_shown_is_what_is_left_out(
    lead: Client, evaluated: Evaluated
) -> None:
    made = same(lead, evaluated)
    assert (made.overlap, made.lease_minutes) == (OVERLAP.default, LEASE_MINUTES.default) == (1, 30)
    assert (made.question, made.seed) == (QUESTION, SEED.default)
    assert made.pairs.count() == 7 < PAIRS.default


def test_everything_is_stored_as_it_was_given(lead: Client, evaluated: Evaluated) -> None:
    made = same(
        lead, evaluated, name=" Round two ", question=" Which is kinder? ", overlap=3,
        lease_minutes=1440, seed=SEED.most, pairs=3,
    )  # fmt: skip
    assert (made.name, made.question, made.pairs.count()) == ("Round two", "Which is kinder?", 3)


@pytest.mark.parametrize(
    ("name", "most", "more"),
    [
        ("lease_minutes", LEASE_MINUTES.most, LEASE_MINUTES.most + 1),
        ("pairs", PAIRS.most, PAIRS.most + 1),
        ("seed", SEED.most, SEED.most + 1),
        ("overlap", 3, 4),
        ("overlap", 3, OVERLAP.most + 1),
        ("name", "n" * 120, "n" * 121),
        ("question", "q" * 200, "q" * 201),
    ],
)
def test_the_largest_is_taken_and_one_more_is_not(
    lead: Client, evaluated: Evaluated, name: str, most: Any, more: Any
) -> None:
    for value, is_taken in ((most, True), (more, False)):
        page = by_page(lead, evaluated, **{name: value})
        assert (page_error(page, name) == "") is is_taken, value
        Comparison.objects.update(name="Before", closed_at="2026-01-01T00:00Z")
        api = by_api(lead, evaluated, **{name: value})
        assert (api.status_code == 201) is is_taken, api.json()
        Comparison.objects.update(name="Before", closed_at="2026-01-01T00:00Z")
    # More people than there are raters is no matter of one field.
    if name != "overlap":
        assert api_error(api, name) != ""
    with pytest.raises(Refused):
        evaluated.compare(**{name: more})
