"""What each person sets for themselves."""

from uuid import UUID

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from webapp.accounts import queries
from webapp.accounts.forms import ProfileForm, ThemeForm, TokenForm
from webapp.accounts.models import ApiToken
from webapp.accounts.services import people
from webapp.accounts.tokens import create_token, revoke_token


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        people.change_profile(user=request.user, **form.cleaned_data)
        messages.success(request, "Your profile is saved.")
        return redirect("profile")
    context = {"form": form, "has_second_factor": is_mfa_enabled(request.user)}
    return render(request, "accounts/profile.html", context)


@login_required
@require_POST
def profile_theme(request: HttpRequest) -> HttpResponse:
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("Choose system, light or dark.")
    people.set_theme(user=request.user, theme=form.cleaned_data["theme"])
    return HttpResponse(status=204)


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST or None)
    secret = None
    if request.method == "POST" and form.is_valid():
        # Shown in this answer and never again: only its hash is kept.
        _, secret = create_token(user=request.user, **form.cleaned_data)
        form = TokenForm()
    context = {
        "form": form,
        "secret": secret,
        "tokens": queries.tokens_of(request.user),
        "now": timezone.now(),
    }
    return render(request, "accounts/tokens.html", context)


@login_required
@require_POST
def token_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=token_id, user=request.user)
    revoke_token(user=request.user, token=token)
    messages.success(request, f"The token “{token.name}” was revoked.")
    return redirect("tokens")
