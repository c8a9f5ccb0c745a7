"""Forks trainers from a process that has loaded TRL, which takes six seconds of a processor.

`python -m tests.training.trainer.server` reads requests, a line of JSON each, and answers each with
one: to start a module as a program it answers with the pid, and about a pid with the exit code, or
null while it works.
"""

import json
import os
import runpy
import sys
from typing import Any

# As the trainer sets them before it loads TRL.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import training.trainer.run  # noqa: E402, F401


def main() -> None:
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(**json.loads(line))) + "\n")
        sys.stdout.flush()


def answer(*, pid: int = 0, arguments: list[str] | None = None, output: str = "") -> int | None:
    if arguments is None:
        ended, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None
    forked = os.fork()
    if not forked:
        become(arguments, output)
    return forked


def become(arguments: list[str], output: str) -> Any:
    """Be `python -m ARGUMENTS`; what it prints goes to a file."""
    for path, streams in ((os.devnull, (0,)), (output, (1, 2))):
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        for stream in streams:
            os.dup2(file, stream)
    sys.argv = list(arguments)
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    main()
