"""Invitations: links that work once."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import Cast
from tests.support.factories import ProjectFactory, UserFactory
from tests.support.pages import html_of
from webapp.accounts.access import find_member
from webapp.accounts.models import Invitation, User
from webapp.accounts.services import invitations, projects
from webapp.audit.models import Entry
from webapp.errors import Refused

NEW = {"name": "Nora New", "password": "a quite new sentence"}


def link_of(body: str) -> str:
    (link,) = re.findall(r'id="once">http://testserver(\S+?)<', body)
    return link


def invite(cast: Cast, email: str, *roles: str) -> str:
    _, token = invitations.invite(
        actor=cast.leads[0], project=cast.project, email=email, roles=roles or ("annotator",)
    )
    return token


def test_a_lead_invites_somebody_new_who_signs_up_and_is_in(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    answer = client.post(
        reverse("member_invite", args=[cast.project.pk]),
        {"email": "nora@example.org", "roles": ["clinician", "annotator"]},
    )
    link = link_of(html_of(answer))
    row = Invitation.objects.get()
    assert row.token_hash not in link
    assert link.split("/")[2] not in str(Invitation.objects.values().get())
    guest = Client()
    assert "Support study" in html_of(guest.get(link))
    weak = guest.post(link, {"name": "Nora", "password": "short"})
    assert "at least 10 characters" in html_of(weak)
    assert guest.post(link, NEW).url == reverse("project_home", args=[cast.project.pk])
    nora = User.objects.get(email="nora@example.org")
    member = find_member(nora, cast.project.pk)
    assert member is not None and member.roles == {"clinician", "annotator"}
    assert not nora.is_admin
    assert guest.get(reverse("profile")).status_code == 200
    assert Client().get(link).status_code == 410
    actions = set(Entry.objects.values_list("action", flat=True))
    assert {"invitation.created", "person.created", "invitation.accepted"} <= actions


def test_the_list_of_invitations_names_roles_as_people_do(client: Client, cast: Cast) -> None:
    invite(cast, "nora@example.org", "lead", "clinician")
    client.force_login(cast.leads[0])
    page = html_of(client.get(reverse("members", args=[cast.project.pk])))
    assert "<td>Clinician, Project lead</td>" in page


def test_an_existing_person_signs_in_and_joins(cast: Cast) -> None:
    token = invite(cast, cast.outsider.email.upper(), "clinician")
    link = reverse("invitation", args=[token])
    client = Client()
    assert "You already have an account" in html_of(client.get(link))
    # Nobody takes over the account by signing up with its address.
    client.post(link, NEW)
    assert find_member(cast.outsider, cast.project.pk) is None
    client.force_login(cast.outsider)
    assert "Join the project" in html_of(client.get(link))
    assert client.post(link).url == reverse("project_home", args=[cast.project.pk])
    member = find_member(cast.outsider, cast.project.pk)
    assert member is not None and member.roles == {"clinician"}


def test_somebody_else_who_is_signed_in_can_not_use_it(cast: Cast) -> None:
    link = reverse("invitation", args=[invite(cast, "nora@example.org")])
    client = Client()
    client.force_login(cast.outsider)
    assert "You are signed in as olga@example.org" in html_of(client.get(link))
    client.post(link, NEW)
    assert find_member(cast.outsider, cast.project.pk) is None


def test_an_invitation_adds_roles_and_takes_none(cast: Cast) -> None:
    user = cast.annotators[0]
    invitations.accept_as(token=invite(cast, user.email, "clinician"), user=user)
    member = find_member(user, cast.project.pk)
    assert member is not None and member.roles == {"annotator", "clinician"}


def test_a_new_invitation_replaces_the_open_one(cast: Cast) -> None:
    first = invite(cast, "nora@example.org")
    second = invite(cast, "Nora@example.org", "lead")
    assert invitations.find_open(first) is None
    assert invitations.find_open(second) is not None


@pytest.mark.parametrize("how", ["revoked", "old", "archived"])
def test_closed_invitations_answer_gone(client: Client, cast: Cast, how: str) -> None:
    token = invite(cast, "nora@example.org")
    row = Invitation.objects.get()
    if how == "revoked":
        invitations.revoke(actor=cast.leads[0], invitation=row)
    elif how == "old":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        projects.archive_project(actor=cast.leads[0], project=cast.project)
    assert client.post(reverse("invitation", args=[token]), NEW).status_code == 410
    with pytest.raises(Refused):
        invitations.accept_as_new(token=token, **NEW)
    assert not User.objects.filter(email="nora@example.org").exists()


def test_an_administrator_invites_to_the_instance(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    answer = client.post(reverse("admin_invite"), {"email": "nora@example.org", "is_admin": "on"})
    guest = Client()
    assert guest.post(link_of(html_of(answer)), NEW).url == reverse("home")
    assert User.objects.get(email="nora@example.org").is_admin


def test_a_lead_can_not_make_administrators_by_an_invitation(client: Client, cast: Cast) -> None:
    client.force_login(cast.leads[0])
    client.post(
        reverse("member_invite", args=[cast.project.pk]),
        {"email": "nora@example.org", "roles": ["lead"], "is_admin": "on"},
    )
    assert not Invitation.objects.get().is_admin
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.update(is_admin=True)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_follow_the_link_at_once_one_gets_in() -> None:
    lead = UserFactory()
    project = ProjectFactory(created_by=lead)
    _, token = invitations.invite(
        actor=lead, project=project, email="nora@example.org", roles=["annotator"]
    )
    ready, outcomes = threading.Barrier(4), []

    def accept(number: int) -> None:
        ready.wait()
        try:
            invitations.accept_as_new(token=token, name=f"N{number}", password="a long sentence")
            outcomes.append("in")
        except Refused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "refused", "refused", "refused"]
    assert User.objects.filter(email="nora@example.org").count() == 1
