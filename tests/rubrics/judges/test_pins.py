"""What a version of a judge pins: address, model and form of the request."""

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from rubrics.judges import queries
from rubrics.judges.queries import require_unchanged, require_usable, what_changed
from rubrics.judges.services import judge_create_learned, judge_create_llm, judge_renew
from rubrics.models import Judge
from tests.conftest import Cast
from tests.support.generation import endpoint
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.llm.models import Endpoint
from webapp.llm.services import endpoint_archive, endpoint_change

URL = "http://127.0.0.1:9/v1"


@pytest.fixture
def server(cast: Cast) -> Endpoint:
    return endpoint(cast, URL)


@pytest.fixture
def judge(cast: Cast, server: Endpoint) -> Judge:
    return judge_create_llm(
        project=cast.project,
        actor=cast.leads[0],
        name="Reader",
        endpoint=server,
        parameters={"temperature": 0.5},
    )


def change(cast: Cast, server: Endpoint, **changes: Any) -> None:
    kept = ("name", "base_url", "model", "max_concurrency", "timeout_s")
    fields = {name: getattr(server, name) for name in kept} | changes
    endpoint_change(endpoint=server, actor=cast.leads[0], **fields)


@pytest.mark.parametrize("changes", [{"base_url": "http://127.0.0.1:9/v2"}, {"model": "another"}])
def test_a_version_whose_server_changed_is_refused_with_both(
    cast: Cast, server: Endpoint, judge: Judge, changes: dict[str, str]
) -> None:
    require_usable(judge)
    change(cast, server, **changes)
    judge.refresh_from_db()
    for check in (require_unchanged, require_usable):
        with pytest.raises(Refused, match="Create the next version") as refused:
            check(judge)
        assert refused.value.code == "judge_changed"
        (now,) = changes.values()
        assert URL in str(refused.value) and now in str(refused.value)
    # Changed back, it is what it was.
    change(cast, server, base_url=URL, model="scripted")
    judge.refresh_from_db()
    require_usable(judge)


def test_limits_keys_and_names_are_no_part_of_a_version(
    cast: Cast, server: Endpoint, judge: Judge
) -> None:
    change(cast, server, name="Other", timeout_s=9, max_concurrency=2, api_key="sk-new")
    judge.refresh_from_db()
    require_usable(judge)


