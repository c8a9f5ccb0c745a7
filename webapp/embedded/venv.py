"""A virtual environment below the checkout, and uv in it to fill it.

Standard library only: it runs on the system's Python, before anything is installed. What is
installed already is left as it is: a stamp in the environment holds the hash of what was asked for.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

from webapp.embedded import pip_settings

OLDEST_PYTHON = (3, 11)
UV_VERSION = "0.13.9"
CHECKOUT = Path(__file__).resolve().parents[2]


class InstallError(Exception):
    """A step failed; the message says what to do about it."""


class Venv:
    """The virtual environment in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self._stamp = folder / "installed.json"

    def bring_to(self, wanted: dict[str, str], fill: Callable[[dict[str, str]], None]) -> None:
        """Make it and `fill` it, unless it holds what is `wanted` already.

        `fill` gets the environment for uv. Raises InstallError with what to do.
        """
        if sys.version_info < OLDEST_PYTHON:
            raise InstallError(
                f"Python 3.11 or later is needed, this is {sys.version.split()[0]}. "
                "Name another one: make ... PYTHON=python3.12"
            )
        wanted = {"python": sys.version.split()[0], **wanted}
        with _only_one_at_a_time():
            if wanted.items() <= self._installed().items():
                return
            started = time.monotonic()
            self._make()
            self._stamp.unlink(missing_ok=True)  # from here on it holds neither old nor new
            fill(pip_settings.uv_environment(pip_settings.read(self.python), os.environ))
            self._stamp.write_text(json.dumps(wanted))
            step(f"installed in {time.monotonic() - started:.1f} s")

    def add(self, wanted: dict[str, str], *what: str) -> bool:
        """Install what the environment can do without, unless it is there already. Returns
        whether it is there now; where not, what was there before still is."""
        with _only_one_at_a_time():
            installed = self._installed()
            if wanted.items() <= installed.items():
                return True
            step(f"installing {', '.join(wanted)}")
            environment = pip_settings.uv_environment(pip_settings.read(self.python), os.environ)
            try:
                self.install(environment, *what)
            except InstallError:
                return False
            self._stamp.write_text(json.dumps(installed | wanted))
            return True

    def uv(self, environment: dict[str, str], *args: str, quiet: bool = False) -> int:
        """Run uv and return its exit status."""
        return subprocess.run(
            [str(self.python), "-m", "uv", *args],
            env=environment,
            cwd=CHECKOUT,
            check=False,
            stderr=subprocess.DEVNULL if quiet else None,
        ).returncode

    def install(self, environment: dict[str, str], *what: str) -> None:
        """`uv pip install`. Raises InstallError."""
        if self.uv(environment, "pip", "install", "--quiet", "--python", str(self.python), *what):
            raise InstallError(_no_packages(" ".join(part for part in what if "==" in part)))

    def install_torch(
        self, environment: dict[str, str], requirements: Path, *, backend: str = "auto"
    ) -> None:
        """torch first, apart: which build is right depends on the machine, not on the pins.

        `backend` is uv's word for the build: `cpu`, or `auto` for what the machine has.
        """
        version, pins = _pinned(requirements, "torch"), ["-c", str(requirements)]
        if self._version_of("torch").partition("+")[0] == version:
            return
        local = _has_local_wheel(environment, f"torch-{version}+cpu")
        if backend == "auto":
            wanted = environment.get("UV_TORCH_BACKEND", "")
            backend = wanted or torch_backend(sys.platform, has_gpu=has_gpu())
        attempts = torch_attempts(version, backend=backend, has_local_wheel=local)
        for said, *what in attempts:
            step(said)
            chosen = ["pip", "install", "--quiet", *what, "--python", str(self.python), *pins]
            # What uv says of an attempt that another one follows would read as the reason.
            if not self.uv(environment, *chosen, quiet=[said, *what] != list(attempts[-1])):
                return
        raise InstallError(_no_packages(f"torch=={version}"))

    def _installed(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._stamp.read_text())) if self._works() else {}
        except (OSError, ValueError):
            return {}

    def _works(self) -> bool:
        """False after the checkout was moved, or after the Python below it was removed."""
        try:
            first_line = (self.folder / "bin" / "pip").read_text().partition("\n")[0]
            works = subprocess.run([str(self.python), "-c", ""], capture_output=True, check=False)
        except OSError:
            return False
        return works.returncode == 0 and str(self.folder) in first_line

    def _make(self) -> None:
        if not self._works():
            if self.folder.is_symlink():
                # What it points to is cleared first, and belongs to another checkout.
                raise InstallError(
                    f"{self.folder} is a link to {self.folder.resolve()}, which was not made for "
                    "this folder. Remove the link and try again."
                )
            step(f"making {self.folder.name} with Python {sys.version.split()[0]}")
            try:
                venv.create(self.folder, clear=True, symlinks=True, with_pip=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise InstallError(
                    f"This Python can't make a virtual environment ({error}). On Debian and "
                    "Ubuntu it needs the package python3-venv."
                ) from error
        if self._version_of("uv") != UV_VERSION:
            step(f"installing uv {UV_VERSION}")
            pip = [str(self.python), "-m", "pip", "install", "--quiet"]
            pip += ["--disable-pip-version-check", "--retries", "2", f"uv=={UV_VERSION}"]
            if subprocess.run(pip, check=False).returncode:
                raise InstallError(_no_packages("uv"))

    def _version_of(self, package: str) -> str:
        """The version of an installed package, empty where it is not installed."""
        ask = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
        asked = subprocess.run(
            [str(self.python), "-c", ask, package], capture_output=True, text=True, check=False
        )
        return asked.stdout.strip()


def step(text: str) -> None:
    sys.stderr.write(f"[install] {text}\n")


def torch_backend(platform: str, *, has_gpu: bool) -> str:
    """uv's word for the build of torch. On Linux the one for a card is gigabytes larger, and the
    index has no other: a machine without a card asks for the one for CPU."""
    return "cpu" if platform == "linux" and not has_gpu else "auto"


def torch_attempts(version: str, *, backend: str, has_local_wheel: bool) -> list[tuple[str, ...]]:
    """What to try, in turn: a sentence and what `uv pip install` is given."""
    if has_local_wheel:
        return [(f"installing torch {version} for CPU from a local wheel", f"torch=={version}+cpu")]
    name = f"torch=={version}"
    build = "for CPU" if backend == "cpu" else "for this machine (a large download)"
    return [
        (f"installing torch {version} {build}", f"--torch-backend={backend}", name),
        # A mirror may have the build for CPU under the same number.
        *([("looking in the index for it", f"{name}+cpu")] if backend == "cpu" else []),
        ("that build can't be had here: taking the one of the index (a large download)", name),
    ]


def has_gpu() -> bool:
    """Whether the driver of an NVIDIA GPU answers."""
    program = shutil.which("nvidia-smi")
    return (
        program is not None and not subprocess.run([program, "-L"], capture_output=True).returncode
    )


def _pinned(requirements: Path, package: str) -> str:
    """The version of a package that a file of pins names."""
    for line in requirements.read_text().splitlines():
        if line.startswith(f"{package}=="):
            return line.partition("==")[2]
    raise InstallError(f"{requirements.name} does not pin {package}")


def _has_local_wheel(environment: dict[str, str], name: str) -> bool:
    tag = "cp{}{}".format(*sys.version_info)
    folders = [place for place in environment.get("UV_FIND_LINKS", "").split(",") if place]
    return any(
        any(Path(folder.replace("file://", "", 1)).glob(f"{name}-{tag}-*.whl"))
        for folder in folders
    )


def _no_packages(what: str) -> str:
    return (
        f"{what or 'The requirements'} could not be installed; the reason is above. The first "
        "start needs a network, or a folder of wheels named in PIP_FIND_LINKS."
    )


@contextlib.contextmanager
def _only_one_at_a_time() -> Iterator[None]:
    """Two installs would mix."""
    (CHECKOUT / "var").mkdir(exist_ok=True)
    with (CHECKOUT / "var" / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
