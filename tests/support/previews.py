"""Impact previews, worked, and what their page shows."""

from annotation.impact import work
from annotation.impact.preview import ImpactState
from annotation.models import ImpactRun
from tests.conftest import Cast
from tests.support.pages import html_of


def worked(run: ImpactRun) -> ImpactRun:
    work.work(ImpactRun, str(run.pk))
    run.refresh_from_db()
    return ImpactRun.objects.select_related("before", "after", "judge", "project").get(pk=run.pk)


def state_of(cast: Cast, run: ImpactRun) -> ImpactState:
    return ImpactState(run, cast.member(cast.clinicians[0]))


def client_page(cast: Cast, run: ImpactRun) -> str:
    from django.test import Client

    client = Client()
    client.force_login(cast.clinicians[0])
    answer = client.get(f"/p/{cast.project.pk}/rubrics/impact/{run.pk}/")
    assert answer.status_code == 200
    return html_of(answer)
