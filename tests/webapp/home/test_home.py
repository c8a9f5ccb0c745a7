"""The page where each role lands."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import GenerationItem, GenerationRun, Profile
from rubrics.models import RubricVersion
from rubrics.versions.services import (
    version_approve,
    version_publish,
    version_refuse,
    version_send_for_review,
)
from rubrics.writing.services import draft_save, rubric_create
from tests.conftest import Cast
from tests.support.dialogues import added, parsed, published
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.support.rows import draft, item, rubric
from tests.support.rubric_texts import rubric_text
from tests.support.run_rows import (
    battery_run,
    difficulty_run,
    evaluation_run,
    export_run,
    fit_run,
    generation_run,
    impact_run,
    import_run,
    judge_run,
    model_fetch,
    training_run,
)
from webapp.accounts.models import Project, User
from webapp.accounts.services import projects
from webapp.home.queries import RUNS_SHOWN, runs_of
from webapp.home.views import greeting
from webapp.runs.models import Run, Status


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
    lead = cast.leads[0]
    assert headings(lead, cast.project) == [
        "No dialogues yet",
        "No published rubric yet",
        "No queue yet",
    ]
    body = page(lead, cast.project)
    assert "is not set up yet. Begin with the first step." in body
    for name in ("import_new", "rubrics", "queue_new"):
        assert f'href="{reverse(name, args=[cast.project.pk])}"' in body
    assert headings(cast.clinicians[0], cast.project) == ["No published rubric yet"]
    assert "All done" in page(cast.annotators[0], cast.project)
    alone = projects.create_project(actor=lead, name="Mine")
    assert headings(lead, alone)[-1] == "You are the only member"


def test_a_lead_with_nothing_to_do_sees_where_the_road_goes_on(cast: Cast) -> None:
    lead = cast.leads[0]
    setting = Setting(cast.project, cast.annotators[0])
    added(cast.project, parsed(1))
    published(cast.project)
    assert headings(lead, cast.project) == ["No queue yet"]
    item(setting)
    assert "No queue yet" not in headings(lead, cast.project)
    assert "No model has been trained yet" in headings(lead, cast.project)
    assert "No model has been trained yet" not in headings(cast.clinicians[0], cast.project)


def headings(user: User, project: Project) -> list[str]:
    """What the page asks this person to do, without the runs and dialogs below."""
    to_do = re.split('id="(?:h-run|h-queues|start)"', page(user, project))[0]
    return re.findall(r"<h3>(.*?)</h3>", to_do)


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


def test_an_approved_version_asks_to_be_published(cast: Cast) -> None:
    author, other = cast.clinicians
    version = written(cast, author)
    version_send_for_review(version=version, actor=author)
    version_approve(version=version, actor=other)
    for person in (author, cast.leads[0]):
        body = page(person, cast.project)
        assert "Warmth version 1 is approved" in body
        assert f"{other} approved it. Publish it" in body
        assert reverse("rubric_version", args=[cast.project.pk, version.pk]) in body
    # It waits for nobody else's approval.
    assert "Warmth version 1" not in page(other, cast.project)
    version_publish(version=version, actor=author)
    assert "is approved" not in page(author, cast.project)


def test_a_version_that_was_sent_back_says_by_whom_and_why(cast: Cast) -> None:
    author, other = cast.clinicians
    version = written(cast, author)
    version_send_for_review(version=version, actor=author)
    version_refuse(version=version, actor=other, words="Level 2 <b>is</b> vague.")
    body = page(author, cast.project)
    assert "Warmth version 1 was sent back" in body
    assert f"{other} wrote: “Level 2 &lt;b&gt;is&lt;/b&gt; vague.”" in body
    # Whoever edited it last hears of it, too, though somebody else began it.
    lead = cast.leads[0]
    text = rubric_text() | {"purpose": "To see warmth."}
    draft_save(version=version, actor=lead, content=text, expected_revision=1)
    assert "was sent back" in page(lead, cast.project)
    version_send_for_review(version=version, actor=author)
    assert "was sent back" not in page(author, cast.project)


def written(cast: Cast, author: User) -> RubricVersion:
    made = rubric_create(project=cast.project, actor=author, name="Warmth", content=rubric_text())
    return made.versions.get()


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
    _fill(cast, user, 6)
    # Rows that were not there at all bring the queries that read about them, once.
    assert _queries(user, cast) <= few + 4


def _fill(cast: Cast, user: User, count: int) -> None:
    for _ in range(count):
        setting = Setting(cast.project, user)
        item(setting)
        made = rubric(setting)
        RubricVersion.objects.create(
            project=cast.project, rubric=made, number=2, draft={}, author=user,
            saved_at=timezone.now(),
        )  # fmt: skip


RUNS = (
    import_run, generation_run, judge_run, fit_run, battery_run, difficulty_run, impact_run,
    evaluation_run, training_run, model_fetch, export_run,
)  # fmt: skip


@pytest.mark.parametrize("make", RUNS)
def test_the_page_costs_the_same_for_more_runs(make: Callable[[Setting], Run], cast: Cast) -> None:
    lead = cast.leads[0]
    _finish(make(Setting(cast.project, lead)))
    few = _queries(lead, cast)
    for _ in range(RUNS_SHOWN - 1):
        _finish(make(Setting(cast.project, lead)))
    assert _queries(lead, cast) == few


def test_the_page_costs_the_same_for_more_runs_of_all_kinds(cast: Cast) -> None:
    lead = cast.leads[0]
    for make in RUNS:
        _finish(make(Setting(cast.project, lead)))
    few = _queries(lead, cast)
    for make in RUNS:
        _finish(make(Setting(cast.project, lead)))
    assert _queries(lead, cast) <= few


def _finish(run: Run) -> None:
    type(run).objects.filter(pk=run.pk).update(status=Status.SUCCEEDED, ended_at=timezone.now())


def test_each_run_says_how_far_it_is_and_what_it_left_out(cast: Cast) -> None:
    lead = cast.leads[0]
    whole, partly = (generation_run(Setting(cast.project, lead)) for _ in range(2))
    judged = judge_run(Setting(cast.project, lead))
    profile = Profile.objects.create(project=cast.project, number=9, text="Ann", content_hash="a")
    for run, states in ((whole, ("done", "done")), (partly, ("done", "failed", "done"))):
        _finish(run)
        GenerationItem.objects.bulk_create(
            GenerationItem(
                project=cast.project, run=run, position=n, state=state, profile=profile,
            )
            for n, state in enumerate(states)
        )  # fmt: skip
    rows = {row.run: (row.done, row.total, row.is_partly) for row in runs_of(cast.member(lead))}
    assert rows == {whole: (2, 2, False), partly: (3, 3, True), judged: (0, 0, False)}


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