def test_a_version_of_an_earlier_form_of_the_question_is_refused(
    cast: Cast, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = judge.hash
    monkeypatch.setattr(queries, "PROMPT_FORMAT", queries.PROMPT_FORMAT + 1)
    with pytest.raises(Refused, match="earlier form of the question"):
        require_usable(judge)
    # It is another judge, also where scores are looked up by its hash.
    assert judge_renew(judge=judge, actor=cast.leads[0]).hash != before


def test_the_next_version_keeps_the_settings_and_is_made_once(
    cast: Cast, server: Endpoint, judge: Judge
) -> None:
    change(cast, server, model="another")
    judge.refresh_from_db()
    made = judge_renew(judge=judge, actor=cast.leads[0])
    assert (made.name, made.version, made.parameters) == ("Reader", 2, judge.parameters)
    assert made.provenance["model"] == "another" and made.hash != judge.hash
    assert what_changed(made) == ""
    # A second click, or an old page.
    assert judge_renew(judge=judge, actor=cast.leads[0]) == made
    assert Entry.objects.filter(action="judge.created").count() == 2


def test_a_new_version_pins_the_endpoint_as_it_is_by_then(
    cast: Cast, server: Endpoint, judge: Judge
) -> None:
    """Somebody changes the endpoint while the form of another person is on its way."""
    read_before = Judge.objects.select_related("endpoint", "project").get(pk=judge.pk)
    assert read_before.endpoint is not None
    change(cast, server, model="another")
    other = judge_create_llm(
        project=cast.project, actor=cast.leads[0], name="Other", endpoint=read_before.endpoint
    )
    assert other.provenance["model"] == "another"
    made = judge_renew(judge=read_before, actor=cast.leads[0])
    assert made.provenance["model"] == "another"
    assert what_changed(Judge.objects.get(pk=made.pk)) == ""


def test_no_version_asks_an_endpoint_that_was_removed_meanwhile(
    cast: Cast, server: Endpoint, judge: Judge
) -> None:
    read_before = Judge.objects.select_related("endpoint", "project").get(pk=judge.pk)
    change(cast, server, model="another")
    endpoint_archive(endpoint=server, actor=cast.leads[0])
    with pytest.raises(Refused, match="endpoint of this project"):
        judge_renew(judge=read_before, actor=cast.leads[0])
    assert read_before.endpoint is not None
    with pytest.raises(Refused, match="endpoint of this project"):
        judge_create_llm(
            project=cast.project, actor=cast.leads[0], name="Other", endpoint=read_before.endpoint
        )


def test_there_is_no_next_version_where_nothing_changed_or_the_server_is_gone(
    cast: Cast, server: Endpoint, judge: Judge
) -> None:
    with pytest.raises(Refused, match="Nothing has changed"):
        judge_renew(judge=judge, actor=cast.leads[0])
    change(cast, server, model="another")
    endpoint_archive(endpoint=server, actor=cast.leads[0])
    judge.refresh_from_db()
    assert not queries.can_be_renewed(judge)
    with pytest.raises(Refused, match="endpoint of this project"):
        judge_renew(judge=judge, actor=cast.leads[0])
    with pytest.raises(Refused, match="has been removed"):
        require_usable(judge)


@pytest.fixture
def learned(cast: Cast) -> Judge:
    file = store(
        project=cast.project,
        kind=StoredFile.Kind.ARTEFACT,
        name="judge.zip",
        content=io.BytesIO(b"weights"),
        actor=cast.leads[0],
    )
    return judge_create_learned(
        project=cast.project,
        actor=cast.leads[0],
        name="Learned",
        artefact=file,
        fitted_on={"warmth": "a" * 64},
        provenance={"ratings": 200},
    )


@pytest.mark.parametrize("which", ["judge", "learned"])
def test_a_version_of_earlier_vetoes_is_refused_and_renewed(
    cast: Cast, which: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scores would be capped otherwise than those that it gave."""
    row: Judge = request.getfixturevalue(which)
    require_usable(row)
    assert row.provenance["vetoes"] == queries.VETOES_VERSION
    monkeypatch.setattr(queries, "VETOES_VERSION", queries.VETOES_VERSION + 1)
    for check in (require_unchanged, require_usable):
        with pytest.raises(Refused, match="before the present rules against bad replies"):
            check(row)
    assert queries.can_be_renewed(row)
    made = judge_renew(judge=row, actor=cast.leads[0])
    require_usable(made)
    assert (made.name, made.version) == (row.name, 2)
    assert (made.artefact_id, made.fitted_on) == (row.artefact_id, row.fitted_on)
    assert (made.endpoint_id, made.parameters) == (row.endpoint_id, row.parameters)
    assert made.provenance.get("ratings") == row.provenance.get("ratings")
    # It is the same judge to whoever asks which judge a model was trained on.
    assert made.hash == row.hash
    assert judge_renew(judge=row, actor=cast.leads[0]) == made


def test_a_judge_from_before_there_were_vetoes_is_refused(cast: Cast, learned: Judge) -> None:
    before = Judge.objects.create(
        project=cast.project,
        name="Earlier",
        version=1,
        kind=Judge.Kind.LEARNED,
        artefact=learned.artefact,
        fitted_on=learned.fitted_on,
        provenance={"ratings": 200},
        hash=learned.hash,
    )
    with pytest.raises(Refused, match="before the present rules against bad replies"):
        require_usable(before)
    assert judge_renew(judge=before, actor=cast.leads[0]).provenance == learned.provenance


def test_nothing_is_renewed_where_the_vetoes_are_the_same(cast: Cast, learned: Judge) -> None:
    with pytest.raises(Refused, match="Nothing has changed"):
        judge_renew(judge=learned, actor=cast.leads[0])


def test_the_api_renews_once_what_changed(
    cast: Cast, server: Endpoint, judge: Judge, client: Client
) -> None:
    client.force_login(cast.leads[0])
    url = reverse("api_judge_renew", args=[cast.project.pk, judge.pk])
    refused = client.post(url)
    assert refused.status_code == 409 and "Nothing has changed" in refused.content.decode()
    change(cast, server, model="another")
    made = client.post(url)
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["version"]) == ("Reader", 2)
    assert client.post(url).json() == made.json()
    other = reverse("api_judge_renew", args=[cast.other_project.pk, judge.pk])
    assert client.post(other).status_code == 404
