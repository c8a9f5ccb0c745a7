"""A critic in the form, on the run's page and in the API."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.corpus.set_query import SetQuery
from annotation.generation import work as generation
from annotation.generation.limits import REVISIONS, SOLVED_FROM, SOLVED_TOTAL
from annotation.generation.live import render_generation
from annotation.generation.queries import state_of
from annotation.generation.verdicts import Passed
from annotation.models import Attempt, Dialogue, GenerationCritic, GenerationRun, Queue
from annotation.queues.services import queue_create
from annotation.sets.services import collection_create, freeze
from rubrics.models import Judge, RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import published
from tests.support.generation import corpus, endpoint, served
from tests.support.judge_runs import llm_judge
from tests.support.pages import html_of
from tests.support.refinement import RUBRIC, refining_run, script
from tests.support.stored import as_shown, page_error, stored
from webapp.errors import Refused
from webapp.llm.models import Endpoint

FEW = {"count": 2, "emotions": ["lonely"]}


@pytest.fixture
def voice(cast: Cast) -> Endpoint:
    corpus(cast)
    return endpoint(cast, "http://127.0.0.1:9/v1")


@pytest.fixture
def version(cast: Cast) -> RubricVersion:
    return published(cast.project, RUBRIC)


@pytest.fixture
def judge(cast: Cast, voice: Endpoint) -> Judge:
    return llm_judge(cast, voice)


@pytest.fixture
def lead(cast: Cast, client: Client) -> Client:
    client.force_login(cast.leads[0])
    return client


def by_page(client: Client, version: RubricVersion, given: dict[str, Any]) -> Any:
    url = reverse("generation_new", args=[version.project_id])
    shown = client.get(url, {"critic_version": str(version.pk)})
    levels = {f"level_{uid}": level for uid, level in given.get("thresholds", {}).items()}
    rest = {name: value for name, value in given.items() if name != "thresholds"}
    rest = {name: "" if value is None else value for name, value in rest.items()}
    asked = as_shown(shown) | {"critic_version": str(version.pk)} | FEW
    judge = shown.context["form"].fields["critic_judge"].initial
    return client.post(url, asked | {"critic_judge": judge.pk} | levels | rest)


def by_api(client: Client, version: RubricVersion, judge: Judge, given: dict[str, Any]) -> Any:
    url = reverse("api_generation_list", args=[version.project_id])
    voice = str(judge.endpoint_id)
    critic = {"version": str(version.pk), "judge": str(judge.pk)} | given
    body = {"supporter": voice, "simulator": voice, "critic": critic} | FEW
    return client.post(url, body, content_type="application/json")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"revisions": 0, "solved_total": None, "solved_from": 10, "profile_criterion": "persona"},
        {"thresholds": {"warmth": 5, "format": 0}, "solved_total": 0.5},
    ],
)
def test_a_critic_is_stored_the_same_way(
    lead: Client, version: RubricVersion, judge: Judge, given: dict[str, Any]
) -> None:
    assert by_page(lead, version, given).status_code == 302
    assert by_api(lead, version, judge, given).status_code == 201
    page, api = GenerationCritic.objects.order_by("run__number")
    assert stored(page, "run") == stored(api, "run")
    if not given:
        assert api.thresholds == {"format": 1, "warmth": 3, "persona": 3}
        assert (api.revisions, api.solved_total, api.solved_from) == (
            REVISIONS.default,
            SOLVED_TOTAL.default,
            SOLVED_FROM.default,
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "most", "more"),
    [
        ("revisions", REVISIONS.most, REVISIONS.most + 1),
        ("solved_total", SOLVED_TOTAL.most, SOLVED_TOTAL.most + 0.1),
        ("solved_from", SOLVED_FROM.most, SOLVED_FROM.most + 1),
    ],
)
def test_the_largest_is_taken_and_one_more_is_not(
    cast: Cast, lead: Client, version: RubricVersion, judge: Judge, name: str, most: Any, more: Any
) -> None:
    for value, is_taken in ((most, True), (more, False)):
        page = page_error(by_page(lead, version, {name: value}), name)
        answer = by_api(lead, version, judge, {name: value})
        assert (page == "", answer.status_code == 201) == (is_taken, is_taken)
    assert judge.endpoint is not None
    with pytest.raises(Refused) as refusal:
        refining_run(
            cast, judge.endpoint, critic_is={"version": version, "judge": judge, name: more}
        )
    assert refusal.value.code == name


@pytest.mark.django_db
def test_a_version_brings_its_criteria_and_none_brings_no_critic(
    lead: Client, version: RubricVersion, judge: Judge
) -> None:
    url = reverse("generation_new", args=[version.project_id])
    without = html_of(lead.get(url))
    assert "What a reply needs to PASS" not in without
    html = html_of(lead.get(url, {"critic_version": str(version.pk)}))
    assert "What a reply needs to PASS" in html
    assert "at least 4 (L4)" in html and "must be met" in html and "any level" in html
    for nonsense in ("x", "00000000-0000-0000-0000-000000000000"):
        assert "What a reply needs" not in html_of(lead.get(url, {"critic_version": nonsense}))


@pytest.mark.django_db
def test_a_version_that_is_posted_without_its_settings_is_asked_for_them(
    lead: Client, version: RubricVersion, judge: Judge, voice: Endpoint
) -> None:
    """As a browser without scripts does."""
    url = reverse("generation_new", args=[version.project_id])
    answer = lead.post(url, as_shown(lead.get(url)) | FEW | {"critic_version": str(version.pk)})
    assert answer.status_code == 200 and not GenerationRun.objects.exists()
    assert "critic_judge" in answer.context["form"].errors
    assert "What a reply needs to PASS" in html_of(answer)


@pytest.mark.django_db
def test_a_critic_of_another_project_is_not_there(
    cast: Cast, lead: Client, version: RubricVersion, judge: Judge
) -> None:
    theirs = published(cast.other_project, RUBRIC)
    assert by_api(lead, version, judge, {"version": str(theirs.pk)}).status_code == 404
    refused = by_api(lead, version, judge, {"thresholds": {"warmth": 9}})
    assert (refused.status_code, refused.json()["code"]) == (409, "thresholds")
    assert not GenerationRun.objects.exists()


@pytest.fixture
def finished(cast: Cast) -> Iterator[GenerationRun]:
    """Four dialogues: each reply passes at the second attempt."""
    corpus(cast)
    with served(cast, script()) as voice:
        run = refining_run(cast, voice, critic_is={}, count=4, exchanges=1)
        generation.work(str(run.pk))
    run.refresh_from_db()
    yield run


@pytest.mark.django_db(transaction=True)
def test_the_page_and_the_api_count_verdicts_depth_and_the_gain(
    cast: Cast, lead: Client, finished: GenerationRun
) -> None:
    refining = state_of(finished, cast.member(cast.leads[0])).refining
    assert refining is not None and refining.gain is not None
    assert [(p.name, p.count) for p in refining.verdicts] == [
        ("fail", 4), ("pass", 4), ("solved", 0)
    ]  # fmt: skip
    assert [(p.name, p.count, p.share) for p in refining.depths] == [("2", 4, 1.0)]
    gain = refining.gain
    # (2 to 4 on 1 to 5, persona stays 4): from 0.5 to 0.75 of the total.
    assert (gain.first, gain.accepted, gain.change) == (0.5, 0.75, 0.25)
    assert (gain.n, gain.low, gain.reason) == (4, None, "fewer than 5 profiles")
    html = html_of(lead.get(reverse("generation_run", args=[finished.project_id, finished.pk])))
    assert "8 attempts judged" in html and "50.0 %" in html
    assert "0.25 higher" in html and "no interval: fewer than 5 profiles" in html
    assert "The judge that chose the replies also gave these totals." in html
    # Of each finished dialogue: its one reply passed at the second attempt.
    assert list(refining.passed.values()) == [Passed(1, 0, "pass", 0.75)] * 4
    assert html.count("0 of 1") == 4 and "Passed at first try" in html
    url = reverse("api_generation_retrieve", args=[finished.project_id, finished.pk])
    told = lead.get(url).json()["refining"]
    assert [part["count"] for part in told["verdicts"]] == [4, 4, 0]
    assert (told["gain"]["change"], told["critic"]["revisions"]) == (0.25, 5)


@pytest.mark.django_db(transaction=True)
def test_who_still_rates_a_reply_sees_nothing_of_its_verdicts(
    cast: Cast, client: Client, finished: GenerationRun
) -> None:
    """One of the four dialogues is in a queue in which the second lead has a place."""
    collection = collection_create(
        project=cast.project, actor=cast.leads[0], name="Generated",
        query=SetQuery(generation_run=str(finished.pk)),
    )  # fmt: skip
    queue = queue_create(
        project=cast.project, actor=cast.leads[0], name="First look",
        version=GenerationCritic.objects.get(run=finished).version, raters=[cast.leads[1]],
        snapshot=freeze(collection=collection, actor=cast.leads[0], limit=1), overlap=1,
    )  # fmt: skip
    client.force_login(cast.leads[1])
    url = reverse("generation_run", args=[finished.project_id, finished.pk])
    told = reverse("api_generation_retrieve", args=[finished.project_id, finished.pk])
    refining = client.get(told).json()["refining"]
    assert [part["count"] for part in refining["verdicts"]] == [3, 3, 0]
    assert [part["count"] for part in refining["depths"]] == [3]
    assert (refining["gain"]["n"], refining["hidden"]) == (3, 1)
    words = "1 dialogue with texts that you still have to rate is left out"
    socket = "".join(render_generation(finished, cast.member(cast.leads[1])))
    for html in (html_of(client.get(url)), " ".join(html_of(socket).split())):
        assert "6 attempts judged" in html and words in " ".join(html.split())
        assert html.count("0 of 1") == 3
    Queue.objects.filter(pk=queue.pk).update(closed_at=timezone.now())
    refining = client.get(told).json()["refining"]
    assert (refining["gain"]["n"], refining["hidden"]) == (4, 0)
    assert words not in " ".join(html_of(client.get(url)).split())


@pytest.mark.django_db(transaction=True)
def test_the_page_and_the_socket_render_the_same_parts(
    cast: Cast, lead: Client, finished: GenerationRun
) -> None:
    html = html_of(lead.get(reverse("generation_run", args=[finished.project_id, finished.pk])))
    for part in render_generation(finished, cast.member(cast.leads[0])):
        assert html_of(part).replace(' hx-swap-oob="true"', "").strip() in html


@pytest.mark.django_db
def test_a_run_under_way_shows_how_its_last_reply_was_revised(
    cast: Cast, lead: Client, version: RubricVersion, judge: Judge, voice: Endpoint
) -> None:
    run = refining_run(cast, voice, critic_is={"version": version, "judge": judge}, count=9)
    _begin(run, range(1))
    html = html_of(lead.get(reverse("generation_run", args=[run.project_id, run.pk])))
    assert "Turn 2 is being revised" in html and "&lt;i&gt;Words&lt;/i&gt;" in html
    assert "No verdict" in html and "The judge gave no answer." in html
    few = _queries(lead, run)
    _begin(run, range(1, 9))
    assert _queries(lead, run) == few


def _begin(run: GenerationRun, positions: range) -> None:
    """Two attempts at the first reply of these dialogues."""
    for item in run.items.filter(position__in=positions):
        item.dialogue = Dialogue.objects.create(
            project=run.project, number=500 + item.position, source="generation", split="train",
            source_key=f"{run.pk}:{item.position}", profile=item.profile, split_key="x",
        )  # fmt: skip
        item.save()
        for number in (1, 2):
            Attempt.objects.create(
                project=run.project, dialogue=item.dialogue, position=1, number=number, seed=1,
                text=f"<i>Words</i> {number}", raw="r", context_hash="x", verdict="error",
                error="The judge gave no answer.",
            )  # fmt: skip


def _queries(client: Client, run: GenerationRun) -> int:
    url = reverse("generation_run", args=[run.project_id, run.pk])
    client.get(url)
    with CaptureQueriesContext(connection) as found:
        client.get(url)
    return len(found)
