"""What the terminal shows: short lines of our own, and the warnings and errors of the children."""

import os
import re
import sys
from pathlib import Path

COLOURS = ("36", "35", "34", "32", "33", "96", "95", "94")
# Not `%WARNING`: the banner of Celery names the level that it logs at.
TROUBLE = re.compile(r"(?<![%\w])(WARNING|ERROR|CRITICAL|FATAL|PANIC)\b")


class Console:
    """Writes to the terminal, with colour where it is one."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._colours: dict[str, str] = {}

    def say(self, text: str = "") -> None:
        """A line of our own."""
        # The terminal may be gone (a closed window): that must not stop an orderly end.
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except OSError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - stays open to the end

    def say_for(self, name: str, text: str) -> None:
        """Lines of one child, each with its name before it."""
        for line in text.splitlines():
            self.say(f"{self._prefix(name)} {line}")

    def bold(self, text: str) -> str:
        return f"\033[1m{text}\033[0m" if self._coloured else text

    def _prefix(self, name: str) -> str:
        label = f"{name:>9} |"
        if not self._coloured:
            return label
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"\033[{colour}m{label}\033[0m"


class LogTail:
    """Follows a log from its present end and picks the lines that a person should see."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = log.stat().st_size if log.exists() else 0
        self._in_traceback = False

    def new_lines(self) -> list[str]:
        """The whole lines that came since the last call."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except FileNotFoundError:
            return []
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode(errors="replace").splitlines()

    def trouble(self) -> list[str]:
        """The new warnings, errors and tracebacks."""
        return [line for line in self.new_lines() if self._is_trouble(line)]

    def _is_trouble(self, line: str) -> bool:
        if line.startswith("Traceback "):
            self._in_traceback = True
            return True
        if self._in_traceback:
            self._in_traceback = line.startswith(" ") or not line
            return True
        return bool(TROUBLE.search(line))


def rotate(log: Path, keep: int = 3) -> None:
    """Move a log of an earlier start out of the way: name.log becomes name.log.1."""
    log.parent.mkdir(parents=True, exist_ok=True)
    for number in range(keep - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
