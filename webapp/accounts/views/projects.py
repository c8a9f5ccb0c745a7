"""Projects: the list, a new one, and what its leads set."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from webapp.accounts import queries
from webapp.accounts.access import Member
from webapp.accounts.forms import DeleteProjectForm, ProjectForm, ProjectSettingsForm
from webapp.accounts.models import Role
from webapp.accounts.pages import project_page
from webapp.accounts.services import deletion
from webapp.accounts.services import projects as services
from webapp.errors import Refused


@login_required
@require_GET
def projects(request: HttpRequest) -> HttpResponse:
    roles = queries.roles_by_project(request.user)
    rows = [
        (project, ", ".join(Role.labels_of(roles[project.pk])))
        for project in queries.projects_of(request.user)
    ]
    context = {
        "rows": rows,
        "being_deleted": queries.being_deleted(request.user),
        "may_create": queries.may_create_project(request.user),
    }
    return render(request, "accounts/projects.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def project_new(request: HttpRequest) -> HttpResponse:
    if not queries.may_create_project(request.user):
        raise PermissionDenied("Only administrators and project leads can create a project.")
    form = ProjectForm(request.POST or None, initial={"time_zone": request.user.time_zone})
    if request.method == "POST" and form.is_valid():
        project = services.create_project(actor=request.user, **form.cleaned_data)
        messages.success(request, f"“{project.name}” has been created. You are its lead.")
        return redirect("project_home", project_id=project.pk)
    return render(request, "accounts/project_new.html", {"form": form})


@require_http_methods(["GET", "POST"])
@project_page("lead")
def project_settings(request: HttpRequest, member: Member) -> HttpResponse:
    form = ProjectSettingsForm(request.POST or None, instance=member.project)
    if request.method == "POST" and form.is_valid():
        services.change_project(actor=member.user, project=member.project, **form.cleaned_data)
        messages.success(request, "The settings are saved.")
        return redirect("project_settings", project_id=member.project.pk)
    return _page(request, member, form, DeleteProjectForm())


@require_POST
@project_page("lead")
def project_archive(request: HttpRequest, member: Member) -> HttpResponse:
    services.archive_project(actor=member.user, project=member.project)
    messages.success(
        request,
        "The project is archived. You can read everything, but nothing can be changed. Active "
        "runs stop, and continue when a lead opens the project again.",
    )
    return redirect("project_settings", project_id=member.project.pk)


@require_POST
@project_page("lead")
def project_reopen(request: HttpRequest, member: Member) -> HttpResponse:
    services.reopen_project(actor=member.user, project=member.project)
    messages.success(request, "The project is open again.")
    return redirect("project_settings", project_id=member.project.pk)


@require_POST
@project_page("lead")
def project_delete(request: HttpRequest, member: Member) -> HttpResponse:
    confirm = DeleteProjectForm(request.POST)
    if confirm.is_valid():
        try:
            deletion.delete_project(
                actor=member.user, project=member.project, typed_name=confirm.cleaned_data["name"]
            )
        except Refused as refusal:
            confirm.add_error("name", str(refusal))
        else:
            messages.success(request, f"“{member.project.name}” was deleted.")
            return redirect("projects")
    return _page(request, member, ProjectSettingsForm(instance=member.project), confirm)


def _page(
    request: HttpRequest, member: Member, form: ProjectSettingsForm, confirm: DeleteProjectForm
) -> HttpResponse:
    context = {"member": member, "project": member.project, "form": form, "confirm": confirm}
    return render(request, "accounts/project_settings.html", context)
