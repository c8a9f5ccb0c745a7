"""The thresholds of health, each at its edge."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from webapp.home import verdicts
from webapp.home.verdicts import DAY_S, GB, HOUR_S, MB, Check, QueueState, Verdict

OK, LOOK, ACT = Verdict.OK, Verdict.LOOK, Verdict.ACT
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
        (0.1, 79, LOOK),
        (0.0, 80, LOOK),
        (0.0, 94, LOOK),
        (0.0, 95, ACT),
        (5.0, 95, ACT),
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
    assert sound(verdicts.valkey(answers=False)) == ACT


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, OK),
        ({"waiting": 3, "oldest_s": 119.0}, OK),
        # Nobody is at work, and nobody takes it.
        ({"waiting": 3, "oldest_s": 120.0}, ACT),
        # Others are at work.
        ({"waiting": 3, "oldest_s": HOUR_S - 1, "at_work": 1}, OK),
        ({"waiting": 3, "oldest_s": HOUR_S, "at_work": 1}, LOOK),
        ({"workers": None}, LOOK),
        ({"workers": None, "waiting": 1, "oldest_s": 120.0}, ACT),
        ({"workers": 0}, ACT),
        # Messages whose age nobody knows.
        ({"waiting": 40}, OK),
    ],
)
def test_a_queue(changed: dict[str, Any], wanted: Verdict) -> None:
    state = replace(QUIET, **changed)
    for states in ([state, GPU], [GPU, state]):
        assert sound(verdicts.queues(states, silent_s=None, lease_s=15)) == wanted


@pytest.mark.parametrize(("oldest_s", "wanted"), [(DAY_S - 1, OK), (DAY_S, LOOK)])
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
    assert sound(verdicts.queues(None, silent_s=None, lease_s=15)) == ACT


@pytest.mark.parametrize(("silent_s", "wanted"), [(None, OK), (60.0, OK), (60.1, ACT)])
def test_a_run_that_nobody_took_over(silent_s: float | None, wanted: Verdict) -> None:
    assert sound(verdicts.queues([QUIET], silent_s=silent_s, lease_s=15)) == wanted


@pytest.mark.parametrize(
    ("free", "wanted"),
    [(0, ACT), (512 * MB - 1, ACT), (512 * MB, LOOK), (2 * GB - 1, LOOK), (2 * GB, OK)],
)
def test_disk(free: int, wanted: Verdict) -> None:
    assert sound(verdicts.disk(free=free, total=100 * GB, reserve=512 * MB)) == wanted


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (None, OK),
        ((300 * MB - 1, 8 * GB), ACT),
        ((300 * MB, 8 * GB), LOOK),
        ((GB - 1, 8 * GB), LOOK),
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
        (timedelta(days=7), LOOK),
        (timedelta(days=30, seconds=-1), LOOK),
        (timedelta(days=30), ACT),
    ],
)
def test_backup(age: timedelta, wanted: Verdict) -> None:
    found = verdicts.backup(NOW - age, now=NOW, where="/srv/studio.tar", size=20 * MB)
    assert sound(found) == wanted
    assert "/srv/studio.tar, 20 MB" in found.reason


def test_no_backup_is_worth_a_look() -> None:
    assert sound(verdicts.backup(None, now=NOW)) == LOOK
    found = verdicts.backup(NOW - timedelta(days=2, hours=5), now=NOW, where="/b.tar", size=MB)
    assert found.reason == "The last one is 2 days old (28 Nov 2026, 07:00): /b.tar, 1 MB."


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        ({}, OK, "All is well. You need to do nothing."),
        ({"Disk": OK}, OK, "All is well. You need to do nothing."),
        ({"Disk": OK, "Backup": LOOK}, LOOK, "The studio works. Look at this soon: backup."),
        (
            {"Disk": ACT, "Valkey (Redis)": ACT, "Backup": LOOK},
            ACT,
            "Act now: disk and Valkey (Redis). Look also at: backup.",
        ),
    ],
)
def test_one_verdict_for_all(found: dict[str, Verdict], verdict: Verdict, words: str) -> None:
    checks = [Check(name, one, "Because.") for name, one in found.items()]
    assert verdicts.overall(checks) == verdict
    assert verdicts.sentence(checks) == words
