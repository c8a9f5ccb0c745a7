"""The application's role changes no rule of the database, and no row that is only ever added."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from tests.conftest import Cast
from tests.support.migrated import superuser_url
from tests.support.objects import Setting
from tests.support.services import is_ours
from tests.webapp.accounts.test_deletion import fill
from webapp.audit import services as audit
from webapp.audit.models import Entry
from webapp.llm.models import ModelCall, Price
from webapp.runs.models import Transition

ours = pytest.mark.skipif(
    not is_ours("DATABASE_URL"), reason="the roles are those of the embedded PostgreSQL"
)
# A wrong price can be withdrawn, which is audited.
WITHDRAWN = {Price}


def rules(model: type[models.Model]) -> dict[str, Any]:
    return {rule.name: rule.func for rule in getattr(model._meta, "triggers", [])}


def kept() -> list[type[models.Model]]:
    """The models whose rows don't change, in whole or in part."""
    return [
        model
        for model in apps.get_models()
        if any("is immutable" in str(rule) for rule in rules(model).values())
    ]


def append_only() -> list[type[models.Model]]:
    """Those of them whose every row stays, whatever it says."""
    return [m for m in kept() if str(rules(m).get("undeletable")).startswith("IF coalesce(")]


@contextmanager
def refused(why: str) -> Iterator[Any]:
    with pytest.raises(DatabaseError, match=why), transaction.atomic(), connection.cursor() as run:
        yield run


def test_rows_that_do_not_change_are_not_deleted_or_truncated_either() -> None:
    assert {ModelCall, Transition} < set(append_only())
    for model in kept():
        wanted = {"no_truncate"} if model in WITHDRAWN else {"no_truncate", "undeletable"}
        assert wanted <= rules(model).keys(), f"{model.__name__} lacks webapp.db.append_only()"


def test_deletes_of_kept_rows_are_refused(cast: Cast) -> None:
    fill(Setting(cast.project, cast.leads[0]))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for model in append_only():
        with refused("can not be deleted") as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608


@ours
def test_no_setting_of_a_session_steps_over_a_trigger(cast: Cast) -> None:
    fill(Setting(cast.project, cast.leads[0]))
    names = [
        trigger.get_pgid(model)
        for model in append_only()
        for trigger in getattr(model._meta, "triggers", [])
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        ignored = "{" + ",".join(names) + "}"
        cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", [ignored])
    for model in (ModelCall, Transition):
        with refused("can not be deleted") as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608
        with refused("is immutable") as cursor:
            cursor.execute(f"UPDATE {model._meta.db_table} SET project_id = NULL")  # noqa: S608
    with refused("permission denied") as cursor:
        cursor.execute("SET session_replication_role = replica")


@ours
def test_no_table_can_be_emptied_owned_or_changed_by_the_application(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, "
            "(SELECT count(*) FROM pg_auth_members WHERE member = role.oid), "
            "(SELECT count(*) FROM pg_class WHERE relowner = role.oid), "
            "has_schema_privilege('public', 'CREATE'), "
            "has_database_privilege(current_database(), 'CREATE') "
            "FROM pg_roles AS role WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False, False, False, False, 0, 0, False, False)
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND "
            "relkind = 'r' AND has_table_privilege(oid, 'TRUNCATE, REFERENCES, TRIGGER')"
        )
        assert cursor.fetchall() == []
    for statement in (
        "TRUNCATE {} CASCADE",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} DISABLE TRIGGER USER",
        "DROP TABLE {} CASCADE",
    ):
        for model in (*kept(), Entry):
            with refused("permission denied|must be owner") as cursor:
                cursor.execute(statement.format(model._meta.db_table))
    with refused("permission denied|must be owner") as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) "
            "RETURNS boolean LANGUAGE sql AS 'SELECT true'"
        )


@ours
def test_the_audit_log_only_grows(cast: Cast) -> None:
    audit.record("project.changed", actor=cast.admin, object=cast.project)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        door = "SELECT set_config('kardia.deleting_project', %s, true)"
        cursor.execute(door, [str(cast.project.pk)])
    for statement in ("DELETE FROM audit_entry", "UPDATE audit_entry SET action = 'x'"):
        with refused("permission denied") as cursor:
            cursor.execute(statement)


@ours
def test_triggers_hold_whoever_owns_the_tables(db: None) -> None:
    """As where a studio has one role for all."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(superuser_url(name)) as server:
        server.execute(
            "INSERT INTO audit_entry (at, action, object_kind, object_id, details) "
            "VALUES (now(), 'a', 'k', 'o', '{}')"
        )
        server.execute("SET CONSTRAINTS ALL IMMEDIATE")
        server.execute(
            "SELECT set_config('pgtrigger.ignore', '{pgtrigger_append_only_a6b88}', true)"
        )
        for statement in (
            "DELETE FROM audit_entry",
            "UPDATE audit_entry SET action = 'x'",
            "TRUNCATE audit_entry",
            "TRUNCATE runs_transition",
            "TRUNCATE llm_modelcall CASCADE",
        ):
            with (
                pytest.raises(psycopg.Error, match="append-only|Cannot|truncated"),
                server.transaction(),
            ):
                server.execute(statement)
        server.rollback()
