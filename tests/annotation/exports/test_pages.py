"""The pages of exports, and the buttons that lead to them."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from annotation.exports.limits import MAX_FILTER
from annotation.models import ExportRun
from tests.conftest import Cast
from tests.support.desk import Desk
from tests.support.dialogues import added, parsed
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.support.run_rows import export_run, judge_run, training_run
from tests.support.stored import as_shown
from webapp.accounts.models import Membership
from webapp.audit.models import Entry


def url(name: str, cast: Cast, *args: Any) -> str:
    return reverse(name, args=[cast.project.pk, *args])


def new(cast: Cast, table: str, **filters: Any) -> str:
    return f"{url('export_new', cast)}?{urlencode({'table': table} | filters)}"


def test_the_filters_of_the_list_come_along(cast: Cast, client: Client) -> None:
    added(cast.project, parsed(1), parsed(2, emotion="proud"))
    client.force_login(cast.clinicians[0])
    shown = client.get(url("dialogues", cast), {"emotion": "proud"})
    link = new(cast, "dialogues", emotion="proud")
    assert escape(link) in html_of(shown)
    form = client.get(link)
    assert "Dialogues whose seeker feels proud. 1 dialogue now." in html_of(form)
    answer = client.post(link, as_shown(form) | {"format": "parquet"})
    run = ExportRun.objects.get()
    assert answer.url == url("export", cast, run.pk)
    assert (run.table, run.format, run.filters) == ("dialogues", "parquet", {"emotion": "proud"})
    assert run.created_by == cast.clinicians[0]
    assert "Queued" in html_of(client.get(answer.url))
    assert "whose seeker feels proud" in html_of(client.get(url("exports", cast)))


def test_a_second_click_starts_no_second_export(cast: Cast, client: Client) -> None:
    added(cast.project, parsed(1))
    client.force_login(cast.leads[0])
    form = as_shown(client.get(new(cast, "dialogues")))
    for _ in range(2):
        client.post(new(cast, "dialogues"), form)
    assert ExportRun.objects.count() == 1


def test_nothing_to_export_is_said_before_and_after(cast: Cast, client: Client) -> None:
    client.force_login(cast.leads[0])
    page = new(cast, "dialogues")
    form = client.get(page)
    assert "0 dialogues now" in html_of(form)
    answer = client.post(page, as_shown(form))
    assert "There are no dialogues here to export." in html_of(answer)
    assert "Choose a judge run." in html_of(client.get(new(cast, "judge_scores")))
    assert not ExportRun.objects.exists()


def test_a_table_that_is_none_or_not_for_this_role(cast: Cast, client: Client) -> None:
    client.force_login(cast.annotators[0])
    assert client.get(new(cast, "secrets")).status_code == 404
    for table in ("dialogues", "judge_scores", "agreement", "sft", "rollouts"):
        assert client.get(new(cast, table)).status_code == 403
    client.force_login(cast.clinicians[0])
    for table in ("rollouts", "preferences"):
        assert client.get(new(cast, table)).status_code == 403


def test_the_file_is_an_attachment_and_noted(cast: Cast, client: Client) -> None:
    run = export_run(Setting(cast.project, cast.annotators[0]))
    client.force_login(cast.annotators[0])
    answer = client.get(url("export_download", cast, run.pk))
    assert answer["Content-Disposition"] == 'attachment; filename="support-study-ratings-1.csv"'
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert len(b"".join(answer)) == 16
    entry = Entry.objects.get(action="export.downloaded")
    assert (entry.actor, entry.object_id) == (cast.annotators[0], str(run.pk))


def test_a_file_that_is_removed_at_this_moment_is_not_there_and_not_noted(
    cast: Cast, client: Client
) -> None:
    run = export_run(Setting(cast.project, cast.leads[0]))
    assert run.file is not None
    default_storage.delete(run.file.path)
    client.force_login(cast.leads[0])
    assert client.get(url("export_download", cast, run.pk)).status_code == 404
    assert not Entry.objects.filter(action="export.downloaded").exists()


def test_an_export_is_its_owners_alone(cast: Cast, client: Client) -> None:
    """It holds what its owner may see; another lead may be blind to some of it."""
    run = export_run(Setting(cast.project, cast.leads[0]))
    client.force_login(cast.leads[1])
    assert f"Export {run.number}" not in html_of(client.get(url("exports", cast)))
    for name in ("export", "export_download"):
        assert client.get(url(name, cast, run.pk)).status_code == 404
    for name in ("export_remove", "run_cancel", "run_resume"):
        assert client.post(url(name, cast, run.pk)).status_code == 404
    run.refresh_from_db()
    assert run.has_file


def test_who_lost_the_role_downloads_nothing(cast: Cast, client: Client) -> None:
    run = export_run(Setting(cast.project, cast.leads[0]))
    ExportRun.objects.update(table="dialogues")
    Membership.objects.filter(user=cast.leads[0]).update(role="annotator")
    client.force_login(cast.leads[0])
    assert client.get(url("export_download", cast, run.pk)).status_code == 403


def test_a_file_of_a_lead_is_not_for_the_annotator_that_they_became(
    cast: Cast, client: Client
) -> None:
    """Annotators may export ratings, but their own only."""
    run = export_run(Setting(cast.project, cast.leads[0]))
    ExportRun.objects.update(roles=["lead"])
    client.force_login(cast.leads[0])
    assert client.get(url("export_download", cast, run.pk)).status_code == 200
    Membership.objects.filter(user=cast.leads[0]).update(role="annotator")
    answer = client.get(url("export_download", cast, run.pk))
    assert answer.status_code == 403
    assert "You had other roles" in html_of(answer)


def test_a_filter_that_is_too_long_is_refused(cast: Cast, client: Client) -> None:
    added(cast.project, parsed(1))
    client.force_login(cast.leads[0])
    page = new(cast, "dialogues")
    form = as_shown(client.get(page)) | {"source": "x" * (MAX_FILTER + 1)}
    answer = client.post(page, form)
    assert f"at most {MAX_FILTER} characters" in html_of(answer)
    assert not ExportRun.objects.exists()


def test_a_removed_file_leaves_its_description(cast: Cast, client: Client) -> None:
    run = export_run(Setting(cast.project, cast.leads[0]))
    client.force_login(cast.leads[0])
    answer = client.post(url("export_remove", cast, run.pk), follow=True)
    said = html_of(answer)
    assert f"The file of export {run.number} was removed." in said
    assert run.sha256 in said and "Removed on" in said
    assert client.get(url("export_download", cast, run.pk)).status_code == 404
    again = client.post(url("export_remove", cast, run.pk), follow=True)
    assert "This export has no file to remove." in html_of(again)


def test_an_annotator_starts_from_the_own_ratings(at_desk: Desk, client: Client) -> None:
    cast = at_desk.cast
    at_desk.rate(cast.annotators[0])
    client.force_login(cast.annotators[0])
    link = new(cast, "ratings")
    assert f'href="{link}"' in html_of(client.get(url("my_ratings", cast)))
    assert "Your own ratings. 1 rating now." in html_of(client.get(link))


def test_every_page_with_rows_has_the_link(at_desk: Desk, client: Client) -> None:
    cast = at_desk.cast
    at_desk.rate(cast.annotators[0])
    setting = Setting(cast.project, cast.leads[0])
    judging, training = judge_run(setting), training_run(setting)
    client.force_login(cast.leads[0])
    version, collection, dialogue = at_desk.version, at_desk.collection, at_desk.dialogues[0]
    pages = [
        (url("set", cast, collection.pk), "dialogues", {"set": collection.pk}),
        (url("dialogue", cast, dialogue.pk), "ratings", {"dialogue": dialogue.pk}),
        (url("queue", cast, at_desk.queue.pk), "ratings", {"queue": at_desk.queue.pk}),
        (url("agreement", cast), "agreement", {"version": version.pk}),
        (url("judge_run", cast, judging.pk), "judge_scores", {"judge_run": judging.pk}),
        (url("training_run", cast, training.pk), "rollouts", {"training_run": training.pk}),
        (url("training_run", cast, training.pk), "preferences", {"training_run": training.pk}),
    ]
    for page, table, query in pages:
        link = new(cast, table, **query)
        assert escape(link) in html_of(client.get(page)), (page, table)
        assert client.get(link).status_code == 200


@pytest.mark.parametrize("name", ["exports", "api_export_list"])
def test_a_long_list_asks_as_many_queries_as_a_short_one(
    cast: Cast, client: Client, name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    setting = Setting(cast.project, cast.leads[0])
    client.force_login(cast.leads[0])
    page = url(name, cast)
    export_run(setting), export_run(setting)
    client.get(page)
    with django_assert_num_queries(QUERIES[name]):
        client.get(page)
    for _ in range(18):
        export_run(setting)
    with django_assert_num_queries(QUERIES[name]):
        client.get(page)


QUERIES = {"exports": 4, "api_export_list": 4}
