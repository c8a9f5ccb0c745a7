"""What the pages of every kind of run share."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.loader import render_to_string
from django_htmx.http import HttpResponseClientRedirect

from webapp.runs.models import Run


def back_to_run(request: HttpRequest, url_name: str, run: Run) -> HttpResponse:
    """After an action: the run's page again, for a button (htmx) and for a plain form."""
    url = resolve_url(url_name, project_id=run.project_id, run_id=run.pk)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(url)
    return redirect(url)


def render_parts(folder: str, names: Sequence[str], **context: Any) -> Sequence[str]:
    """The partials of a folder that are sent while a run works."""
    return [render_to_string(f"{folder}/_{name}.html", {**context, "live": True}) for name in names]
