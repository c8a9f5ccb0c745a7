"""The circuit: pauses an endpoint for a while after several failed calls in a row."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from webapp.llm.errors import CircuitOpen

# So many calls in a row without a word from the endpoint open the circuit: each of them has held
# its worker for the whole time limit.
MOST_UNANSWERED = 2
# While another call tries, the rest ask again after this long.
TRIAL_WAIT_S = 0.2


@dataclass(frozen=True)
class Pause:
    """An endpoint is paused until `until`, after `failures` failed calls in a row."""

    until: datetime
    failures: int
    reason: str


class Circuit:
    """Opens after `threshold` failed calls in a row, or MOST_UNANSWERED without an answer; after
    `cooldown_s` it lets one call try.

    `heard` counts the answers of the endpoint, and `pauses` how often the circuit opened since the
    last one. With some from before it begins at the end of a pause: one call tries.
    """

    def __init__(
        self,
        threshold: int,
        cooldown_s: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        pauses: int = 0,
    ) -> None:
        self._threshold = threshold
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._failures = 0
        self._unanswered = 0
        self._reason = ""
        self._opened_at: float | None = clock() - cooldown_s if pauses else None
        self._trial = False
        self.heard = 0
        self.pauses = pauses

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    @property
    def pause(self) -> Pause | None:
        if self._opened_at is None:
            return None
        until = datetime.now(UTC) + timedelta(seconds=max(self._left_s, 0.0))
        return Pause(until, self._failures, self._reason)

    def admit(self) -> None:
        """Raises CircuitOpen, or returns: then `succeeded`, `failed`, `unanswered` or `abandoned`
        must follow."""
        if self._opened_at is None:
            return
        if self._left_s <= 0 and not self._trial:
            self._trial = True
            return
        raise self.refusal()

    def refusal(self) -> CircuitOpen:
        """Why nothing is sent while it is open."""
        wait = max(self._left_s, TRIAL_WAIT_S)
        times = "once" if self._failures == 1 else f"{self._failures} times in a row"
        return CircuitOpen(
            f"This endpoint failed {times} and is paused. The next try is "
            f"in {math.ceil(wait)} s. The last error: {self._reason}",
            retry_after_s=wait,
            reason=self._reason,
        )

    @property
    def _left_s(self) -> float:
        opened_at = self._clock() if self._opened_at is None else self._opened_at
        return opened_at + self._cooldown_s - self._clock()

    def succeeded(self) -> None:
        self.heard += 1
        self._failures = self._unanswered = self.pauses = 0
        self._opened_at = None
        self._trial = False

    def failed(self, reason: str) -> None:
        self._unanswered = 0
        self._blame(reason)

    def unanswered(self, reason: str, *, heard: int) -> None:
        """A call that got no answer in time; `heard` is from when it was sent. If the endpoint
        answered others meanwhile, it is only slow, and is not blamed."""
        if self.heard != heard:
            self.abandoned()
            return
        self._unanswered += 1
        self._blame(reason)

    def _blame(self, reason: str) -> None:
        self._failures += 1
        self._reason = reason
        is_enough = self._failures >= self._threshold or self._unanswered >= MOST_UNANSWERED
        # A call that began before the circuit opened ends late: it doesn't prolong the pause.
        if self._trial or (not self.is_open and is_enough):
            self._opened_at = self._clock()
            self._trial = False
            self.pauses += 1

    def abandoned(self) -> None:
        self._trial = False
