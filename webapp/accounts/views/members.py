"""Leads: who works in the project, and as what."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from webapp.accounts import queries
from webapp.accounts.access import Member
from webapp.accounts.forms import InviteForm, RolesForm
from webapp.accounts.models import Invitation, Role, User
from webapp.accounts.pages import project_page
from webapp.accounts.services import invitations
from webapp.accounts.services import members as services
from webapp.accounts.views.outcomes import attempt
from webapp.errors import Refused


@require_GET
@project_page("lead")
def members(request: HttpRequest, member: Member) -> HttpResponse:
    return _page(request, member, InviteForm())


@require_POST
@project_page("lead")
def member_invite(request: HttpRequest, member: Member) -> HttpResponse:
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            made, token = invitations.invite(
                actor=member.user, project=member.project, **form.cleaned_data
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            url = request.build_absolute_uri(reverse("invitation", args=[token]))
            return _page(request, member, InviteForm(), invited=made, link=url)
    return _page(request, member, form)


@require_POST
@project_page("lead")
def member_roles(request: HttpRequest, member: Member, user_id: UUID) -> HttpResponse:
    user = _member_user(member, user_id)
    form = RolesForm(request.POST)
    roles = form.cleaned_data["roles"] if form.is_valid() else []
    attempt(
        request,
        f"The roles of {user} were saved.",
        lambda: services.change_roles(
            actor=member.user, project=member.project, user=user, roles=roles
        ),
    )
    return _after(member, user)


@require_POST
@project_page("lead")
def member_remove(request: HttpRequest, member: Member, user_id: UUID) -> HttpResponse:
    user = _member_user(member, user_id)
    attempt(
        request,
        f"{user} was removed from the project. Their work stays.",
        lambda: services.remove_member(actor=member.user, project=member.project, user=user),
    )
    return _after(member, user)


@require_POST
@project_page("lead")
def invitation_revoke(request: HttpRequest, member: Member, invitation_id: UUID) -> HttpResponse:
    found = get_object_or_404(Invitation, pk=invitation_id, project=member.project)
    attempt(
        request,
        f"The invitation for {found.email} was revoked.",
        lambda: invitations.revoke(actor=member.user, invitation=found),
    )
    return redirect("members", project_id=member.project.pk)


def _member_user(member: Member, user_id: UUID) -> User:
    found = User.objects.filter(pk=user_id, memberships__project=member.project).first()
    if found is None:
        raise Http404("There is no such member in the project.")
    return found


def _after(member: Member, user: User) -> HttpResponse:
    """Back to the list, or home where the lead gave up the own role."""
    if user == member.user:
        return redirect("home")
    return redirect("members", project_id=member.project.pk)


def _page(request: HttpRequest, member: Member, form: InviteForm, **more: object) -> HttpResponse:
    context = {
        "member": member,
        "form": form,
        "roles": Role.choices,
        "members": queries.members_of(member.project),
        "invitations": queries.invitations_of(member.project),
        **more,
    }
    return render(request, "accounts/members.html", context)
