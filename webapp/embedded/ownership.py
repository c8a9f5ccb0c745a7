"""The roles of the embedded database: one owns the tables, the application connects as another.

Data of earlier versions belonged to the superuser, as whom the application connected. They are
handed over at the first start.
"""

import psycopg
from psycopg import sql

from webapp import roles

OWNER = "kardia_owner"
APPLICATION = "kardia_app"

# A sequence of a column follows its table, and is refused alone.
FOREIGN_RELATIONS = """
SELECT relation.oid::regclass::text,
CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END
FROM pg_class AS relation
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
AND relowner <> %(owner)s::regrole
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = relation.oid AND deptype IN ('a', 'i', 'e'))
"""
FOREIGN_FUNCTIONS = """
SELECT routine.oid::regprocedure::text, 'ROUTINE' FROM pg_proc AS routine
WHERE pronamespace = 'public'::regnamespace AND proowner <> %(owner)s::regrole
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = routine.oid AND deptype = 'e')
"""
FOREIGN_SCHEMA = """
SELECT 'public', 'SCHEMA' FROM pg_namespace
WHERE nspname = 'public' AND nspowner <> %(owner)s::regrole
"""


def make_roles(connection: psycopg.Connection) -> None:
    """Two roles without any right over the cluster. To call as superuser."""
    there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
    for role in (OWNER, APPLICATION):
        if role not in there:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))


def make_database(connection: psycopg.Connection, name: str) -> None:
    """The database of the owner, made where it is missing. To call as superuser, elsewhere."""
    found = connection.execute(
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", [name]
    ).fetchone()
    if found is None:
        make = "CREATE DATABASE {} OWNER {}"
    elif found[0] != OWNER:
        make = "ALTER DATABASE {} OWNER TO {}"
    else:
        return
    connection.execute(sql.SQL(make).format(sql.Identifier(name), sql.Identifier(OWNER)))


def hand_over(connection: psycopg.Connection) -> int:
    """Give the owner what is not yet its own, and the application its rights. To call as
    superuser, in one transaction. Returns how much there was."""
    owner = sql.Identifier(OWNER)
    found = [
        row
        for query in (FOREIGN_SCHEMA, FOREIGN_RELATIONS, FOREIGN_FUNCTIONS)
        for row in connection.execute(query, {"owner": OWNER}).fetchall()
    ]
    for name, kind in found:
        # The names come from the catalogue, quoted where they need it.
        statement = sql.SQL(f"ALTER {kind} {name} OWNER TO {{}}")  # type: ignore[arg-type]
        connection.execute(statement.format(owner))
    if found and _is_migrated(connection):
        roles.grant(connection, APPLICATION)
    return len(found)


def _is_migrated(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT to_regclass('audit_entry') IS NOT NULL").fetchone()
    return bool(row and row[0])
