"""The pages of generation runs."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.corpus.services import split_for
from annotation.generation.live import render_generation
from annotation.generation.queries import SOURCE
from annotation.models import Dialogue, GenerationItem, GenerationRun, Turn
from tests.conftest import Cast
from tests.support.dialogues import added, parsed
from tests.support.generation import corpus, endpoint, planned
from tests.support.pages import html_of
from webapp.runs.models import Status

pytestmark = pytest.mark.django_db


def page(name: str, cast: Cast, run: GenerationRun | None = None) -> str:
    ids = {"run_id": run.pk} if run else {}
    return reverse(name, kwargs={"project_id": cast.project.pk, **ids})


def dialogue(cast: Cast, item: GenerationItem, turns: int, **fields: Any) -> Dialogue:
    """A dialogue of an item with this many turns."""
    made = Dialogue.objects.create(
        project=cast.project,
        number=1000 + item.position,
        source=SOURCE,
        source_key=f"{item.run_id}:{item.position}",
        profile=item.profile,
        situation=item.situation,
        emotion=item.emotion,
        split_key="x",
        split=split_for(cast.project, "x"),
        **fields,
    )
    for position in range(turns):
        role = "supporter" if position % 2 else "seeker"
        Turn.objects.create(
            project=cast.project, dialogue=made, position=position, role=role,
            text=f"<b>Said</b> {position}", raw="r",
        )  # fmt: skip
    GenerationItem.objects.filter(pk=item.pk).update(dialogue=made)
    return made


@pytest.fixture
def run(cast: Cast) -> GenerationRun:
    corpus(cast)
    return planned(cast, endpoint(cast, "http://127.0.0.1:9/v1"), count=20)


def test_a_run_under_way_shows_the_dialogue_that_is_being_written(
    cast: Cast, client: Client, run: GenerationRun
) -> None:
    dialogue(cast, run.items.get(position=3), 1)
    client.force_login(cast.leads[0])
    html = html_of(client.get(page("generation_run", cast, run)))
    assert "&lt;b&gt;Said&lt;/b&gt; 0" in html
    assert "Dialogue 1,003, turn 2 of 4" in html
    assert f'ws-connect="/live/generation/{run.pk}/"' in html


def test_the_page_and_the_socket_render_the_same_parts(
    cast: Cast, client: Client, run: GenerationRun
) -> None:
    dialogue(cast, run.items.get(position=0), 2)
    client.force_login(cast.leads[0])
    html = html_of(client.get(page("generation_run", cast, run)))
    for part in render_generation(run, cast.member(cast.leads[0])):
        assert html_of(part).replace(' hx-swap-oob="true"', "").strip() in html


def test_why_a_run_failed_is_said_and_going_on_is_offered(
    cast: Cast, client: Client, run: GenerationRun
) -> None:
    GenerationRun.objects.filter(pk=run.pk).update(
        status=Status.FAILED, error="The endpoint <gone> does not answer."
    )
    client.force_login(cast.leads[0])
    html = html_of(client.get(page("generation_run", cast, run)))
    assert "The endpoint &lt;gone&gt; does not answer." in html
    assert page("run_resume", cast, run) in html
    client.post(page("run_resume", cast, run))
    run.refresh_from_db()
    assert run.status == Status.PENDING


def test_stopping_a_queued_run_stops_it_at_once(
    cast: Cast, client: Client, run: GenerationRun
) -> None:
    client.force_login(cast.leads[0])
    answer = client.post(page("run_cancel", cast, run), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == page("generation_run", cast, run)
    run.refresh_from_db()
    assert run.status == Status.CANCELLED


def test_a_finished_run_goes_on_only_where_something_failed(
    cast: Cast, client: Client, run: GenerationRun
) -> None:
    GenerationRun.objects.filter(pk=run.pk).update(status=Status.SUCCEEDED)
    client.force_login(cast.leads[0])
    answer = client.post(page("run_resume", cast, run), follow=True)
    assert "You can only resume" in html_of(answer)
    run.items.filter(position=0).update(state=GenerationItem.State.FAILED, error="Garbage.")
    html = html_of(client.get(page("generation_run", cast, run)))
    assert "Retry what failed" in html and "Garbage." in html
    client.post(page("run_resume", cast, run))
    run.refresh_from_db()
    assert run.status == Status.PENDING


def test_the_form_starts_one_run_for_a_double_click(cast: Cast, client: Client) -> None:
    corpus(cast)
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    client.force_login(cast.leads[0])
    form = client.get(page("generation_new", cast)).context["form"]
    data = {
        "key": form["key"].value(), "count": 3, "exchanges": 2, "emotions": ["lonely"],
        "supporter": voice.pk, "simulator": voice.pk, "temperature": 0.5, "seed": 1,
    }  # fmt: skip
    first = client.post(page("generation_new", cast), data)
    second = client.post(page("generation_new", cast), data)
    assert first.url == second.url
    assert GenerationRun.objects.get().items.count() == 3


def test_an_endpoint_of_another_project_is_no_choice(cast: Cast, client: Client) -> None:
    corpus(cast)
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    type(voice).objects.filter(pk=voice.pk).update(project=cast.other_project)
    client.force_login(cast.leads[0])
    answer = client.post(
        page("generation_new", cast),
        {"key": "k", "count": 1, "exchanges": 1, "emotions": ["lonely"], "supporter": voice.pk,
         "simulator": voice.pk, "temperature": 0, "seed": 0},
    )  # fmt: skip
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {"supporter", "simulator"}


def test_what_can_not_be_planned_is_said_beside_the_form(cast: Cast, client: Client) -> None:
    voice = endpoint(cast, "http://127.0.0.1:9/v1")
    client.force_login(cast.leads[0])
    answer = client.post(
        page("generation_new", cast),
        {"key": "k", "count": 1, "exchanges": 1, "emotions": ["lonely"], "supporter": voice.pk,
         "simulator": voice.pk, "temperature": 0, "seed": 0},
    )  # fmt: skip
    assert "no profiles yet" in html_of(answer)


def test_pages_ask_the_same_number_of_queries_however_long_they_are(
    cast: Cast, client: Client, run: GenerationRun
) -> None:
    client.force_login(cast.leads[0])
    client.get(page("generation_run", cast, run))

    def queries(name: str, of: GenerationRun | None = None) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(page(name, cast, of)).status_code == 200
        return len(found)

    def fill(positions: range) -> None:
        for position in positions:
            item = run.items.get(position=position)
            dialogue(cast, item, 4)
            GenerationItem.objects.filter(pk=item.pk).update(
                state="done" if position % 2 else "failed", ended_at=run.created_at
            )
        dialogue(cast, run.items.get(position=positions.stop), 2)

    fill(range(2))
    few = queries("generation_run", run)
    fill(range(3, 19))
    assert queries("generation_run", run) == few
    one = queries("generation_runs")
    for _ in range(20):
        planned(cast, run.supporter, count=2)
    assert queries("generation_runs") == one


def test_the_form_ticks_emotions_that_the_project_has_situations_for(
    cast: Cast, client: Client
) -> None:
    client.force_login(cast.leads[0])

    def ticked() -> list[str]:
        form = client.get(page("generation_new", cast)).context["form"]
        return list(form["emotions"].value())

    usual = ["lonely", "ashamed", "terrified"]
    assert ticked() == usual
    emotions = ["proud", "joyful", "lonely", "afraid"]
    added(cast.project, *(parsed(n, emotion=emotion) for n, emotion in enumerate(emotions)))
    added(cast.project, parsed(9, emotion="annoyed", situation=""))
    assert ticked() == ["afraid", "joyful", "lonely"]
    added(cast.project, *(parsed(20 + n, emotion=emotion) for n, emotion in enumerate(usual)))
    assert ticked() == usual
