"""Judges, fits and judge runs by the page and by the API: one set of limits and defaults."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.corpus.set_query import SetQuery
from annotation.judge_runs.services import fit_start
from annotation.models import Collection, FitRun, JudgeRun
from annotation.sets.limits import MEMBERS
from annotation.sets.services import collection_create
from rubrics.judges.limits import TEMPERATURE
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.generation import endpoint
from tests.support.judge_runs import llm_judge, rated, texts, version_of
from tests.support.stored import api_error, as_shown, page_error, stored
from webapp.errors import Refused
from webapp.ids import new_id
from webapp.limits import SEED
from webapp.llm.models import Endpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(cast: Cast) -> RubricVersion:
    version = version_of(cast)
    rated(cast, texts(cast, 20), version)
    return version


@pytest.fixture
def everything(cast: Cast) -> Collection:
    return collection_create(
        project=cast.project, actor=cast.leads[0], name="All", query=SetQuery()
    )


@pytest.fixture
def voice(cast: Cast) -> Endpoint:
    return endpoint(cast, "http://127.0.0.1:9/v1")


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def by_page(client: Client, cast: Cast, name: str, given: dict[str, Any]) -> Any:
    url = reverse(name, args=[cast.project.pk])
    return client.post(url, as_shown(client.get(url)) | given)


def by_api(client: Client, cast: Cast, name: str, given: dict[str, Any]) -> Any:
    url = reverse(name, args=[cast.project.pk])
    return client.post(url, given, content_type="application/json")


@pytest.mark.parametrize(
    "given", [{}, {"mode": "all_in_one", "temperature": 1}, {"temperature": TEMPERATURE.most}]
)
def test_a_judge_is_stored_the_same_way(
    cast: Cast, lead: Client, voice: Endpoint, given: dict[str, Any]
) -> None:
    given = {"name": " Reader ", "endpoint": str(voice.pk)} | given
    assert by_page(lead, cast, "judge_new", given).status_code == 302
    assert by_api(lead, cast, "api_judge_list", given).status_code == 201
    page, api = Judge.objects.order_by("version")
    assert stored(page, "version") == stored(api, "version")
    assert str(page.parameters) == str(api.parameters)  # 0 and 0.0 apart


def test_a_fit_is_stored_the_same_way(cast: Cast, lead: Client, version: RubricVersion) -> None:
    given = {"version": str(version.pk), "judge_name": " L ", "rater_kinds": ["construction"]}
    assert by_page(lead, cast, "judge_fit", given).status_code == 302
    assert by_api(lead, cast, "api_fit_list", given).status_code == 201
    page, api = FitRun.objects.order_by("number")
    assert stored(page) == stored(api)


@pytest.mark.parametrize("given", [{"limit": 500}, {"limit": 5, "seed": SEED.most}])
def test_a_judge_run_is_stored_the_same_way(
    cast: Cast,
    lead: Client,
    version: RubricVersion,
    voice: Endpoint,
    everything: Collection,
    given: dict[str, Any],
) -> None:
    rows = {"version": version, "judge": llm_judge(cast, voice), "collection": everything}
    given = {name: str(row.pk) for name, row in rows.items()} | given
    assert by_page(lead, cast, "judge_run_new", given).status_code == 302
    assert by_api(lead, cast, "api_judge_run_list", given).status_code == 201
    page, api = JudgeRun.objects.order_by("number")
    assert stored(page, "snapshot") == stored(api, "snapshot")
    assert stored(page.snapshot) == stored(api.snapshot)


@pytest.mark.parametrize(
    ("page", "api", "name", "most", "more"),
    [
        ("judge_new", "api_judge_list", "name", "n" * 80, "n" * 81),
        (
            "judge_new",
            "api_judge_list",
            "temperature",
            TEMPERATURE.most,
            TEMPERATURE.most + 0.1,
        ),
        ("judge_fit", "api_fit_list", "judge_name", "n" * 80, "n" * 81),
        ("judge_run_new", "api_judge_run_list", "limit", MEMBERS.most, MEMBERS.most + 1),
        ("judge_run_new", "api_judge_run_list", "seed", SEED.most, SEED.most + 1),
    ],
)
def test_the_largest_is_taken_and_one_more_is_not(
    cast: Cast,
    lead: Client,
    version: RubricVersion,
    voice: Endpoint,
    everything: Collection,
    page: str,
    api: str,
    name: str,
    most: Any,
    more: Any,
) -> None:
    rows = {
        "version": version,
        "judge": llm_judge(cast, voice),
        "collection": everything,
        "endpoint": voice,
    }
    given: dict[str, Any] = {name: str(row.pk) for name, row in rows.items()}
    given |= {"name": "Reader", "judge_name": "L", "rater_kinds": ["construction"]}
    for value, is_taken in ((most, True), (more, False)):
        on_page = page_error(by_page(lead, cast, page, given | {name: value}), name)
        by_script = api_error(by_api(lead, cast, api, given | {name: value}), name)
        assert (on_page == "", by_script == "") == (is_taken, is_taken), (on_page, by_script)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"judge_name": " "}, "name"),
        ({"judge_name": "n" * 81}, "name"),
        ({"seed": SEED.most + 1}, "seed"),
    ],
)
def test_a_script_meets_the_same_bounds(
    cast: Cast, version: RubricVersion, changes: dict[str, Any], code: str
) -> None:
    given: dict[str, Any] = {"judge_name": "L", "rater_kinds": ["construction"]}
    with pytest.raises(Refused) as refusal:
        fit_start(
            project=cast.project,
            actor=cast.leads[0],
            key=new_id().hex,
            version=version,
            **(given | changes),
        )
    assert refusal.value.code == code
