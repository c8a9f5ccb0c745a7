"""Ask a model hub for its list of files, or download some: `python -m training.checkpoints.hub
JOB RESULT`, both files of JSON.

A separate process: it can be killed at any moment, and it is the only one allowed to contact the
hub. It knows no Django, no key and no token: public models only.
"""

import fcntl
import json
import resource
import sys
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_url, set_client_factory
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers

from training.checkpoints.limits import LOCK, PART, is_kept
from training.trainer.files import flush_to_disk, sha256_of
from webapp.llm.addresses import AddressRefused, guarded_sync_transport

Job = dict[str, Any]
ASK_WITHIN_S = 30.0
CHUNK = 2**20


# What the hub would answer again, however often it is asked.
FINAL = (GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError)


class Differs(Exception):
    """A file is not what the hub said it would be."""


def main() -> int:
    job, result = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    transport = guarded_sync_transport(
        allow_loopback=job["allow_loopback"], allowed_hosts=job["allowed_hosts"]
    )
    set_client_factory(
        lambda: httpx2.Client(transport=transport, follow_redirects=True, trust_env=False)
    )
    # How much is lost where a download is ended, and how fine its progress is.
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    try:
        answer = download(job) if "files" in job else list_files(job)
    except (Differs, AddressRefused, httpx2.HTTPError, HfHubHTTPError, OSError) as error:
        answer = failure(error, job)
    draft = result.with_name(f"{result.name}.draft")
    draft.write_text(json.dumps(answer))
    draft.rename(result)
    return 0


def list_files(job: Job) -> Job:
    """The commit that a revision is now, and the files of the model that are kept, with their
    sizes in bytes and, for large ones, their SHA-256."""
    api = HfApi(endpoint=job["endpoint"], token=False)
    info = api.model_info(
        job["repo"], revision=job["revision"], files_metadata=True, timeout=ASK_WITHIN_S
    )
    files = [
        {"name": one.rfilename, "size": one.size or 0, "sha256": one.lfs.sha256 if one.lfs else ""}
        for one in info.siblings or ()
        if is_kept(one.rfilename)
    ]
    return {"commit": info.sha, "files": files}


def download(job: Job) -> Job:
    """Bring each file into the folder, from the byte on that is there already. A file gets its
    name when it is whole and its hash is right."""
    folder = Path(job["folder"])
    # The folder around it is there, unless somebody removed this download meanwhile.
    folder.mkdir(exist_ok=True)
    # A hub that sends more than it said fills no disk.
    most = max(file["size"] for file in job["files"]) + CHUNK
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    with (folder.parent / LOCK).open("w") as lock:
        # A program that outlived its worker writes the same files: it ends first.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in job["files"]:
            if not (folder / file["name"]).exists():
                _fetch(job, file, folder)
    return {}


def _fetch(job: Job, file: Job, folder: Path) -> None:
    part = folder / (file["name"] + PART)
    if part.exists() and part.stat().st_size > file["size"]:
        part.unlink()
    url = hf_hub_url(job["repo"], file["name"], revision=job["revision"], endpoint=job["endpoint"])
    with part.open("ab") as content:
        http_get(
            url,
            content,
            resume_size=content.tell(),
            headers=build_hf_headers(token=False),
            expected_size=file["size"],
            displayed_filename=file["name"],
        )
    if file["sha256"] and sha256_of(part) != file["sha256"]:
        part.unlink()
        raise Differs(f"{file['name']} arrived damaged and was removed.")
    flush_to_disk(part)
    part.rename(folder / file["name"])


def failure(error: Exception, job: Job) -> Job:
    """What went wrong and what to do, and whether the hub would answer the same again. It had the
    model when it listed the files: what it does not find after that may come back."""
    may_come_back = "files" in job and not isinstance(error, GatedRepoError)
    if isinstance(error, FINAL) and not may_come_back:
        return {"error": final_sentence(error, job), "is_final": True}
    return {"error": sentence(error, job), "is_final": False}


def final_sentence(error: Exception, job: Job) -> str:
    repo, hub = job["repo"], job["endpoint"]
    if isinstance(error, GatedRepoError):
        return (
            f"To use {repo}, you have to accept its authors’ terms. Do that on the hub, download "
            "the model, and upload it here."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{repo} has no revision called {job['revision']}. Check the name."
    return f"There is no public model called {repo} at {hub}. Check the name."


def sentence(error: Exception, job: Job) -> str:
    hub = job["endpoint"]
    if isinstance(error, HfHubHTTPError):
        return f"{hub} answered with the error {error.response.status_code}. Resume later."
    if isinstance(error, httpx2.HTTPError):
        return f"{hub} could not be reached ({error}). Resume later."
    if isinstance(error, Differs):
        return f"{error} Resume to download it again."
    return f"The download failed: {error}"


if __name__ == "__main__":
    sys.exit(main())
