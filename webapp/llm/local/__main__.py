"""`python -m webapp.llm.local MODEL_DIR... --host 127.0.0.1 --port 8100`."""

import argparse
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from webapp.llm.local.when_asked import WhenAsked

log = logging.getLogger("webapp.llm.local")

LOOPBACK = ("127.0.0.1", "localhost")


def main() -> int:
    arguments = _parse()
    # Before torch is loaded. Threads that wait spin for some microseconds, then give their core
    # away: beside busy workers, threads that spun on made a reply of a model of 135 million
    # parameters four times as slow.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    named = dict(_named(text) for text in arguments.models)
    if not named and arguments.models_dir is None:
        log.error("name a model directory, or a directory of them with --models-dir")
        return 2
    build = partial(_app, arguments, named)
    app = WhenAsked(build) if arguments.when_asked else build(checked=True)
    if app is None:
        log.error("no model can be served")
        return 1

    log.info("serving http://%s:%s/v1", arguments.host, arguments.port)
    # uvicorn finishes the requests in flight on SIGTERM and SIGINT, then ends the lifespan.
    uvicorn.run(
        app,
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        timeout_graceful_shutdown=20,
    )
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m webapp.llm.local",
        description="Serve checkpoints over OpenAI's chat completions protocol.",
    )
    parser.add_argument("models", nargs="*", metavar="MODEL_DIR", help="DIR or NAME=DIR")
    parser.add_argument("--models-dir", type=Path, help="serve each checkpoint in this directory")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--keep", type=int, default=3, help="models loaded at once")
    parser.add_argument("--batch", type=int, default=32, help="completions decoded at once")
    parser.add_argument("--when-asked", action="store_true", help="load nothing before a request")
    parser.add_argument("--queue", type=int, default=512, help="completions that may wait")
    return parser.parse_args()


def _named(text: str) -> tuple[str, Path]:
    name, separator, directory = text.partition("=")
    path = Path(directory if separator else text)
    return (name if separator else path.resolve().name), path


def _app(arguments: argparse.Namespace, named: dict[str, Path], *, checked: bool = False) -> Any:
    """The application; None where `checked` finds no model that can be served."""
    # Imported here: they load torch.
    from transformers.utils import logging as transformers_logging

    from webapp.llm.local.app import build_app
    from webapp.llm.local.batching import Batcher
    from webapp.llm.local.store import BrokenModel, ModelStore

    transformers_logging.disable_progress_bar()
    store = ModelStore(named, arguments.models_dir, keep=arguments.keep)
    broken = 0
    for name in named if checked else ():
        # Loaded once, so that a broken one is told at the start; the others are served.
        try:
            store.get(name)
        except BrokenModel as error:
            log.error("%s", error)
            broken += 1
    if checked and broken == len(named) and arguments.models_dir is None:
        return None
    batcher = Batcher(max_rows=arguments.batch, max_waiting=arguments.queue)
    # A page in this machine's browser must not read answers under a name of its own (rebinding).
    hosts = LOOPBACK if arguments.host in LOOPBACK else ("*",)
    return build_app(store, batcher, hosts=hosts)


if __name__ == "__main__":
    sys.exit(main())
