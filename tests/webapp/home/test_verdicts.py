"""The thresholds of health, each at its edge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webapp.home import verdicts
from webapp.home.verdicts import DAY_S, GB, HOUR_S, MB, Check, QueueState, Verdict

OK, CHECK, FIX = Verdict.OK, Verdict.CHECK, Verdict.FIX
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
QUIET = QueueState("llm", "models", waiting=0, oldest_s=None, at_work=0, workers=2)
GPU = replace(QUIET, name="gpu")


def sound(check: Check) -> Verdict:
    """Its verdict: whoever has to do something is told what, and nobody else is."""
    assert check.reason
    assert bool(check.todo) is (check.verdict != OK)
    return check.verdict


@pytest.mark.parametrize(
    ("seconds", "connections", "wanted"),
    [
        (0.0, 1, OK),
        (0.099, 79, OK),
        (0.1, 79, CHECK),
        (0.0, 80, CHECK),
        (0.0, 94, CHECK),
        (0.0, 95, FIX),
        (5.0, 95, FIX),
    ],
)
def test_database(seconds: float, connections: int, wanted: Verdict) -> None:
    found = verdicts.database(
        version="16.4", size=3 * GB, seconds=seconds, connections=connections, most=100
    )
    assert sound(found) == wanted
    assert "3.0 GB" in found.reason


def test_valkey() -> None:
    assert sound(verdicts.valkey(answers=True)) == OK
    assert sound(verdicts.valkey(answers=False)) == FIX


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, OK),
        ({"waiting": 3, "oldest_s": 119.0}, OK),
        # Nobody is at work, and nobody takes it.
        ({"waiting": 3, "oldest_s": 120.0}, FIX),
        # Others are at work.
        ({"waiting": 3, "oldest_s": HOUR_S - 1, "at_work": 1}, OK),
        ({"waiting": 3, "oldest_s": HOUR_S, "at_work": 1}, CHECK),
        ({"workers": None}, CHECK),
        ({"workers": None, "waiting": 1, "oldest_s": 120.0}, FIX),
        ({"workers": 0}, FIX),
        # Messages whose age nobody knows.
        ({"waiting": 40}, OK),
    ],
)
def test_a_queue(changed: dict[str, Any], wanted: Verdict) -> None:
    state = replace(QUIET, **changed)
    for states in ([state, GPU], [GPU, state]):
        assert sound(verdicts.queues(states, silent_s=None, lease_s=15)) == wanted


@pytest.mark.parametrize(("oldest_s", "wanted"), [(DAY_S - 1, OK), (DAY_S, CHECK)])
def test_a_training_run_may_wait_for_hours(oldest_s: float, wanted: Verdict) -> None:
    state = replace(GPU, waiting=1, oldest_s=oldest_s, at_work=1)
    assert sound(verdicts.queues([QUIET, state], silent_s=None, lease_s=15)) == wanted


def test_queues_say_which_one_and_how_long() -> None:
    states = [replace(QUIET, waiting=2, oldest_s=30.0), replace(GPU, workers=0)]
    assert "“gpu”" in verdicts.queues(states, silent_s=None, lease_s=15).reason
    found = verdicts.queues([states[0], GPU], silent_s=None, lease_s=15)
    assert found.reason == "Waiting for a worker: 2, the oldest for less than a minute."
    assert verdicts.queues([QUIET], silent_s=None, lease_s=15).reason == "Nothing waits."
    none = [replace(QUIET, workers=0), replace(GPU, workers=0)]
    found = verdicts.queues(none, silent_s=None, lease_s=15)
    assert found.reason.startswith("No worker is running.")
    assert sound(verdicts.queues(None, silent_s=None, lease_s=15)) == FIX


@pytest.mark.parametrize(("silent_s", "wanted"), [(None, OK), (60.0, OK), (60.1, FIX)])
def test_a_run_that_nobody_took_over(silent_s: float | None, wanted: Verdict) -> None:
    assert sound(verdicts.queues([QUIET], silent_s=silent_s, lease_s=15)) == wanted


@pytest.mark.parametrize(
    ("free", "wanted"),
    [(0, FIX), (512 * MB - 1, FIX), (512 * MB, CHECK), (2 * GB - 1, CHECK), (2 * GB, OK)],
)
def test_disk(free: int, wanted: Verdict) -> None:
    assert sound(verdicts.disk(free=free, total=100 * GB, reserve=512 * MB)) == wanted


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (None, OK),
        ((300 * MB - 1, 8 * GB), FIX),
        ((300 * MB, 8 * GB), CHECK),
        ((GB - 1, 8 * GB), CHECK),
        ((GB, 8 * GB), OK),
    ],
)
def test_memory(found: tuple[int, int] | None, wanted: Verdict) -> None:
    assert sound(verdicts.memory(found)) == wanted


@pytest.mark.parametrize(
    ("age", "wanted"),
    [
        # A clock that was set back.
        (timedelta(hours=-1), OK),
        (timedelta(days=7, seconds=-1), OK),
        (timedelta(days=7), CHECK),
        (timedelta(days=30, seconds=-1), CHECK),
        (timedelta(days=30), FIX),
    ],
)
def test_backup(age: timedelta, wanted: Verdict) -> None:
    found = verdicts.backup(NOW - age, now=NOW, where="/srv/studio.tar", size=20 * MB)
    assert sound(found) == wanted
    assert "/srv/studio.tar, 20 MB" in found.reason


def test_no_backup_is_worth_a_look() -> None:
    assert sound(verdicts.backup(None, now=NOW)) == CHECK
    found = verdicts.backup(NOW - timedelta(days=2, hours=5), now=NOW, where="/b.tar", size=MB)
    assert found.reason == "The last one is 2 days old (28 Nov 2026, 07:00): /b.tar, 1 MB."


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        ({}, OK, "All is well. You need to do nothing."),
        ({"Disk": OK}, OK, "All is well. You need to do nothing."),
        ({"Disk": OK, "Backup": CHECK}, CHECK, "The studio works. Check soon: backup."),
        (
            {"Disk": FIX, "Valkey (Redis)": FIX, "Backup": CHECK},
            FIX,
            "Fix now: disk and Valkey (Redis). Also check: backup.",
        ),
    ],
)
def test_one_verdict_for_all(found: dict[str, Verdict], verdict: Verdict, words: str) -> None:
    checks = [Check(name, one, "Because.") for name, one in found.items()]
    assert verdicts.overall(checks) == verdict
    assert verdicts.sentence(checks) == words
