"""The page where each role lands."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import GenerationRun
from rubrics.models import RubricVersion
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, published
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.support.rows import draft, item, rubric
from tests.support.run_rows import generation_run
from webapp.accounts.models import Project, User
from webapp.accounts.services import projects
from webapp.home.views import greeting


def page(user: User, project: Project, **headers: str) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("project_home", args=[project.pk]), headers=headers)
    assert answer.status_code == 200
    return html_of(answer)


def test_home_leads_to_the_only_project_else_to_the_list(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    assert client.get("/").url == reverse("project_home", args=[cast.project.pk])
    projects.create_project(actor=cast.leads[0], name="Second")
    assert client.get("/").url == reverse("projects")
    client.force_login(cast.outsider)
    assert client.get("/").url == reverse("projects")
    assert "You are not in a project yet" in html_of(client.get(reverse("projects")))


def test_an_empty_project_says_what_to_do_first(cast: Cast) -> None:
    body = page(cast.leads[0], cast.project)
    assert "No dialogues yet" in body
    assert "No published rubric yet" in body
    assert "All done" in page(cast.annotators[0], cast.project)


def test_a_lead_with_nothing_to_do_sees_where_the_road_goes_on(cast: Cast) -> None:
    lead = cast.leads[0]
    setting = Setting(cast.project, lead)
    added(cast.project, parsed(1))
    published(cast.project)
    assert {"No queue yet", "No model has been trained yet"} <= set(headings(lead, cast.project))
    item(setting)
    assert "No queue yet" not in headings(lead, cast.project)
    assert "No model has been trained yet" not in headings(cast.clinicians[0], cast.project)


def headings(user: User, project: Project) -> list[str]:
    return re.findall(r"<h3>(.*?)</h3>", page(user, project))


def test_annotators_see_the_queues_that_wait_for_them(cast: Cast) -> None:
    user = cast.annotators[0]
    setting = Setting(cast.project, user)
    item(setting)
    body = page(user, cast.project)
    assert "1 item to rate in “Q”" in body
    start = reverse("desk_next", args=[cast.project.pk, setting["queue_id"].pk])
    assert f'<form method="post" action="{start}">' in body
    client = Client()
    client.force_login(user)
    assert client.post(start).url.startswith(reverse("desk", args=[cast.project.pk]))
    assert "1 item to rate" not in page(cast.annotators[1], cast.project)
    lead = page(cast.leads[0], cast.project)
    assert "0 of 2" in lead


def test_every_link_of_a_home_opens(cast: Cast) -> None:
    for person in (cast.leads[0], cast.clinicians[0]):
        setting = Setting(cast.project, person)
        item(setting)
        draft(setting)
        client = Client()
        client.force_login(person)
        links = re.findall(r'<a class="btn[^"]*" href="(/p/[^"]+)"', page(person, cast.project))
        assert links
        assert {client.get(link).status_code for link in links} == {200}


def test_clinicians_see_their_drafts_and_what_waits_for_approval(cast: Cast) -> None:
    author, other = cast.clinicians
    version = draft(Setting(cast.project, author))
    assert "version 2 is a draft" in page(author, cast.project)
    assert "version 2 is a draft" not in page(other, cast.project)
    RubricVersion.objects.filter(pk=version.pk).update(status="in_review", saved_by=other)
    # Whoever wrote last may not approve; the one who began the version may.
    assert "version 2 waits for approval" in page(author, cast.project)
    assert f"{other} asks you to read it" in page(author, cast.project)
    assert "waits for approval" not in page(other, cast.project)


def test_leads_see_what_runs_and_what_failed(cast: Cast) -> None:
    lead = cast.leads[0]
    setting = Setting(cast.project, lead)
    run = generation_run(setting)
    assert f"Generation {run.number} failed" in page(lead, cast.project)
    GenerationRun.objects.filter(pk=run.pk).update(status="pending", ended_at=None)
    body = page(lead, cast.project)
    assert "0 of 0" in body and 'hx-trigger="every 4s"' in body
    part = page(lead, cast.project, **{"HX-Request": "true"})
    assert part.lstrip().startswith('<div id="running"')
    assert f"Generation {run.number}" not in page(cast.annotators[0], cast.project)


def test_an_archived_project_says_so(cast: Cast) -> None:
    projects.archive_project(actor=cast.leads[0], project=cast.project)
    assert "The project is archived" in page(cast.annotators[0], cast.project)


@pytest.mark.parametrize("role", ["leads", "clinicians", "annotators"])
def test_the_page_costs_the_same_for_more_rows(role: str, cast: Cast) -> None:
    user = getattr(cast, role)[0]
    few = _queries(user, cast)
    for _ in range(6):
        setting = Setting(cast.project, user)
        item(setting)
        made = rubric(setting)
        RubricVersion.objects.create(
            project=cast.project, rubric=made, number=2, draft={}, author=user,
            saved_at=timezone.now(),
        )  # fmt: skip
    # Rows that were not there at all bring the queries that read about them, once.
    assert _queries(user, cast) <= few + 3


def _queries(user: User, cast: Cast) -> int:
    with CaptureQueriesContext(connection) as captured:
        page(user, cast.project)
    return len(captured)


@pytest.mark.parametrize(
    ("hour", "words"),
    [(4, "Good evening"), (5, "Good morning"), (12, "Good afternoon"), (18, "Good evening")],
)
def test_greeting(hour: int, words: str) -> None:
    assert greeting(hour) == words


@pytest.mark.slow
def test_health_answers_without_a_worker_and_without_delay(client: Client, cast: Cast) -> None:
    started = timezone.now()
    client.force_login(cast.admin)
    body = html_of(client.get(reverse("health")))
    assert "No worker" in body and "PostgreSQL" in body
    assert (timezone.now() - started).total_seconds() < 10
    answer = Client().get(reverse("health_ready"))
    assert (answer.status_code, answer.json()) == (200, {"database": True, "valkey": True})


def test_ready_says_what_does_not_answer(client: Client, db: None, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    answer = client.get(reverse("health_ready"))
    assert (answer.status_code, answer.json()) == (503, {"database": True, "valkey": False})
