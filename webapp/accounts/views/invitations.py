"""Follow an invitation: sign up, or join with the account that one has."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from webapp.accounts.forms import SignUpForm
from webapp.accounts.models import Invitation, User
from webapp.accounts.services import invitations
from webapp.errors import Refused
from webapp.text import listed

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found = invitations.find_open(token)
    if found is None:
        return render(request, "accounts/invitation_closed.html", status=410)
    if request.user.is_authenticated:
        return _join(request, token, found)
    if User.objects.filter(email__iexact=found.email).exists():
        return render(request, "accounts/invitation.html", _shown(found, state="sign_in"))
    return _sign_up(request, token, found)


def _join(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    if request.user.email.lower() != found.email.lower():
        return render(request, "accounts/invitation.html", _shown(found, state="other"))
    if request.method == "POST":
        try:
            invitations.accept_as(token=token, user=request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("home")
        return _into(found)
    return render(request, "accounts/invitation.html", _shown(found, state="join"))


def _sign_up(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    form = SignUpForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept_as_new(token=token, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            login(request, user, backend=BACKEND)
            return _into(found)
    return render(request, "accounts/invitation.html", _shown(found, state="new", form=form))


def _into(found: Invitation) -> HttpResponse:
    if found.project_id is None:
        return redirect("home")
    return redirect("project_home", project_id=found.project_id)


def _shown(found: Invitation, **more: object) -> dict[str, object]:
    roles = listed(found.role_labels).lower()
    return {"invitation": found, "roles": roles, **more}
