"""Administrators: the people of the instance."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts import queries
from webapp.accounts.forms import InstanceInviteForm
from webapp.accounts.models import Invitation, User
from webapp.accounts.pages import admin_page
from webapp.accounts.services import invitations, people
from webapp.accounts.views.outcomes import attempt
from webapp.errors import Refused


@admin_page
@require_GET
def admin_people(request: HttpRequest) -> HttpResponse:
    return _page(request, InstanceInviteForm())


@admin_page
@require_POST
def admin_invite(request: HttpRequest) -> HttpResponse:
    form = InstanceInviteForm(request.POST)
    if form.is_valid():
        try:
            made, token = invitations.invite(actor=request.user, project=None, **form.cleaned_data)
        except Refused as refusal:
            form.add_error("email", str(refusal))
        else:
            url = request.build_absolute_uri(reverse("invitation", args=[token]))
            return _page(request, InstanceInviteForm(), invited=made, link=url)
    return _page(request, form)


@admin_page
@require_POST
def admin_invitation_revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    found = get_object_or_404(Invitation, pk=invitation_id, project=None)
    attempt(
        request,
        f"The invitation for {found.email} was revoked.",
        lambda: invitations.revoke(actor=request.user, invitation=found),
    )
    return redirect("admin_people")


@admin_page
@require_POST
def person_active(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Deactivate or activate: `active` is 0 or 1."""
    user = get_object_or_404(User, pk=user_id)
    active = request.POST.get("active") == "1"
    done = f"{user} can sign in again." if active else f"{user} can no longer sign in."
    attempt(request, done, lambda: people.set_active(actor=request.user, user=user, active=active))
    return redirect("admin_people")


@admin_page
@require_POST
def person_admin(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """Make an administrator or take it back: `admin` is 0 or 1."""
    user = get_object_or_404(User, pk=user_id)
    admin = request.POST.get("admin") == "1"
    done = f"{user} is {'now' if admin else 'no longer'} an administrator."
    attempt(request, done, lambda: people.set_admin(actor=request.user, user=user, admin=admin))
    # Whoever takes it from themselves may not see the page any more.
    is_left_out = user == request.user and not User.objects.get(pk=user.pk).is_admin
    return redirect("home" if is_left_out else "admin_people")


@admin_page
@require_POST
def person_password_link(request: HttpRequest, user_id: UUID) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id, is_active=True)
    path = people.password_link(actor=request.user, user=user)
    return _page(request, InstanceInviteForm(), linked=user, link=request.build_absolute_uri(path))


def _page(request: HttpRequest, form: InstanceInviteForm, **more: object) -> HttpResponse:
    context = {
        "form": form,
        "people": queries.people(),
        "invitations": queries.invitations_of(None),
        **more,
    }
    return render(request, "accounts/people.html", context)
