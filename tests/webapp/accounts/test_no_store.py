"""What a signed-in person saw is kept by no cache."""

from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from webapp.accounts.tokens import create_token

KEPT_BY_NOBODY = "no-store, private"


def test_pages_of_a_signed_in_person_are_stored_nowhere(client: Client, cast: Cast) -> None:
    lead = cast.leads[0]
    client.force_login(lead)
    where = [cast.project.pk]
    for url in (
        reverse("project_home", args=where),
        reverse("members", args=where),
        # Refused, not there, and answered by a redirect.
        reverse("audit"),
        reverse("project_home", args=[cast.other_project.pk]),
        reverse("home"),
        reverse("api_project_list"),
    ):
        assert client.get(url).headers["Cache-Control"] == KEPT_BY_NOBODY, url


def test_answers_to_a_token_are_stored_nowhere(cast: Cast) -> None:
    _, secret = create_token(user=cast.leads[0], name="script")
    answer = Client().get(reverse("api_me"), headers={"authorization": f"Bearer {secret}"})
    assert answer.headers["Cache-Control"] == KEPT_BY_NOBODY


def test_files_of_the_studio_itself_may_be_kept(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    answer = client.get("/static/css/tokens.css")
    assert answer.status_code == 200
    assert "no-store" not in answer.headers.get("Cache-Control", "")
    assert "Cache-Control" not in Client().get(reverse("health_live")).headers
