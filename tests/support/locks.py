"""For tests of two who write at once."""

from django.db import connection

from tests.support.waiting import wait_until

# A row lock names no database, but who waits for one has locked that row's table before. Not from
# pg_stat_activity, which shows the same picture until a transaction ends.
WAITING = """
    SELECT count(DISTINCT pid) FROM pg_locks
    WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE datname = current_database()
    )
"""


def until_waiting(count: int = 1) -> None:
    """Return as soon as `count` connections wait for a lock."""
    wait_until(lambda: waiting() >= count, f"{count} to wait for a lock")


def waiting() -> int:
    """How many connections to this test's database wait for a lock. Other test processes have
    databases of their own on the same server."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])
