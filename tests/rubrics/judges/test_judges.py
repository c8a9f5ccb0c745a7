"""Judges: versions under a name, and settings that are read strictly."""

import io
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from rubrics.judges.queries import judges_of
from rubrics.judges.services import judge_create_learned, judge_create_llm
from tests.conftest import Cast
from webapp.errors import Refused
from webapp.files.models import StoredFile
from webapp.files.services import store
from webapp.llm.models import Endpoint


@pytest.fixture
def endpoint(cast: Cast) -> Endpoint:
    return Endpoint.objects.create(
        project=cast.project, name="Local", base_url="http://127.0.0.1:1/v1", model="starter"
    )


def llm(cast: Cast, endpoint: Endpoint, **parameters: Any) -> Any:
    return judge_create_llm(
        project=cast.project,
        actor=cast.leads[0],
        name="Judge",
        endpoint=endpoint,
        parameters=parameters,
    )


def test_a_change_is_the_next_version(cast: Cast, endpoint: Endpoint) -> None:
    first, second = llm(cast, endpoint), llm(cast, endpoint, temperature=0.5)
    assert (first.version, second.version) == (1, 2)
    assert first.hash != second.hash
    assert first.parameters["mode"] == "per_criterion"
    assert list(judges_of(cast.project)) == [second, first]


def test_the_same_settings_have_the_same_hash(cast: Cast, endpoint: Endpoint) -> None:
    assert llm(cast, endpoint).hash == llm(cast, endpoint, seed=0).hash


@pytest.mark.parametrize(
    "parameters",
    [
        {"mode": "guess"},
        {"temperature": 3},
        {"temperature": float("nan")},
        {"temperature": "0"},
        {"max_tokens": 0},
        {"max_tokens": True},
        {"seed": -1},
        {"base_url": "http://169.254.169.254"},
    ],
)
def test_unknown_settings_are_refused(
    cast: Cast, endpoint: Endpoint, parameters: dict[str, Any]
) -> None:
    with pytest.raises(Refused):
        llm(cast, endpoint, **parameters)


def test_endpoint_of_another_project_is_refused(cast: Cast) -> None:
    theirs = Endpoint.objects.create(
        project=cast.other_project, name="Theirs", base_url="http://127.0.0.1:1/v1", model="m"
    )
    with pytest.raises(Refused, match="of this project"):
        llm(cast, theirs)


def test_learned_judge_keeps_what_it_was_fitted_on_and_never_changes(cast: Cast) -> None:
    file = store(
        project=cast.project,
        kind=StoredFile.Kind.ARTEFACT,
        name="judge.zip",
        content=io.BytesIO(b"weights"),
        actor=cast.leads[0],
    )
    judge = judge_create_learned(
        project=cast.project,
        actor=cast.leads[0],
        name="Learned",
        artefact=file,
        fitted_on={"warmth": "a" * 64},
        provenance={"ratings": 200},
    )
    assert (judge.version, judge.fitted_on) == (1, {"warmth": "a" * 64})
    for sql in ("UPDATE rubrics_judge SET name = 'x'", "DELETE FROM rubrics_judge"):
        with (
            pytest.raises((IntegrityError, InternalError)),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
