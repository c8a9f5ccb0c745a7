"""The one surface of all runs: whoever may stops a run of any kind and lets it go on."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.access.table import rules
from tests.conftest import Cast
from tests.support.objects import RUNS, Setting
from webapp.accounts.models import Project, User
from webapp.ids import new_id
from webapp.runs import registry
from webapp.runs.access import find_run
from webapp.runs.models import Run, Status, Transition

pytestmark = pytest.mark.django_db

KINDS = sorted(kind.model.kind for kind in registry.kinds())
GO_ON = [name for name in KINDS if registry.find(name).goes_on]
ALLOWED = {rule.name: rule.allowed for rule in rules()}
# The addresses of the API: those of a kind that is stopped or goes on there.
API = {
    "battery": "api_battery",
    "export": "api_export",
    "fit": "api_fit",
    "generation": "api_generation",
    "impact": "api_impact",
    "import": "api_import",
    "judging": "api_judge_run",
    "suggestion": "api_suggestion_run",
    "training": "api_training",
}


@pytest.fixture(autouse=True)
def no_limit() -> None:
    cache.clear()


def made(cast: Cast, kind: str, status: Status, person: User | None = None) -> Run:
    """A run of a lead; of `person` where a kind is for the person who started it alone."""
    is_personal = registry.find(kind).is_personal
    owner = person if person and is_personal else cast.leads[0]
    run = RUNS[kind](Setting(cast.project, owner))
    ended = timezone.now() if status in (Status.FAILED, Status.SUCCEEDED) else None
    type(run).objects.filter(pk=run.pk).update(status=status, ended_at=ended)
    run.refresh_from_db()
    return run


def ask(person: User, action: str, run: Run, project: Project | None = None) -> HttpResponse:
    client = Client()
    client.force_login(person)
    project_id = project.pk if project else run.project_id
    return client.post(reverse(f"run_{action}", args=[project_id, run.pk]))


def people(cast: Cast) -> dict[str, User]:
    return {
        "clinician": cast.clinicians[0],
        "annotator": cast.annotators[0],
        "lead": cast.leads[0],
    }


def status_of(run: Run) -> str:
    run.refresh_from_db()
    return run.status


def said(answer: HttpResponse) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def archive(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(archived_at=timezone.now())


def test_every_kind_has_a_builder() -> None:
    assert sorted(RUNS) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_who_starts_may_stop_and_is_led_back(cast: Cast, kind: str) -> None:
    for role, person in people(cast).items():
        run = made(cast, kind, Status.PENDING, person)
        answer = ask(person, "cancel", run)
        if role in ALLOWED[f"run_cancel({kind})"]:
            assert (answer.status_code, answer.url) == (302, registry.find(kind).url(run))
            assert status_of(run) == Status.CANCELLED and said(answer) == []
            last = Transition.objects.filter(run_id=run.pk).latest("id")
            assert (last.after, last.actor) == (Status.CANCELLED, person)
        else:
            assert answer.status_code == 403
            assert status_of(run) == Status.PENDING


@pytest.mark.parametrize("kind", GO_ON)
def test_who_starts_may_let_go_on(cast: Cast, kind: str) -> None:
    for role, person in people(cast).items():
        run = made(cast, kind, Status.FAILED, person)
        answer = ask(person, "resume", run)
        if role in ALLOWED[f"run_resume({kind})"]:
            assert (answer.status_code, answer.url) == (302, registry.find(kind).url(run))
            assert status_of(run) == Status.PENDING and said(answer) == []
        else:
            assert answer.status_code == 403
            assert status_of(run) == Status.FAILED


@pytest.mark.parametrize("kind", sorted(set(KINDS) - set(GO_ON)))
def test_a_kind_whose_runs_do_not_go_on_says_so(cast: Cast, kind: str) -> None:
    run = made(cast, kind, Status.FAILED)
    answer = ask(cast.leads[0], "resume", run)
    assert said(answer) == [f"{run} can’t be resumed. Start a new one."]
    assert status_of(run) == Status.FAILED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("action", ["cancel", "resume"])
def test_a_run_of_another_project_is_not_found(cast: Cast, kind: str, action: str) -> None:
    run = made(cast, kind, Status.FAILED)
    for nobody in (cast.outsider, cast.stranger, cast.admin):
        assert ask(nobody, action, run).status_code == 404
    assert ask(cast.stranger, action, run, cast.other_project).status_code == 404
    assert status_of(run) == Status.FAILED


def test_an_id_that_no_run_has_is_not_found(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.leads[0])
    url = reverse("run_cancel", args=[cast.project.pk, new_id()])
    assert client.post(url).status_code == 404
    assert client.get(url).status_code == 405


@pytest.mark.parametrize("kind", KINDS)
def test_in_an_archived_project_a_run_is_stopped_and_none_goes_on(cast: Cast, kind: str) -> None:
    failed, waiting = made(cast, kind, Status.FAILED), made(cast, kind, Status.PENDING)
    archive(cast.project)
    answer = ask(cast.leads[0], "resume", failed)
    assert answer.status_code == 403 and "archived" in answer.content.decode()
    assert status_of(failed) == Status.FAILED
    assert ask(cast.leads[0], "cancel", waiting).status_code == 302
    assert status_of(waiting) == Status.CANCELLED


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_ended_says_that_there_is_nothing_to_stop(cast: Cast, kind: str) -> None:
    run = made(cast, kind, Status.SUCCEEDED)
    answer = ask(cast.leads[0], "cancel", run)
    assert (answer.status_code, answer.url) == (302, registry.find(kind).url(run))
    assert said(answer) == [f"{run} has already ended."]
    assert status_of(run) == Status.SUCCEEDED and run.cancel_requested_at is None


@pytest.mark.parametrize("kind", GO_ON)
def test_a_run_that_waits_or_finished_does_not_go_on(cast: Cast, kind: str) -> None:
    for status in (Status.PENDING, Status.SUCCEEDED):
        run = made(cast, kind, status)
        answer = ask(cast.leads[0], "resume", run)
        assert answer.status_code == 302
        assert said(answer) == [
            "You can only resume a run that failed, was stopped or left something out."
        ]
        assert status_of(run) == status


@pytest.mark.parametrize("kind", sorted(API))
def test_a_script_stops_a_run_and_lets_it_go_on(cast: Cast, kind: str) -> None:
    client, run = Client(), made(cast, kind, Status.PENDING)
    client.force_login(cast.leads[0])

    def post(action: str) -> HttpResponse:
        return client.post(reverse(f"{API[kind]}_{action}", args=[run.project_id, run.pk]))

    stopped = post("cancel")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "cancelled")
    if kind in GO_ON:
        assert post("resume").json()["status"] == "pending"
    assert stopped.json()["id"] == str(run.pk)


@pytest.mark.parametrize("kind", sorted(API))
def test_the_api_has_the_same_guards(cast: Cast, kind: str) -> None:
    client, run = Client(), made(cast, kind, Status.SUCCEEDED)
    client.force_login(cast.leads[0])
    actions = ["cancel", "resume"] if kind in GO_ON else ["cancel"]
    codes = {"cancel": "ended", "resume": "not_resumable"}
    urls = {a: reverse(f"{API[kind]}_{a}", args=[run.project_id, run.pk]) for a in actions}
    for action, url in urls.items():
        answer = client.post(url)
        assert (answer.status_code, answer.json()["code"]) == (409, codes[action])
    for role, person in people(cast).items():
        client.force_login(person)
        for action, url in urls.items():
            allowed = role in ALLOWED[f"{API[kind]}_{action}"]
            assert (client.post(url).status_code != 403) == allowed
    client.force_login(cast.stranger)
    for action in actions:
        foreign = reverse(f"{API[kind]}_{action}", args=[cast.other_project.pk, run.pk])
        assert client.post(foreign).status_code == 404


def test_finding_a_run_asks_all_kinds_at_once(cast: Cast, django_assert_num_queries: Any) -> None:
    member = cast.member(cast.leads[0])
    with django_assert_num_queries(1), pytest.raises(Http404):
        find_run(member, new_id())
