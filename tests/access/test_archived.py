"""An archived project is read and not written: every POST, PUT, PATCH and DELETE of the table
is tried in one, and what reaches the database is looked at."""

import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.access.test_permissions import BY_NAME, RULES, ask, case_id, role_players, url_of
from tests.conftest import Cast
from tests.support.objects import Setting
from webapp.accounts.models import Project

# What a lead does with an archived project; a run that was under way may always be stopped.
ALLOWED = re.compile(r"^(api_)?project(_archive|_reopen|_delete)?$|_cancel(\(\w+\))?$|_revoke$")
# The sign-in of the test, and a person's row as a rater, which nobody sees.
OWN = re.compile(r'"(django_session|usersessions_usersession|accounts_user|annotation_rater)"')
CASES = [
    (rule, method)
    for rule in RULES
    for method in rule.methods
    if method != "GET" and rule.name in BY_NAME and BY_NAME[rule.name].in_project
    if not ALLOWED.search(rule.name) or method == "PATCH"
]


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "method"), CASES, ids=case_id)
def test_nothing_is_written(rule: object, method: str, cast: Cast) -> None:
    cache.clear()
    name, allowed = rule.name, rule.allowed  # type: ignore[attr-defined]
    route, people = BY_NAME[name], role_players(cast)
    person = next(people[role] for role in people if role in allowed)
    setting = Setting(cast.project, person)
    url_of(route, setting, cast.project.pk)  # makes the rows that the URL names
    Project.objects.filter(pk=cast.project.pk).update(archived_at=timezone.now())
    with CaptureQueriesContext(connection) as seen:
        answer = ask(person, method, route, setting)
    assert answer.status_code < 500
    written = [
        query["sql"]
        for query in seen
        if query["sql"].startswith(("INSERT", "UPDATE", "DELETE")) and not OWN.search(query["sql"])
    ]
    assert written == []
