"""How long a test waits, in one place. A test waits for an event or a row, never for a time.

The limits are generous: a test reaches one only where something is wrong. On a machine that has
much else to do, KARDIA_TEST_PATIENCE=3 makes every limit three times as long.
"""

import asyncio
import os
import time
from collections.abc import Callable

SCALE = float(os.environ.get("KARDIA_TEST_PATIENCE", "1"))
# One step of a program that is running already: an answer, a row, a change of a page.
SHORT_S = 60 * SCALE
# A program has to start first: loading torch or Django takes long on a busy machine.
LONG_S = 300 * SCALE
# Between two looks.
LOOK_EVERY_S = 0.02


def wait_until(is_so: Callable[[], object], what: str = "it", *, within_s: float = SHORT_S) -> None:
    """Look until `is_so()` is true. Raises AssertionError, with `what` was waited for."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited {within_s:g} s in vain for {what}"
        time.sleep(LOOK_EVERY_S)


async def wait_until_async(
    is_so: Callable[[], object], what: str = "it", *, within_s: float = SHORT_S
) -> None:
    """`wait_until` for tests with an event loop. `is_so` must not touch the database."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited {within_s:g} s in vain for {what}"
        await asyncio.sleep(LOOK_EVERY_S)
