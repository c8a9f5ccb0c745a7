"""What the application's role may do in the database. It knows no Django.

The tables belong to another role, which only migrations, backup and restore use. The application
therefore can't switch off a trigger, empty a table past its triggers, or change the schema.
"""

from typing import Any, LiteralString

from psycopg import sql

# pgtrigger makes this function, which lets any role step over any trigger by a setting of its
# session. The triggers here are rules and not conveniences, so nobody may. pgtrigger's own also
# catches an error for each row: with it, a deletion of 198,000 rows took 235 s instead of 15 s.
SEAL: LiteralString = """
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS boolean
LANGUAGE sql IMMUTABLE AS 'SELECT false'
"""
# No TRUNCATE, REFERENCES or TRIGGER. Rows that stay for good are kept by triggers, because they
# go with their project; the audit log never goes.
GRANTS: tuple[LiteralString, ...] = (
    "GRANT USAGE ON SCHEMA public TO {}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
    "REVOKE UPDATE, DELETE ON audit_entry FROM {}",
    "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}",
)


def seal(cursor: Any) -> None:
    """No session can step over triggers. To call after all migrations: each that makes a trigger
    makes the function anew."""
    cursor.execute(SEAL)


def grant(cursor: Any, role: str) -> None:
    """Give `role` what the application needs in the tables that are there, and no more."""
    for statement in GRANTS:
        cursor.execute(sql.SQL(statement).format(sql.Identifier(role)))
