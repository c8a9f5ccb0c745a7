"""What the forms of judging suggest to whoever opens them for the first time."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support.dialogues import published
from tests.support.judge_runs import rated, texts, version_of
from tests.support.pages import html_of

pytestmark = pytest.mark.django_db


def test_a_fit_begins_with_the_version_that_was_rated_and_who_rated(
    cast: Cast, client: Client
) -> None:
    published(cast.project)
    client.force_login(cast.leads[0])
    page = reverse("judge_fit", args=[cast.project.pk])
    kinds = client.get(page).context["form"]["rater_kinds"].value()
    assert kinds == ["person", "external", "author"]
    version = version_of(cast)
    rated(cast, texts(cast, 2), version)
    form = client.get(page).context["form"]
    assert form["version"].value() == version.pk
    assert form["rater_kinds"].value() == ["construction"]
    assert html_of(client.get(page)).count(" checked") == 1
