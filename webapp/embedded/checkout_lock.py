"""One studio per checkout: a lock that ends with the process that holds it, however it ends."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from webapp.embedded.process import ServiceError


class CheckoutLock:
    """The lock of one `var` folder."""

    def __init__(self, var: Path) -> None:
        self.path = var / "studio.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        """Take it; false where another process has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return True

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None


@contextlib.contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold the lock. Raises ServiceError, naming the process, where another one has it."""
    with contextlib.closing(CheckoutLock(var)) as lock:
        if not lock.acquire():
            holder = lock.path.read_text()
            raise ServiceError(
                f"The studio of this checkout runs already (process {holder}): stop it first."
            )
        yield
