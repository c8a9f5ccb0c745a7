"""The trainer, held after the metrics of one step: a test that interrupts it there knows what
the trainer has done and what not.

`python -m tests.training.trainer.held_trainer STEP GO_ON RUN_DIR [--secrets-fd N]` goes on after
step STEP as soon as there is a file GO_ON.
"""

import sys
from pathlib import Path
from typing import Any

from tests.support.waiting import LONG_S, wait_until
from training.trainer.__main__ import main
from training.trainer.events import EventLog


def hold_after(step: int, go_on: Path) -> None:
    append = EventLog.append

    def append_and_hold(self: EventLog, type_: str, **fields: Any) -> None:
        append(self, type_, **fields)
        if type_ == "metrics" and fields["step"] == step:
            wait_until(go_on.exists, "the test", within_s=LONG_S)

    EventLog.append = append_and_hold  # type: ignore[method-assign]


if __name__ == "__main__":
    hold_after(int(sys.argv.pop(1)), Path(sys.argv.pop(1)))
    sys.exit(main())
