"""Verdicts on the studio: OK, check (soon) or fix (now), with reason and remedy. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from webapp.text import listed

MB = 1024**2
GB = 1024**3
MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S

# A page asks the database some twenty times.
SLOW_DATABASE_S = 0.1
CONNECTIONS_CHECK, CONNECTIONS_FIX = 0.8, 0.95
# Times the reserve below which the studio refuses files.
DISK_CHECK_RESERVES = 4
# A worker that loads torch takes 1 GB; below the second one the system ends programs.
MEMORY_CHECK, MEMORY_FIX = GB, 300 * MB
BACKUP_CHECK, BACKUP_FIX = timedelta(days=7), timedelta(days=30)
# Nobody in the queue is at work: somebody should have taken it long ago.
IDLE_WAIT_S = 2 * MINUTE_S
# Others are at work, and a training run takes hours.
BUSY_WAIT_S = {"gpu": DAY_S}
OTHER_BUSY_WAIT_S = HOUR_S
RESTART = "Restart the studio. If that does not help, read the workers’ logs in var/log."
# The reaper takes a run from a silent worker after one lease.
SILENT_LEASES = 4


class Verdict(IntEnum):
    OK = 0
    CHECK = 1
    FIX = 2

    @property
    def label(self) -> str:
        return ("OK", "Check", "Fix now")[self]


@dataclass(frozen=True)
class Check:
    name: str
    verdict: Verdict
    reason: str
    # Empty where all is well.
    todo: str = ""


@dataclass(frozen=True)
class QueueState:
    name: str
    purpose: str
    waiting: int
    # How long the oldest has waited, in seconds; None where nothing waits or nobody knows.
    oldest_s: float | None
    at_work: int
    # How many workers serve it; None where they did not answer.
    workers: int | None


def overall(checks: Iterable[Check]) -> Verdict:
    return max((check.verdict for check in checks), default=Verdict.OK)


def sentence(checks: Sequence[Check]) -> str:
    """The finding in one or two sentences."""
    urgent, soon = (
        [c.name for c in checks if c.verdict == v] for v in (Verdict.FIX, Verdict.CHECK)
    )
    if urgent:
        also = f" Also check: {_in_a_sentence(soon)}." if soon else ""
        return f"Fix now: {_in_a_sentence(urgent)}.{also}"
    if soon:
        return f"The studio works. Check soon: {_in_a_sentence(soon)}."
    return "All is well. You need to do nothing."


def database(*, version: str, size: int, seconds: float, connections: int, most: int) -> Check:
    """seconds: how long a plain question took. connections: in use, of `most`."""
    share = connections / max(most, 1)
    milliseconds = max(round(seconds * 1000), 1)
    reason = (
        f"PostgreSQL {version} answered in {milliseconds} ms. It holds {_size(size)}, "
        f"and {connections} of {most} connections are in use."
    )
    if share >= CONNECTIONS_CHECK:
        verdict = Verdict.FIX if share >= CONNECTIONS_FIX else Verdict.CHECK
        todo = "Restart the studio. If it happens again, raise max_connections of PostgreSQL."
        return Check("Database", verdict, reason, todo)
    if seconds >= SLOW_DATABASE_S:
        todo = "Pages are slow while this lasts. Check what else uses this machine’s disk."
        return Check("Database", Verdict.CHECK, reason, todo)
    return Check("Database", Verdict.OK, reason)


def valkey(*, answers: bool) -> Check:
    """The Redis server, which wakes workers and updates pages."""
    if answers:
        return Check(
            "Valkey (Redis)", Verdict.OK, "It answers. It wakes the workers and updates pages."
        )
    return Check(
        "Valkey (Redis)",
        Verdict.FIX,
        "It does not answer. New work can’t start, and pages do not update by themselves. Nothing "
        "is lost: requests are kept in the database.",
        "Restart the studio, and read var/log/valkey.log.",
    )


def queues(states: Sequence[QueueState] | None, *, silent_s: float | None, lease_s: float) -> Check:
    """states: None where Valkey does not answer. silent_s: how long the most silent worker of a
    run has given no sign of life."""
    if states is None:
        return _queues(
            Verdict.FIX, "They can’t be read while Valkey does not answer.", "See Valkey."
        )
    if states and all(state.workers == 0 for state in states):
        return _queues(
            Verdict.FIX, "No worker is running. New work has to wait. Nothing is lost.", RESTART
        )
    found = [_queue(state) for state in states]
    if silent_s is not None and silent_s > SILENT_LEASES * lease_s:
        found.append(
            _queues(
                Verdict.FIX,
                f"A run has given no sign of life for {_span(silent_s)}, and no other worker took "
                "it over.",
                "Restart the studio. The run then continues from what is saved.",
            )
        )
    worst = max(found, key=lambda check: check.verdict)
    if worst.verdict != Verdict.OK:
        return worst
    waiting = sum(state.waiting for state in states)
    oldest = max((state.oldest_s or 0.0 for state in states), default=0.0)
    if not waiting:
        return _queues(Verdict.OK, "Nothing waits.")
    since = f", the oldest for {_span(oldest)}" if oldest else ""
    return _queues(Verdict.OK, f"Waiting for a worker: {waiting:,}{since}.")


def _queue(state: QueueState) -> Check:
    wait = state.oldest_s or 0.0
    if state.workers == 0:
        return _queues(
            Verdict.FIX,
            f"No worker serves the queue “{state.name}”. New work there has to wait. Nothing is "
            "lost.",
            RESTART,
        )
    if not state.at_work and wait >= IDLE_WAIT_S:
        return _queues(
            Verdict.FIX,
            f"The oldest in the queue “{state.name}” has waited for {_span(wait)}, and no worker "
            "takes it.",
            RESTART,
        )
    if wait >= BUSY_WAIT_S.get(state.name, OTHER_BUSY_WAIT_S):
        return _queues(
            Verdict.CHECK,
            f"The oldest in the queue “{state.name}” has waited for {_span(wait)}. Workers are "
            "busy with other runs.",
            "Check under Active runs which run takes so long. Project leads can stop a run.",
        )
    if state.workers is None:
        return _queues(
            Verdict.CHECK,
            "The workers did not answer in time. They may be busy.",
            "Refresh this page in a minute. If it is still so, restart the studio.",
        )
    return _queues(Verdict.OK, "")


def disk(*, free: int, total: int, reserve: int) -> Check:
    """All in bytes. Below `reserve` the studio refuses files."""
    reason = f"{_size(free)} of {_size(total)} are free where the studio keeps its data."
    todo = (
        "Remove old exports and models that nobody needs, or give the studio a larger disk. Old "
        "logs are in var/log."
    )
    if free < reserve:
        return Check("Disk", Verdict.FIX, f"{reason} The studio refuses new files.", todo)
    if free < DISK_CHECK_RESERVES * reserve:
        return Check(
            "Disk", Verdict.CHECK, f"{reason} Below {_size(reserve)} it refuses files.", todo
        )
    return Check("Disk", Verdict.OK, reason)


def memory(found: tuple[int, int] | None) -> Check:
    """found: available and total bytes; None where the system does not say."""
    if found is None:
        return Check("Memory", Verdict.OK, "This system does not say how much memory is free.")
    available, total = found
    reason = f"{_size(available)} of {_size(total)} are available on this machine."
    if available < MEMORY_FIX:
        return Check(
            "Memory",
            Verdict.FIX,
            f"{reason} The system may end programs at any moment.",
            "Close other programs on this machine, or stop a run.",
        )
    if available < MEMORY_CHECK:
        return Check(
            "Memory",
            Verdict.CHECK,
            f"{reason} A run that loads a model needs more.",
            "Close other programs on this machine before somebody starts a run.",
        )
    return Check("Memory", Verdict.OK, reason)


def backup(at: datetime | None, *, now: datetime, where: str = "", size: int = 0) -> Check:
    """at: when the last one was made, in the time zone of whoever reads it; None for never."""
    todo = "Run “make backup FILE=studio.tar”, and keep the file on another machine."
    if at is None:
        return Check("Backup", Verdict.CHECK, "The studio knows of no backup.", todo)
    age = max(now - at, timedelta(0))
    reason = (
        f"The last one is {_span(age.total_seconds())} old ({at:%-d %b %Y, %H:%M}): {where}, "
        f"{_size(size)}."
    )
    if age >= BACKUP_FIX:
        return Check("Backup", Verdict.FIX, reason, todo)
    if age >= BACKUP_CHECK:
        return Check("Backup", Verdict.CHECK, reason, todo)
    return Check("Backup", Verdict.OK, reason)


def _queues(verdict: Verdict, reason: str, todo: str = "") -> Check:
    return Check("Workers", verdict, reason, todo)


def _in_a_sentence(names: Sequence[str]) -> str:
    lowered = [name if name.startswith("Valkey") else name[:1].lower() + name[1:] for name in names]
    return listed(lowered)


def _size(size: int) -> str:
    return f"{size / GB:,.1f} GB" if size >= GB else f"{size / MB:.0f} MB"


def _span(seconds: float) -> str:
    """“2 days”, “1 hour”, “less than a minute”: the largest unit that there is at least one of."""
    for length, unit in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
