"""The fixed cast of every test, and what all tests share."""

import asyncio
import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management.commands import flush
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from whitenoise.middleware import WhiteNoiseMiddleware

from tests.support.factories import ProjectFactory, UserFactory
from tests.support.migrated import by_superuser, migrated_database, superuser_url
from tests.support.services import is_ours
from tests.support.waiting import SHORT_S
from webapp.accounts.access import Member, find_member
from webapp.accounts.models import Membership, Project, User
from webapp.runs import live

# Playwright's own event loop runs in the test's thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# Hypothesis measures how long an example takes. A busy machine is not a broken product.
hypothesis.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("patient")
# Tables whose rows come from the migrations.
MIGRATED = {"django_content_type", "auth_permission"}
# Marks of tests that take long.
LONG = {"browser", "slow", "vllm", "model"}
# Single tests of these take minutes: they begin first, so that nothing waits for them at the end.
LONGEST = ["tests/road/test_road.py", "tests/access/test_every_page.py"]


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


def _person(name: str, **fields: Any) -> User:
    return UserFactory.build(name=name, email=f"{name.split()[0].lower()}@example.org", **fields)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def make_cast() -> Cast:
    """In four statements: nearly every test wants it."""
    admin = _person("Ada Admin", is_admin=True)
    clinicians = _person("Clara Clinician"), _person("Carl Clinician")
    annotators = _person("Ana Annotator"), _person("Ben Annotator"), _person("Cem Rater")
    leads = _person("Lena Lead"), _person("Luis Lead")
    outsider, stranger = _person("Olga Outsider"), _person("Sam Stranger")
    User.objects.bulk_create([admin, *clinicians, *annotators, *leads, outsider, stranger])
    project, other_project = Project.objects.bulk_create(
        [
            ProjectFactory.build(name=name, created_by=admin)
            for name in ("Support study", "Another study")
        ]
    )
    roles = [
        *((project, user, "clinician") for user in clinicians),
        *((project, user, "annotator") for user in (*annotators, leads[1])),
        *((project, user, "lead") for user in leads),
        *((other_project, stranger, role) for role in ("lead", "clinician", "annotator")),
    ]
    Membership.objects.bulk_create(
        [Membership(project=where, user=user, role=role) for where, user, role in roles]
    )
    return Cast(
        project=project,
        clinicians=clinicians,
        annotators=annotators,
        leads=leads,
        admin=admin,
        outsider=outsider,
        other_project=other_project,
        stranger=stranger,
    )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, django_db_blocker: Any, pytestconfig: pytest.Config
) -> Iterator[None]:
    """On a PostgreSQL of our own the database is a copy of one that is migrated once. The
    superuser makes and drops it; the tests connect as the application, which may not."""
    if not is_ours("DATABASE_URL"):
        yield
        return
    with django_db_blocker.unblock():
        template = migrated_database(pytestconfig.cache.mkdir("migrated"))
    connection.settings_dict["TEST"]["TEMPLATE"] = template
    without_database = DatabaseWrapper._nodb_cursor

    @contextmanager
    def as_superuser(self: DatabaseWrapper) -> Iterator[Any]:
        with by_superuser(self.settings_dict), without_database(self) as cursor:
            yield cursor

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseWrapper, "_nodb_cursor", as_superuser)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The database can be dropped at the end: threads that served sockets leave connections."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND usename = current_user"  # the server's own may not be ended by the application
        )


@pytest.fixture(autouse=True, scope="session")
def flush_past_triggers() -> Iterator[None]:
    """Tests that commit are cleaned up past the triggers that keep rows in earnest, and links. By
    DELETE: TRUNCATE makes new files for a hundred tables, most of them empty, in 0.6 s a test.
    The rows of Django's own that a migrated database has stay, and are not made anew each time.
    Only a superuser may do that, so it is done over a connection of its own."""

    def delete(self: DatabaseOperations, style: Any, tables: list[str], **_: Any) -> list[str]:
        emptied = [self.quote_name(table) for table in tables if table not in MIGRATED]
        deletes = [f"DELETE FROM {table}" for table in emptied]  # noqa: S608
        return ["; ".join(["SET LOCAL session_replication_role = replica", *deletes])]

    def execute(self: DatabaseOperations, statements: list[str]) -> None:
        with psycopg.connect(superuser_url(self.connection.settings_dict["NAME"])) as server:
            for statement in statements:
                server.execute(statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", delete)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_, **__: None)
        if is_ours("DATABASE_URL"):
            patch.setattr(DatabaseOperations, "execute_sql_flush", execute)
        yield


@pytest.fixture(autouse=True, scope="session")
def hash_passwords_quickly() -> Iterator[None]:
    """With the costs of earnest, each password of a test takes a seventh of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Argon2PasswordHasher, "time_cost", 1)
        patch.setattr(Argon2PasswordHasher, "memory_cost", 1024)
        yield


@pytest.fixture(autouse=True, scope="session")
def send_live_messages_patiently() -> Iterator[None]:
    """In earnest a message that takes seconds is dropped: pages look again by themselves. A test
    that waits for a message must get it on a busy machine, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "SEND_TIMEOUT_S", SHORT_S)
        yield


@pytest.fixture(autouse=True, scope="session")
def find_static_files_once() -> Iterator[None]:
    """Each test client loads the middleware anew, and whitenoise then looks for all static files:
    half of the time of a request."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def find_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
        yield


def pytest_xdist_auto_num_workers() -> int:
    """Two processes more than cores: tests wait for browsers, programs and leases. With one more,
    nearly a quarter of the processors was idle."""
    return (os.cpu_count() or 1) + 2


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


def pytest_collection_finish() -> None:
    """What was imported stays to the end: it is not looked through for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file whose tests are all left out by a mark need not be loaded: many load torch."""
    expression = config.option.markexpr
    if collection_path.suffix != ".py" or "not " not in expression or " or " in expression:
        return None
    marks = re.search(r"^pytestmark = (\[.*?\n?\]|.*?)$", collection_path.read_text(), re.M | re.S)
    names = re.findall(r"pytest\.mark\.(\w+)", marks[0]) if marks else []
    return any(f"not {name}" in expression for name in names) or None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones come first, so that several processes end at about the same time."""
    items.sort(key=lambda item: (_rank(item), not LONG & {m.name for m in item.iter_markers()}))


def _rank(item: pytest.Item) -> int:
    file = item.nodeid.partition("::")[0]
    return LONGEST.index(file) if file in LONGEST else len(LONGEST)
