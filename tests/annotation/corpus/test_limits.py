"""An import by the page and by the API: one set of limits and defaults."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annotation.models import ImportRun
from tests.conftest import Cast
from tests.support.imports import FILES, start
from tests.support.stored import api_error, as_shown, page_error, stored
from webapp.errors import Refused
from webapp.runs.limits import MAX_KEY

pytestmark = pytest.mark.django_db
CONTENT = FILES["epitome"].read_bytes()


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def by_page(client: Client, cast: Cast, content: bytes = CONTENT, **given: Any) -> Any:
    url = reverse("import_new", args=[cast.project.pk])
    file = {"file": SimpleUploadedFile("f.jsonl", content)}
    return client.post(url, as_shown(client.get(url)) | given | file)


def by_api(client: Client, cast: Cast, content: bytes = CONTENT, **given: Any) -> Any:
    url = reverse("api_import_list", args=[cast.project.pk])
    return client.post(url, given | {"file": SimpleUploadedFile("f.jsonl", content)})


@pytest.mark.parametrize("given", [{}, {"format": "epitome"}])
def test_an_import_is_stored_the_same_way(cast: Cast, lead: Client, given: dict[str, str]) -> None:
    assert by_page(lead, cast, **given).status_code == 302
    assert by_api(lead, cast, **given).status_code == 201
    page, api = ImportRun.objects.order_by("number")
    assert stored(page, "collection") == stored(api, "collection")
    assert stored(page.collection, "query") == stored(api.collection, "query")


def test_the_longest_key_is_taken_and_a_longer_one_is_not(cast: Cast, lead: Client) -> None:
    for length, is_taken in ((MAX_KEY, True), (MAX_KEY + 1, False)):
        page = page_error(by_page(lead, cast, key="k" * length), "key")
        api = api_error(by_api(lead, cast, key="k" * length), "key")
        assert (page == "", api == "") == (is_taken, is_taken), (page, api)
    with pytest.raises(Refused, match="1 to 64 characters"):
        start(cast, CONTENT, key="k" * (MAX_KEY + 1))


def test_a_file_of_the_largest_size_is_taken_and_a_larger_one_is_not(
    cast: Cast, lead: Client, settings: Any
) -> None:
    settings.UPLOAD_LIMIT_BYTES = len(CONTENT)
    assert by_page(lead, cast).status_code == 302
    assert by_api(lead, cast).status_code == 201
    larger = CONTENT + b"\n"
    assert "larger than" in page_error(by_page(lead, cast, larger), "file")
    answer = by_api(lead, cast, larger)
    assert answer.status_code == 409 and "larger than" in answer.json()["detail"]
