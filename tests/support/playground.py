"""Tries of the playground, worked, and what their page shows."""

from typing import Any

from annotation.impact import work
from annotation.impact.live import render_playground
from annotation.impact.results import playground_state
from annotation.models import PlaygroundRun
from tests.conftest import Cast
from tests.support.pages import html_of


def worked(run: PlaygroundRun) -> PlaygroundRun:
    work.work(PlaygroundRun, str(run.pk))
    return PlaygroundRun.objects.select_related(
        "before", "after", "judge", "project", "version__rubric"
    ).get(pk=run.pk)


def state_of(cast: Cast, run: PlaygroundRun) -> Any:
    return playground_state(run, cast.member(cast.clinicians[0]))


def shown(cast: Cast, run: PlaygroundRun) -> str:
    return html_of(render_playground(run, cast.member(cast.clinicians[0])))
