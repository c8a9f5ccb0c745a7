"""The stored artefact of a learned judge, as files again."""

import zipfile
from pathlib import Path

from rubrics.models import Judge
from webapp.errors import Refused
from webapp.files.services import open_file

MAX_UNPACKED_BYTES = 256 * 1024 * 1024


def unpack(judge: Judge, folder: Path) -> None:
    """Write the artefact of a learned judge into `folder`."""
    if judge.artefact is None:
        raise Refused(f"{judge} is not a learned judge.", code="no_artefact")
    folder.mkdir(parents=True, exist_ok=True)
    with open_file(judge.artefact) as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
            raise Refused(f"The artefact of {judge} is too large.", code="artefact")
        for member in members:
            # Only the last part of a name: an archive can't write elsewhere.
            (folder / Path(member.filename).name).write_bytes(archive.read(member))
