"""The audit log: append-only for everybody, readable for administrators."""

import csv
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import Cast
from tests.support.objects import Setting
from tests.support.pages import html_of
from tests.support.rows import queue, snapshot, version
from tests.support.run_rows import judge_run, training_run
from webapp.accounts.tokens import create_token
from webapp.audit import downloads, services
from webapp.audit.models import Entry
from webapp.audit.queries import PAGE, Filters, entries, lines_of


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET action = 'other'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "TRUNCATE audit_entry CASCADE",
    ],
)
def test_the_database_refuses_to_change_entries(cast: Cast, sql: str) -> None:
    services.record("project.changed", actor=cast.admin, object=cast.project)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with (
        pytest.raises(DatabaseError, match="append-only|Cannot update or delete|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Entry.objects.count() == 1


def fill(cast: Cast, count: int) -> None:
    for number in range(count):
        services.record(
            "project.changed" if number % 2 else "endpoint.tested",
            actor=cast.leads[number % 2],
            object=cast.project,
            project_id=cast.project.pk,
            number=number,
            items=3,
        )


def test_the_page_filters_and_turns_by_key(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    fill(cast, 2 * PAGE + 10)
    seen: list[int] = []
    url = reverse("audit")
    while url:
        answer = client.get(url)
        seen += [line.entry.pk for line in answer.context["lines"]]
        url = reverse("audit") + answer.context["next_url"] if answer.context["next_url"] else ""
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 2 * PAGE + 10
    for query, wanted in (
        ({"action": "endpoint.tested"}, PAGE),
        ({"actor": cast.leads[0].pk}, PAGE),
        ({"project": cast.other_project.pk}, 0),
        ({"action": "no.such"}, PAGE),
        ({"before": "0"}, PAGE),
        ({"actor": "x", "before": "abc"}, PAGE),
    ):
        assert len(client.get(reverse("audit"), query).context["lines"]) == wanted


def test_the_page_costs_the_same_for_more_rows(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    client.get(reverse("audit"))
    setting = Setting(cast.project, cast.leads[0])
    numbered = [version(setting), snapshot(setting), judge_run(setting), training_run(setting)]
    counts = []
    for rows in (2, 20):
        fill(cast, rows)
        # Of one kind, then of four.
        for row in numbered[: 1 if rows == 2 else 4]:
            services.record("thing.changed", actor=cast.leads[1], object=row)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("audit"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_line_says_who_did_what_to_which_object(cast: Cast) -> None:
    lead, rater = cast.leads[0], cast.annotators[0]
    setting = Setting(cast.project, lead)
    run = judge_run(setting)
    services.record("judging.cancelled", actor=lead, object=run)
    services.record("member.removed", actor=lead, object=rater, project_id=cast.project.pk)
    services.record("queue.raters_set", actor=None, object=queue(setting), added=[str(rater.pk)])
    services.record("project.archived", actor=lead, object=cast.project)
    lines = lines_of(list(entries(Filters())[:4]))
    assert [(line.who, line.what, line.object, line.project) for line in lines] == [
        ("Lena Lead", "Project: archived", "Support study", ""),
        ("The studio", "Queue: raters changed", "Queue 1", "Support study"),
        ("Lena Lead", "Member: removed", "Ana Annotator", "Support study"),
        ("Lena Lead", "Judge run: cancelled", f"Judge run {run.number}", "Support study"),
    ]
    assert lines[1].details == [("added", "Ana Annotator")]


def test_a_line_outlives_what_it_speaks_of(cast: Cast) -> None:
    gone = uuid4()
    Entry.objects.create(
        action="widget.turned", object_kind="gone.widget", object_id=str(gone), project_id=gone
    )
    (line,) = lines_of(list(entries(Filters())))
    assert (line.who, line.object, line.project) == ("The studio", "Widget", "Deleted project")


# One entry an hour around the midnight that ends 10 March in Tokyo (15:00 UTC).
@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ({"since": "2026-03-11"}, [15, 16]),
        ({"until": "2026-03-10"}, [13, 14]),
        ({"since": "2026-03-10", "until": "2026-03-10"}, [13, 14]),
        ({"since": "2026-03-12"}, []),
        # What can't be read is said and filters nothing.
        ({"since": "yesterday"}, [13, 14, 15, 16]),
        ({"until": "9999-12-31"}, [13, 14, 15, 16]),
    ],
)
def test_days_begin_and_end_where_the_person_is(
    client: Client, cast: Cast, query: dict[str, str], hours: list[int]
) -> None:
    cast.admin.time_zone = "Asia/Tokyo"
    cast.admin.save()
    client.force_login(cast.admin)
    with connection.cursor() as cursor:
        # Entries of that time; `at` is set by the clock and never changed.
        for hour in (13, 14, 15, 16):
            cursor.execute(
                "INSERT INTO audit_entry (at, action, actor_id, object_kind, object_id, details) "
                "VALUES (%s, 'span.tested', %s, 'accounts.user', %s, '{}')",
                [f"2026-03-10 {hour}:00:00+00", cast.leads[0].pk, str(cast.leads[0].pk)],
            )
    answer = client.get(reverse("audit"), {"action": "span.tested", **query})
    found = sorted(line.entry.at.hour for line in answer.context["lines"])
    assert found == hours
    unreadable = any(value in ("yesterday", "9999-12-31") for value in query.values())
    assert bool(answer.context["form"].errors) is unreadable
    if hours and not unreadable:
        at = html_of(answer)
        assert ("11 Mar 2026, 00:00:00" in at) is (15 in hours)
        assert "times in Asia/Tokyo" in at
    instants = {
        "since": "2026-03-10T15:00:00Z",
        "until": "2026-03-10T16:00:00Z",
        "action": "span.tested",
    }
    results = client.get(reverse("api_audit_list"), instants).json()["results"]
    assert [row["at"] for row in results] == ["2026-03-11T00:00:00+09:00"]


def test_the_last_day_is_not_before_the_first(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    query = {"since": "2026-03-11", "until": "2026-03-10"}
    assert "This day is before the first one." in html_of(client.get(reverse("audit"), query))
    # A file that left out a filter without a word would be wrong.
    answer = client.get(reverse("audit_export"), query)
    assert answer.url == reverse("audit", query=query)


# The client of tests reads what is sent asynchronously at once.
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_the_filtered_log_is_exported_whole(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    cast.admin.time_zone = "Asia/Tokyo"
    cast.admin.save()
    cast.leads[0].name = '=HYPERLINK("x")'
    cast.leads[0].save()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(downloads, "CHUNK", 7)
        fill(cast, 40)
        for url in (reverse("audit_export"), reverse("api_audit_export")):
            answer = client.get(url, {"action": "endpoint.tested"})
            assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
            assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
            text = b"".join(answer).decode()
            rows = list(csv.DictReader(io.StringIO(text)))
            # Newest first, all of them, across the chunks.
            numbers = [json.loads(row["raw_details"])["number"] for row in rows]
            assert numbers == list(range(38, -1, -2))
            assert rows[0]["person"] == '\'=HYPERLINK("x")'
            assert rows[0]["what"] == "Endpoint: tested"
            assert rows[0]["details"] == "items: 3 | number: 38"
            assert rows[0]["at"].endswith("+09:00")
            assert rows[0]["actor_id"] == str(cast.leads[0].pk)
    # Who takes the log along is in the log.
    assert Entry.objects.filter(action="audit.exported", actor=cast.admin).count() == 2


# The client of tests reads what is sent asynchronously at once.
@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
def test_an_export_costs_the_same_for_more_rows_of_a_chunk(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    b"".join(client.get(reverse("audit_export")))
    counts = []
    for rows in (2, 20):
        fill(cast, rows)
        with CaptureQueriesContext(connection) as captured:
            b"".join(client.get(reverse("audit_export")))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_api_filters_by_an_allow_list(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    fill(cast, 6)
    url = reverse("api_audit_list")
    assert len(client.get(url, {"action": "project.changed"}).json()["results"]) == 3
    # What is not on the list filters nothing, and never reaches into other tables.
    answer = client.get(url, {"actor__password__startswith": "argon2", "page_size": 2})
    assert len(answer.json()["results"]) == 2
    assert answer.json()["next"]


def test_entries_tell_where_and_with_which_token(cast: Cast, client: Client) -> None:
    token, secret = create_token(user=cast.leads[0], name="laptop", scope="administer")
    client.post(
        reverse("api_project_archive", args=[cast.project.pk]),
        headers={"authorization": f"Bearer {secret}"},
    )
    entry: Any = Entry.objects.get(action="project.archived")
    assert (entry.address, entry.token_id) == ("127.0.0.1", token.pk)
    client.force_login(cast.leads[0])
    client.post(reverse("project_reopen", args=[cast.project.pk]))
    assert Entry.objects.get(action="project.reopened").token_id is None
