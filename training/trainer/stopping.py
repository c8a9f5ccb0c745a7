"""SIGTERM asks a run to stop: it ends the step, saves, and exits well."""

import signal
from types import FrameType


class StopRequest:
    """Whether SIGTERM came since this was made."""

    def __init__(self) -> None:
        self.made = False
        signal.signal(signal.SIGTERM, self._make)

    def _make(self, _number: int, _frame: FrameType | None) -> None:
        self.made = True
