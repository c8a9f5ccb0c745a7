"""Make the small language model: `python -m training.small FOLDER [--adapter DIR] [--state FILE]`.

A process of its own: it can be killed at any moment, and its memory goes with it. It knows no
Django and no key, and it contacts nobody.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.small import package
from training.small.make import make

FAILED = "failed"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m training.small", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the model goes; one that is there stays")
    parser.add_argument("--adapter", type=Path, help="a LoRA adapter to merge into it")
    parser.add_argument("--adapter-hash", default="", help="how the SHA-256 of its weights begins")
    parser.add_argument("--state", type=Path, help="a file that says how far it is, as JSON")
    options = parser.parse_args(arguments)

    def tell(stage: str, done: int, **more: Any) -> None:
        if options.state is None:
            return
        draft = options.state.with_name(f"{options.state.name}.draft")
        draft.write_text(json.dumps({"stage": stage, "done": done, **more}))
        draft.replace(options.state)

    try:
        make(
            options.folder,
            adapter=options.adapter,
            adapter_hash=options.adapter_hash,
            tell=tell,
        )
    except (package.Unusable, OSError) as error:
        tell(FAILED, 0, error=str(error))
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
