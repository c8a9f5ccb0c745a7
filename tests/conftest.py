"""The fixed cast of every test, and what all tests share."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from tests.factories import MembershipFactory, ProjectFactory, UserFactory
from webapp.accounts.access import Member, find_member
from webapp.accounts.models import Project, User

# Playwright's own event loop runs in the test's thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# Hypothesis measures how long an example takes. A busy machine is not a broken product.
hypothesis.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("patient")
# Marks of tests that take long.
LONG = {"browser", "slow", "vllm", "model"}


@dataclass(frozen=True)
class Cast:
    """Two clinicians, three annotators, two leads (the second one also annotates), an
    administrator, an outsider, and a lead of another project."""

    project: Project
    clinicians: tuple[User, User]
    annotators: tuple[User, User, User]
    leads: tuple[User, User]
    admin: User
    outsider: User
    other_project: Project
    stranger: User

    def member(self, user: User) -> Member:
        member = find_member(user, self.project.pk)
        assert member is not None
        return member


def _people(project: Project, role: str, names: list[str]) -> tuple[User, ...]:
    people = tuple(UserFactory(name=n, email=f"{n.split()[0].lower()}@example.org") for n in names)
    for user in people:
        MembershipFactory(project=project, user=user, role=role)
    return people


@pytest.fixture
def cast(db: None) -> Cast:
    admin = UserFactory(name="Ada Admin", email="admin@example.org", is_admin=True)
    project = ProjectFactory(name="Support study", created_by=admin)
    leads = _people(project, "lead", ["Lena Lead", "Luis Lead"])
    MembershipFactory(project=project, user=leads[1], role="annotator")
    other_project = ProjectFactory(name="Another study", created_by=admin)
    stranger = UserFactory(name="Sam Stranger", email="sam@example.org")
    for role in ("lead", "clinician", "annotator"):
        MembershipFactory(project=other_project, user=stranger, role=role)
    return Cast(
        project=project,
        clinicians=_people(project, "clinician", ["Clara Clinician", "Carl Clinician"]),
        annotators=_people(project, "annotator", ["Ana Annotator", "Ben Annotator", "Cem Rater"]),
        leads=leads,
        admin=admin,
        outsider=UserFactory(name="Olga Outsider", email="olga@example.org"),
        other_project=other_project,
        stranger=stranger,
    )


@pytest.fixture(autouse=True, scope="session")
def flush_past_triggers() -> Iterator[None]:
    """Tests that commit are cleaned up past the triggers that keep rows in earnest, and links. By
    DELETE: TRUNCATE makes new files for a hundred tables, most of them empty, in 0.6 s a test."""
    sql_flush = DatabaseOperations.sql_flush

    def delete(self: DatabaseOperations, style: Any, tables: list[str], **_: Any) -> list[str]:
        deletes = [f"DELETE FROM {self.quote_name(table)}" for table in tables]  # noqa: S608
        return ["SET LOCAL session_replication_role = replica", *deletes]

    DatabaseOperations.sql_flush = delete
    yield
    DatabaseOperations.sql_flush = sql_flush


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """From the first browser test on, Playwright's event loop counts as running in this thread.
    It is hidden from tests without a browser, so that the order of tests does not matter."""
    if "browser" in item.keywords:
        return (yield)
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(loop)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones come first, so that several processes end at about the same time."""
    items.sort(key=lambda item: not LONG & {mark.name for mark in item.iter_markers()})
