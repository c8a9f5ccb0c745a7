"""Stands in for `python -m training.trainer`: `stub_trainer.py MODE RUN_DIR --secrets-fd N`."""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.training.runs import told  # noqa: E402


def main() -> int:
    mode, folder = sys.argv[1], Path(sys.argv[2])
    with os.fdopen(int(sys.argv[sys.argv.index("--secrets-fd") + 1])) as pipe:
        secrets = json.load(pipe)
    (folder / "pid").write_text(str(os.getpid()))
    say("The stub works.")
    if mode == "finish":
        key = secrets.get("judge_api_key", "")
        seen = {
            "argv": sys.argv,
            "environment": dict(os.environ),
            "key_sha256": hashlib.sha256(key.encode()).hexdigest(),
        }
        (folder / "seen.json").write_text(json.dumps(seen))
        told.append(folder, *told.whole_run())
        return 0
    if mode == "crash":
        say("Segmentation fault of the stub")
        return 3
    told.append(folder, told.started())
    if mode == "fail":
        told.append(folder, {"type": "failed", "reason": "The loss is not a number at step 2."})
        return 1
    if mode == "stop":
        told.append(folder, {"type": "stopped", "step": 0})
        return 0
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
    told.append(folder, told.metrics(1))
    while mode == "deaf" or not stopped:
        time.sleep(0.02)
    told.append(folder, told.checkpoint(1), {"type": "stopped", "step": 1})
    return 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
