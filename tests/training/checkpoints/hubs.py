"""A small hub on this machine: the list of files of one model, and the files."""

import hashlib
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.servers import never

REPO = "tests/tiny-model"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE = 2**20


class Hub:
    """Answers as the hub does. `asked` has (name, Range header) of each file that was asked for;
    of a file in `stops` it sends that many bytes and then nothing more."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.asked: list[tuple[str, str | None]] = []
        self.stops: dict[str, int] = {}
        # What is sent in place of a file, such as a damaged one.
        self.sent: dict[str, bytes] = {}
        self.redirect = ""
        self.is_gated = False
        # With which code files are refused, though the list of files is given.
        self.refuses_files = ""
        self.commit = COMMIT
        self.headers: list[Mapping[str, str]] = []
        self.app = Starlette(
            routes=[
                Route("/api/models/{owner}/{name}/revision/{revision:path}", self._list),
                Route("/{owner}/{name}/resolve/{commit}/{file}", self._file),
            ]
        )

    async def _list(self, request: Request) -> Response:
        self.headers.append(dict(request.headers))
        of = request.path_params
        if f"{of['owner']}/{of['name']}" != REPO:
            return _refusal(404, "RepoNotFound")
        if self.is_gated:
            return _refusal(403, "GatedRepo")
        if of["revision"] not in ("main", COMMIT):
            return _refusal(404, "RevisionNotFound")
        siblings = [_described(name, content) for name, content in self.files.items()]
        return JSONResponse({"id": REPO, "sha": self.commit, "siblings": siblings})

    async def _file(self, request: Request) -> Response:
        name = request.path_params["file"]
        self.asked.append((name, request.headers.get("range")))
        if self.refuses_files:
            return _refusal(404, self.refuses_files)
        if self.redirect:
            return RedirectResponse(self.redirect)
        content = self.sent.get(name, self.files[name])
        start = _start_of(request.headers.get("range"))
        headers = {"Content-Length": str(len(content) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        pieces = _pieces(content[start:], self.stops.get(name))
        return StreamingResponse(pieces, status_code=206 if start else 200, headers=headers)


async def _pieces(content: bytes, stop: int | None) -> AsyncIterator[bytes]:
    for at in range(0, len(content), PIECE):
        if stop is not None and at >= stop:
            await never()
        yield content[at : at + PIECE]


def _start_of(header: str | None) -> int:
    return int(header.removeprefix("bytes=").rstrip("-")) if header else 0


def _described(name: str, content: bytes) -> dict[str, object]:
    found: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": "b"}
    if name.endswith((".safetensors", ".bin")):
        sha256 = hashlib.sha256(content).hexdigest()
        found["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 1}
    return found


def _refusal(status: int, code: str) -> Response:
    return JSONResponse({"error": code}, status_code=status, headers={"X-Error-Code": code})
