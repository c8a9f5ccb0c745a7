"""The embedded PostgreSQL and Valkey start, keep what they hold, stop, and leave nothing behind."""

import os

import psycopg
import redis


def test_the_plugin_starts_both() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT current_database(), lower('ÄÖ')").fetchone()
    assert row == ("kardia", "äö")
    assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
