"""API tokens: what their scope allows, when they end, and what ends with them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import Cast
from tests.support.pages import html_of
from webapp.accounts.limits import TOKEN_DAYS
from webapp.accounts.models import ApiToken, Invitation, Scope, User
from webapp.accounts.tokens import create_token, revoke_token
from webapp.audit.models import Entry
from webapp.errors import Refused


def ask(user: User, scope: str, method: str, url: str, **data: Any) -> Any:
    """What the API answers to a token of the person."""
    _, secret = create_token(user=user, name="script", scope=scope)
    return send(secret, method, url, **data)


def send(secret: str, method: str, url: str, **data: Any) -> Any:
    return Client().generic(
        method,
        url,
        json.dumps(data),
        content_type="application/json",
        headers={"authorization": f"Bearer {secret}"},
    )


@pytest.mark.parametrize(
    ("scope", "reads", "writes", "administers"),
    [("read", 200, 403, 403), ("write", 200, 201, 403), ("administer", 200, 201, 201)],
)
def test_a_scope_bounds_what_a_token_may_do(
    scope: str, reads: int, writes: int, administers: int, cast: Cast
) -> None:
    lead, where = cast.leads[0], [cast.project.pk]
    invited = {"email": "new@example.org", "roles": ["annotator"]}
    rubrics, invitations = (
        reverse("api_rubric_list", args=where),
        reverse("api_invitation_list", args=where),
    )
    assert ask(lead, scope, "GET", rubrics).status_code == reads
    wrote = ask(lead, scope, "POST", rubrics, name="A rubric")
    assert wrote.status_code == writes, wrote.content
    administered = ask(lead, scope, "POST", invitations, **invited)
    assert administered.status_code == administers, administered.content


def test_a_refusal_names_the_scope_that_is_needed(cast: Cast) -> None:
    answer = ask(cast.admin, "write", "GET", reverse("api_person_list"))
    assert answer.status_code == 403
    assert answer.json()["detail"] == "This needs a token with the scope “administer”."
    assert ask(cast.admin, "administer", "GET", reverse("api_person_list")).status_code == 200


def test_a_scope_adds_nothing_to_a_persons_roles(cast: Cast) -> None:
    user = cast.annotators[0]
    assert ask(user, "administer", "GET", reverse("api_person_list")).status_code == 403
    url = reverse("api_invitation_list", args=[cast.project.pk])
    assert ask(user, "administer", "POST", url, email="a@b.org", roles=[]).status_code == 403


def test_no_token_makes_a_lasting_way_in(cast: Cast) -> None:
    user = cast.annotators[0]
    people = [
        ("POST", reverse("api_token_list"), {"name": "more"}),
        ("POST", reverse("api_person_password_link", args=[user.pk]), {}),
        ("PATCH", reverse("api_person", args=[user.pk]), {"is_admin": True}),
        (
            "POST",
            reverse("api_instance_invitation_list"),
            {"email": "new@example.org", "is_admin": True},
        ),
    ]
    for method, url, data in people:
        answer = ask(cast.admin, "administer", method, url, **data)
        assert answer.status_code == 403, url
        assert "Sign in to the studio" in answer.json()["detail"]
    user.refresh_from_db()
    assert not user.is_admin
    assert not ApiToken.objects.filter(name="more").exists()


def test_whoever_is_signed_in_creates_a_token_through_the_api(client: Client, cast: Cast) -> None:
    client.force_login(cast.annotators[0])
    given = {"name": "notebook", "scope": "write", "days": 7}
    answer = client.post(reverse("api_token_list"), given, content_type="application/json")
    assert answer.status_code == 201
    row = ApiToken.objects.get(name="notebook")
    assert row.scope == Scope.WRITE
    assert row.expires_at - row.created_at < timedelta(days=7, seconds=60)


def test_a_token_ends_at_its_expiry(cast: Cast, client: Client) -> None:
    row, secret = create_token(user=cast.annotators[0], name="old")
    assert send(secret, "GET", reverse("api_me")).status_code == 200
    ApiToken.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    answer = send(secret, "GET", reverse("api_me"))
    assert answer.status_code == 401
    assert "has expired" in answer.json()["detail"]
    client.force_login(cast.annotators[0])
    assert "Expired" in html_of(client.get(reverse("tokens")))


def test_no_token_lasts_longer_than_the_limit(cast: Cast, client: Client) -> None:
    for days in (0, TOKEN_DAYS.most + 1):
        with pytest.raises(Refused):
            create_token(user=cast.leads[0], name="t", days=days)
        client.force_login(cast.leads[0])
        given = {"name": "t", "scope": "read", "days": days}
        client.post(reverse("tokens"), given)
        client.post(reverse("api_token_list"), given, content_type="application/json")
    assert not ApiToken.objects.exists()


def test_revoking_a_token_revokes_what_it_made(cast: Cast) -> None:
    lead = cast.leads[0]
    row, secret = create_token(user=lead, name="script", scope="administer")
    url = reverse("api_invitation_list", args=[cast.project.pk])
    made = send(secret, "POST", url, email="new@example.org", roles=["annotator"]).json()
    other = ask(lead, "administer", "POST", url, email="b@example.org", roles=["lead"]).json()
    # A token that this one made when tokens still could.
    child, child_secret = create_token(user=lead, name="child", scope="administer")
    Entry.objects.create(
        action="token.created",
        actor=lead,
        object_kind="accounts.apitoken",
        object_id=str(child.pk),
        token_id=row.pk,
    )
    grandchild = send(child_secret, "POST", url, email="c@example.org", roles=["lead"]).json()
    revoke_token(user=lead, token=row)
    open_ones = Invitation.objects.filter(revoked_at=None).values_list("email", flat=True)
    assert list(open_ones) == [other["email"]]
    assert send(child_secret, "GET", reverse("api_me")).status_code == 401
    revoked = Entry.objects.filter(action="invitation.revoked").values_list("object_id", flat=True)
    assert set(revoked) == {made["id"], grandchild["id"]}
