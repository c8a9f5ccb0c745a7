"""Forms preselect the first judge that can be used, and list the others with the reason."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rubrics.judges.queries import first_usable, judges_of
from rubrics.judges.services import judge_create_llm
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.judge_runs import texts, version_of
from tests.support.pages import html_of
from webapp.llm.models import Endpoint

pytestmark = pytest.mark.django_db
FORMS = ("judge_run_new", "training_new", "evaluation_new", "difficulty_new", "generation_new")


@pytest.fixture
def version(cast: Cast) -> RubricVersion:
    texts(cast, 2)
    return version_of(cast)


def judges(cast: Cast, *names: str) -> list[Judge]:
    """One judge of each name, with an endpoint of its own."""
    return [
        judge_create_llm(
            project=cast.project,
            actor=cast.leads[0],
            name=name,
            endpoint=endpoint(cast, "http://127.0.0.1:9/v1", name=name),
        )
        for name in names
    ]


def change(judge: Judge) -> None:
    Endpoint.objects.filter(pk=judge.endpoint_id).update(model="another")


def archive(judge: Judge) -> None:
    Endpoint.objects.filter(pk=judge.endpoint_id).update(archived_at=timezone.now())


def options(client: Client, name: str, cast: Cast, version: RubricVersion) -> dict[str, str]:
    """The HTML of each choice of a judge on a form, by its label."""
    address = reverse(name, args=[cast.project.pk])
    form = client.get(address, {"critic_version": version.pk}).context["form"]
    field = next(each for each in ("judge", "judges", "critic_judge") if each in form.fields)
    return {str(widget.data["label"]): str(widget.tag()) for widget in form[field]}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_preselects_a_judge_that_can_be_used(
    cast: Cast, version: RubricVersion, client: Client, name: str
) -> None:
    moved, gone, good, _ = judges(cast, "A moved", "B gone", "C good", "D good too")
    change(moved)
    archive(gone)
    client.force_login(cast.leads[0])
    found = options(client, name, cast, version)
    unusable = {label for label, tag in found.items() if "disabled" in tag}
    assert unusable == {
        f"{moved} (can’t be used: its endpoint or the prompt format has changed)",
        f"{gone} (can’t be used: its endpoint has been removed)",
    }
    chosen = [label for label, tag in found.items() if "selected" in tag]
    # The form of an evaluation ticks nobody, that of a judge run takes the newest.
    expected = {"evaluation_new": [], "judge_run_new": ["D good too v1"]}
    assert chosen == expected.get(name, [str(good)])


@pytest.mark.parametrize("name", FORMS)
def test_the_page_says_how_to_mend_a_judge_without_an_endpoint(
    cast: Cast, version: RubricVersion, client: Client, name: str
) -> None:
    (gone,) = judges(cast, "B & gone")
    archive(gone)
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse(name, args=[cast.project.pk])))
    assert "because its endpoint has been removed" in page
    mend = reverse("judge_new", args=[cast.project.pk]) + "?name=B%20%26%20gone"
    assert f'href="{mend}"' in page
    assert client.get(mend).context["form"]["name"].value() == "B & gone"


def test_no_judge_is_preselected_where_none_can_be_used(
    cast: Cast, version: RubricVersion, client: Client
) -> None:
    (gone,) = judges(cast, "Gone")
    archive(gone)
    assert first_usable(judges_of(cast.project)) is None
    client.force_login(cast.leads[0])
    found = options(client, "judge_run_new", cast, version)
    assert not any("selected" in tag for tag in found.values())


def test_the_choices_cost_one_query(
    cast: Cast, version: RubricVersion, django_assert_num_queries: object
) -> None:
    judges(cast, "A", "B", "C")
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert first_usable(judges_of(cast.project)) is not None
