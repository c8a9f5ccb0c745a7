"""Makes .venv and installs the pinned requirements: `python3 -m webapp.embedded.install [--dev]`.

Standard library only: it runs on the system's Python, before anything is installed. What is
installed already is left as it is: a stamp in .venv holds the hash of the requirements.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from webapp.embedded import pip_settings

OLDEST_PYTHON = (3, 11)
UV_VERSION = "0.13.9"
CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
REQUIREMENTS = CHECKOUT / "requirements.txt"
DEV_REQUIREMENTS = CHECKOUT / "requirements-dev.txt"


class InstallError(Exception):
    """A step failed; the message says what to do about it."""


def install(*, dev: bool) -> None:
    """Bring .venv to what the requirements say. Raises InstallError with what to do."""
    if sys.version_info < OLDEST_PYTHON:
        raise InstallError(
            f"Python 3.11 or later is needed, this is {sys.version.split()[0]}. "
            "Name another one: make ... PYTHON=python3.12"
        )
    with _only_one_at_a_time():
        wanted = _wanted(dev)
        if wanted.items() <= _installed().items():
            return
        started = time.monotonic()
        _make_venv()
        environment = pip_settings.uv_environment(pip_settings.read(PYTHON), os.environ)
        _install_torch(environment)
        _install_requirements(environment, dev)
        STAMP.write_text(json.dumps(wanted))
        _step(f"installed in {time.monotonic() - started:.1f} s")


def uv(environment: dict[str, str], *args: str, quiet: bool = False) -> int:
    """Run uv in .venv and return its exit status."""
    return subprocess.run(
        [str(PYTHON), "-m", "uv", *args],
        env=environment,
        cwd=CHECKOUT,
        check=False,
        stderr=subprocess.DEVNULL if quiet else None,
    ).returncode


def _files(dev: bool) -> list[Path]:
    return [REQUIREMENTS, DEV_REQUIREMENTS] if dev else [REQUIREMENTS]


def _wanted(dev: bool) -> dict[str, str]:
    hashes = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _files(dev)}
    return {"python": sys.version.split()[0], **hashes}


def _installed() -> dict[str, str]:
    try:
        return dict(json.loads(STAMP.read_text())) if _venv_works() else {}
    except (OSError, ValueError):
        return {}


def _venv_works() -> bool:
    """False after the checkout was moved, or after the Python below .venv was removed."""
    try:
        first_line = (VENV / "bin" / "pip").read_text().partition("\n")[0]
        works = subprocess.run([str(PYTHON), "-c", ""], capture_output=True, check=False)
    except OSError:
        return False
    return works.returncode == 0 and str(VENV) in first_line


def _make_venv() -> None:
    if not _venv_works():
        _step(f"making .venv with Python {sys.version.split()[0]}")
        try:
            venv.create(VENV, clear=True, symlinks=True, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise InstallError(
                f"This Python can't make a virtual environment ({error}). On Debian and Ubuntu "
                "it needs the package python3-venv."
            ) from error
    if _version_of("uv") != UV_VERSION:
        _step(f"installing uv {UV_VERSION}")
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, "--retries", "2", f"uv=={UV_VERSION}"], check=False).returncode:
            raise InstallError(_no_packages("uv"))


def _version_of(package: str) -> str:
    """The version of a package in .venv, empty where it is not installed."""
    ask = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    asked = subprocess.run(
        [str(PYTHON), "-c", ask, package], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def _install_torch(environment: dict[str, str]) -> None:
    """torch first, apart: which build is right depends on the machine, not on the pins."""
    version = _torch_pin()
    if _version_of("torch").partition("+")[0] == version:
        return
    if _has_local_wheel(environment, f"torch-{version}+cpu"):
        _step(f"installing torch {version} for CPU from a local wheel")
        _uv_install(environment, f"torch=={version}+cpu", "-c", str(REQUIREMENTS))
        return
    _step(f"installing torch {version} for this machine (a large download)")
    chosen = ["pip", "install", "--torch-backend=auto", f"torch=={version}"]
    if uv(environment, *chosen, "-c", str(REQUIREMENTS), quiet=True):
        _uv_install(environment, f"torch=={version}", "-c", str(REQUIREMENTS))


def _install_requirements(environment: dict[str, str], dev: bool) -> None:
    _step(f"installing {_files(dev)[-1].name}")
    _uv_install(environment, *(part for file in _files(dev) for part in ("-r", str(file))))


def _torch_pin() -> str:
    """The version of torch in requirements.txt."""
    for line in REQUIREMENTS.read_text().splitlines():
        if line.startswith("torch=="):
            return line.partition("==")[2]
    raise InstallError(f"{REQUIREMENTS.name} does not pin torch")


def _has_local_wheel(environment: dict[str, str], name: str) -> bool:
    tag = "cp{}{}".format(*sys.version_info)
    folders = [place for place in environment.get("UV_FIND_LINKS", "").split(",") if place]
    return any(
        any(Path(folder.replace("file://", "", 1)).glob(f"{name}-{tag}-*.whl"))
        for folder in folders
    )


def _uv_install(environment: dict[str, str], *what: str) -> None:
    if uv(environment, "pip", "install", "--quiet", "--python", str(PYTHON), *what):
        raise InstallError(_no_packages(" ".join(part for part in what if "==" in part)))


def _no_packages(what: str) -> str:
    return (
        f"{what or 'The requirements'} could not be installed; the reason is above. The first "
        "start needs a network, or a folder of wheels named in PIP_FIND_LINKS."
    )


def _only_one_at_a_time() -> IO[str]:
    """An open file that holds a lock until it is closed: two installs would mix."""
    (CHECKOUT / "var").mkdir(exist_ok=True)
    lock = (CHECKOUT / "var" / "install.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def _step(text: str) -> None:
    sys.stderr.write(f"[install] {text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m webapp.embedded.install", description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and lint need")
    try:
        install(dev=parser.parse_args(arguments).dev)
    except InstallError as error:
        _step(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
