"""Files of a run folder: hashes, and writes that are whole or not there."""

import hashlib
import os
from pathlib import Path


def sha256_of(path: Path) -> str:
    """sha256, in hex, of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_to_disk(path: Path) -> None:
    """Make a file or the entries of a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
