"""`python -m training.trainer RUN_DIR [--secrets-fd N]`: run, or go on with, a training run.

RUN_DIR/spec.json says what to do; RUN_DIR/events.jsonl tells what happens. Descriptor N holds a
JSON object, such as {"judge_api_key": "..."}. SIGTERM ends the step, saves, and exits with 0.
Exit codes: 0 finished or stopped, 1 failed, 2 the spec was refused.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from training.trainer.config import read_spec
from training.trainer.events import EventLog
from training.trainer.failures import in_words
from training.trainer.stopping import StopRequest
from training.trainer.strict import ConfigError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training.trainer", description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--secrets-fd", type=int)
    arguments = parser.parse_args()
    if not arguments.run_dir.is_dir():
        parser.error(f"There is no folder {arguments.run_dir}.")
    stop = StopRequest()
    api_key = _secrets(arguments.secrets_fd).get("judge_api_key")
    with EventLog(arguments.run_dir) as events:
        if any(event["type"] == "finished" for event in events.earlier):
            return 0
        try:
            _train(arguments.run_dir, events, stop, api_key)
        except ConfigError as error:
            events.append("failed", reason=f"The spec was refused. {error}")
            return 2
        except Exception as error:  # noqa: BLE001 - whatever ends a run is told in words
            sys.excepthook(*sys.exc_info())
            events.append("failed", reason=in_words(error))
            return 1
    return 0


def _train(run_dir: Path, events: EventLog, stop: StopRequest, api_key: str | None) -> None:
    spec = read_spec(run_dir)
    # Weights are local folders, and a run calls no hub.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # Only now: TRL takes seconds to import, and a bad spec is refused at once.
    from transformers.utils.logging import disable_progress_bar

    from training.trainer.run import train

    disable_progress_bar()
    train(spec, run_dir, events, stop, api_key)


def _secrets(descriptor: int | None) -> dict[str, str]:
    """The keys, read once and kept in memory only."""
    if descriptor is None:
        return {}
    with os.fdopen(descriptor, "rb") as pipe:
        return json.load(pipe)


if __name__ == "__main__":
    sys.exit(main())
