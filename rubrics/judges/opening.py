"""A judge's row as the judge that scores: what it needs is opened, and closed again."""

import io
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rubrics.judges.queries import require_unchanged
from rubrics.judging import artefact
from rubrics.judging.judge import Scorer
from rubrics.judging.learned import LearnedJudge
from rubrics.judging.llm import Complete, LLMJudge, LLMParameters
from rubrics.models import Judge
from webapp.errors import Refused
from webapp.files.services import open_file
from webapp.llm.clients import open_client
from webapp.runs.models import Run
from webapp.runs.work import in_db


def pack(judge: LearnedJudge) -> io.BytesIO:
    """A learned judge as one file: the members of its artefact folder in a zip."""
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "judge"
        artefact.save(judge, folder)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                # A fixed date, so that the same judge is the same file.
                info = zipfile.ZipInfo(path.name, date_time=(1980, 1, 1, 0, 0, 0))
                archive.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED)
    packed.seek(0)
    return packed


def load_learned(judge: Judge) -> LearnedJudge:
    """The judge that was fitted. Raises Refused where a veto is no longer the one that it pins."""
    require_unchanged(judge)
    with tempfile.TemporaryDirectory() as name:
        unpack(judge, Path(name))
        return artefact.load(Path(name))


@asynccontextmanager
async def open_judge(judge: Judge, *, run: Run | None = None) -> AsyncIterator[Scorer]:
    """The judge, ready to score. Within a run its endpoint is given up at the first pause. Raises
    Refused where that, or a veto, is no longer the one that this version pins."""
    if judge.kind == Judge.Kind.LEARNED:
        yield await in_db(load_learned, judge)
        return
    endpoint = judge.endpoint
    if endpoint is None:
        raise Refused(f"{judge} has no endpoint.", code="no_endpoint")
    async with open_client(endpoint, run=run) as client:
        yield asking(judge, client.complete)


def asking(judge: Judge, complete: Complete) -> LLMJudge:
    """A language model as judge, over a client that the caller opened for its endpoint. Raises
    Refused where that is no longer the one that this version pins."""
    require_unchanged(judge)
    return LLMJudge(complete, LLMParameters(**judge.parameters))


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
