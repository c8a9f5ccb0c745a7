"""Members, administrators and projects: who may do what to whom."""

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.conftest import Cast
from tests.support.factories import MembershipFactory, ProjectFactory, UserFactory
from tests.support.pages import html_of
from webapp.accounts.access import find_member
from webapp.accounts.models import Membership, Project, User
from webapp.accounts.services import members, people, projects
from webapp.audit.models import Entry
from webapp.errors import Refused


def roles(user: User, project: Project) -> set[str]:
    member = find_member(user, project.pk)
    return set(member.roles) if member else set()


def test_a_lead_changes_roles_and_removes_members(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    user = cast.annotators[0]
    where = [cast.project.pk, user.pk]
    client.post(reverse("member_roles", args=where), {"roles": ["clinician", "lead"]})
    assert roles(user, cast.project) == {"clinician", "lead"}
    client.post(reverse("member_remove", args=where))
    assert roles(user, cast.project) == set()
    assert client.post(reverse("member_remove", args=where)).status_code == 404
    entry = Entry.objects.get(action="member.roles_changed")
    assert entry.details == {"before": ["annotator"], "after": ["clinician", "lead"]}
    assert entry.project_id == cast.project.pk


def test_the_last_lead_stays(client: Client, cast: Cast) -> None:
    lead, other = cast.leads
    members.remove_member(actor=lead, project=cast.project, user=other)
    client.force_login(lead)
    where = [cast.project.pk, lead.pk]
    for name, data in (("member_remove", {}), ("member_roles", {"roles": ["annotator"]})):
        client.post(reverse(name, args=where), data)
        page = html_of(client.get(reverse("members", args=[cast.project.pk])))
        assert "This is the last lead of the project" in page
        assert roles(lead, cast.project) == {"lead"}


def test_a_deactivated_lead_does_not_count(cast: Cast) -> None:
    lead, other = cast.leads
    people.set_active(actor=cast.admin, user=other, active=False)
    with pytest.raises(Refused, match="last lead"):
        members.remove_member(actor=lead, project=cast.project, user=lead)


@pytest.mark.django_db(transaction=True)
def test_two_leads_who_remove_each_other_at_once_leave_one() -> None:
    project = ProjectFactory()
    leads = [MembershipFactory(project=project, role="lead").user for _ in range(2)]
    ready = threading.Barrier(2)

    def remove(actor: User, user: User) -> None:
        ready.wait()
        try:
            members.remove_member(actor=actor, project=project, user=user)
        except Refused:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in (leads, leads[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Membership.objects.filter(project=project, role="lead").count() == 1


def test_the_last_administrator_stays(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    for name, field in (("person_active", "active"), ("person_admin", "admin")):
        client.post(reverse(name, args=[cast.admin.pk]), {field: "0"})
        page = html_of(client.get(reverse("admin_people")))
        assert "This is the last administrator" in page
    user = cast.outsider
    client.post(reverse("person_admin", args=[user.pk]), {"admin": "1"})
    answer = client.post(reverse("person_admin", args=[cast.admin.pk]), {"admin": "0"})
    assert answer.url == reverse("home")
    assert set(User.objects.filter(is_admin=True)) == {user}


def test_administrators_and_leads_create_projects_and_lead_them(cast: Cast) -> None:
    for user in (cast.admin, cast.leads[0]):
        client = Client()
        client.force_login(user)
        data = {"name": f"Study of {user}", "description": "", "time_zone": "Europe/Vienna"}
        client.post(reverse("project_new"), {**data, "needs_approval": "", "created_by": "x"})
        made = Project.objects.get(name=data["name"])
        assert roles(user, made) == {"lead"}
        assert made.needs_approval
    with pytest.raises(Refused):
        projects.create_project(actor=cast.annotators[0], name="No")


def test_settings_change_and_an_archived_project_does_not(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    url = reverse("project_settings", args=[cast.project.pk])
    data = {"name": "Renamed", "description": "x", "time_zone": "Europe/Vienna"}
    client.post(url, data)
    project = Project.objects.get(pk=cast.project.pk)
    assert (project.name, project.needs_approval) == ("Renamed", False)
    assert Entry.objects.get(action="project.changed").details["fields"] == [
        "name",
        "description",
        "time_zone",
        "needs_approval",
    ]
    client.post(reverse("project_archive", args=[cast.project.pk]))
    assert client.post(url, {**data, "name": "Again"}).status_code == 403
    assert "The project is archived" in html_of(client.get(url))
    invite = reverse("member_invite", args=[cast.project.pk])
    assert client.post(invite, {"email": "a@b.org", "roles": "lead"}).status_code == 403
    client.post(reverse("project_reopen", args=[cast.project.pk]))
    assert client.post(url, data).status_code == 302


@pytest.mark.parametrize("name", ["members", "admin_people", "projects"])
def test_lists_cost_the_same_for_more_rows(
    client: Client, cast: Cast, name: str, django_assert_num_queries: Any
) -> None:
    user = cast.admin if name == "admin_people" else cast.leads[0]
    client.force_login(user)
    url = reverse(name, args=[cast.project.pk] if name == "members" else [])
    few = _queries(client, url)
    for _ in range(20):
        person = UserFactory()
        MembershipFactory(project=cast.project, user=person)
        MembershipFactory(user=user, role="lead")
    with django_assert_num_queries(few):
        client.get(url)


def _queries(client: Client, url: str) -> int:
    from django.test.utils import CaptureQueriesContext

    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_the_theme_and_the_profile_are_kept(client: Client, cast: Cast) -> None:
    user = cast.annotators[0]
    client.force_login(user)
    assert client.post(reverse("profile_theme"), {"theme": "dark"}).status_code == 204
    assert client.post(reverse("profile_theme"), {"theme": "pink"}).status_code == 400
    assert 'data-theme="dark"' in html_of(client.get(reverse("profile")))
    client.post(
        reverse("profile"),
        {"name": "Ana", "time_zone": "Europe/Vienna", "theme": "light", "is_admin": "on",
         "email": "new@example.org"},
    )  # fmt: skip
    user.refresh_from_db()
    assert (user.name, user.time_zone, user.theme) == ("Ana", "Europe/Vienna", "light")
    assert not user.single_keys
    assert not user.is_admin
    assert user.email == "ana@example.org"


def test_tokens_are_shown_once_and_belong_to_one_person(client: Client, cast: Cast) -> None:
    client.force_login(cast.annotators[0])
    page = html_of(client.post(reverse("tokens"), {"name": "laptop", "scope": "read", "days": 30}))
    secret = page.split('id="once">')[1].split("<")[0]
    assert secret.startswith("kst_")
    assert secret not in html_of(client.get(reverse("tokens")))
    token = cast.annotators[0].api_tokens.get()
    assert secret not in str(vars(token))
    bearer = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/me/", headers=bearer).status_code == 200
    thief = Client()
    thief.force_login(cast.leads[0])
    assert thief.post(reverse("token_revoke", args=[token.pk])).status_code == 404
    client.post(reverse("token_revoke", args=[token.pk]))
    assert Client().get("/api/me/", headers=bearer).status_code == 401


def outside_dialogs(page: str) -> str:
    return re.sub(r"<dialog.*?</dialog>", "", page, flags=re.DOTALL)


def test_whatever_takes_something_from_a_person_asks_first(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    user = cast.annotators[0]
    page = html_of(client.get(reverse("admin_people")))
    for name in ("person_active", "person_admin"):
        action = f'action="{reverse(name, args=[user.pk])}"'
        assert action in page
        assert action not in outside_dialogs(page)
    assert f"Deactivate {user}?" in page
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("members", args=[cast.project.pk])))
    action = f'action="{reverse("member_remove", args=[cast.project.pk, user.pk])}"'
    assert action in page
    assert action not in outside_dialogs(page)
    # The roles are ticked on the page, and the dialog holds the button that sends them.
    assert f'form="roles-{user.pk}"' in page
    assert f'form="roles-{user.pk}"' not in outside_dialogs(page)
    assert 'type="submit" hidden disabled' in page
