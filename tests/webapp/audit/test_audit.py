"""The audit log: append-only for everybody, readable for administrators."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.conftest import Cast
from webapp.accounts.tokens import create_token
from webapp.audit import services
from webapp.audit.models import Entry
from webapp.audit.queries import PAGE


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
        pytest.raises(DatabaseError, match="append-only|Cannot update or delete"),
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
        seen += [row.pk for row, *_ in answer.context["rows"]]
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
        assert len(client.get(reverse("audit"), query).context["rows"]) == wanted


def test_the_page_costs_the_same_for_more_rows(client: Client, cast: Cast) -> None:
    client.force_login(cast.admin)
    client.get(reverse("audit"))
    counts = []
    for rows in (2, 20):
        fill(cast, rows)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("audit"))
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
