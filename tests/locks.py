"""For tests of two who write at once."""

import time

from django.db import connection


def until_waiting(count: int = 1) -> None:
    """Return as soon as `count` connections wait for a lock."""
    with connection.cursor() as cursor:
        for _ in range(1000):
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0] >= count:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")
