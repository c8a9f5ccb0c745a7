"""Actions on the way of a version: review, approval, publication, archive."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from rubrics import access, history, queries, services
from rubrics.forms import PublishForm, RefuseForm, SeenForm
from rubrics.views.outcomes import about, act, valid
from webapp.accounts.access import Member
from webapp.accounts.pages import project_page


@require_http_methods(["GET", "POST"])
@project_page(*access.WRITERS)
def rubric_publish(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    """What publishing would do, for the dialog, which asks when it opens; and the click itself."""
    version = access.version_for(member, version_id)
    if request.method == "GET":
        context = {
            **about(member, version),
            "before": queries.published_before(version),
            "consequences": history.consequences(member.project, history.spec_of(version)),
        }
        return render(request, "rubrics/_publish_form.html", context)
    form = valid(PublishForm(request.POST))
    prefix = "meaning:"
    meanings = {
        key.removeprefix(prefix): answer == "yes"
        for key, answer in request.POST.items()
        if key.startswith(prefix)
    }
    return act(
        request,
        version,
        f"Version {version.number} is published.",
        lambda: services.version_publish(
            version=version, actor=member.user, meaning_changed=meanings, **form
        ),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_send_for_review(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = valid(SeenForm(request.POST))
    return act(
        request,
        version,
        f"Version {version.number} waits for another clinician or lead and is closed for writing. "
        "“Take back and edit” opens it again.",
        lambda: services.version_send_for_review(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_withdraw(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return act(
        request,
        version,
        f"Version {version.number} is a draft again.",
        lambda: services.version_withdraw_from_review(version=version, actor=member.user),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_approve(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = valid(SeenForm(request.POST))
    return act(
        request,
        version,
        f"You approved version {version.number}. It can be published now.",
        lambda: services.version_approve(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_refuse(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    form = valid(RefuseForm(request.POST))
    return act(
        request,
        version,
        f"Version {version.number} is a draft again, with your words.",
        lambda: services.version_refuse(version=version, actor=member.user, **form),
    )


@require_POST
@project_page(*access.WRITERS)
def rubric_archive(request: HttpRequest, member: Member, version_id: UUID) -> HttpResponse:
    version = access.version_for(member, version_id)
    return act(
        request,
        version,
        f"Draft {version.number} is set aside. The history keeps it, to be read and restored."
        if version.is_open
        else f"Version {version.number} is archived. What was rated by it keeps it.",
        lambda: services.version_archive(version=version, actor=member.user),
    )
