"""The folder of a removed download goes too, also where somebody is killed or still writes."""

import fcntl
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cast
from tests.training.checkpoints.models import model, zipped
from training.checkpoints import deleted_projects, services
from training.checkpoints.limits import LOCK
from training.models import ModelFetch
from webapp.files.folders import make_private, run_folder
from webapp.ids import new_id


@pytest.fixture(autouse=True)
def own_var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.LLM_ALLOW_LOOPBACK, settings.HUB_URL = True, "http://127.0.0.1:9"


def failed(cast: Cast) -> ModelFetch:
    """A download that failed, with a folder."""
    run = download(cast)
    ModelFetch.objects.filter(pk=run.pk).update(status="failed")
    (make_private(run_folder(run.pk)) / "model").mkdir()
    return run


def download(cast: Cast) -> ModelFetch:
    return services.fetch_start(
        project=cast.project, actor=cast.leads[0], key=new_id().hex, name="Tiny", repo="tests/tiny"
    )


def remove_and_be_killed(cast: Cast) -> Path:
    """Remove a download; what is done on commit never is."""
    run = failed(cast)
    services.fetch_remove(run=run, actor=cast.leads[0])
    folder = run_folder(run.pk)
    assert folder.exists()
    return folder


def upload(cast: Cast) -> None:
    services.checkpoint_upload(
        project=cast.project,
        actor=cast.leads[0],
        name="Mine",
        archive=zipped(model()),
        file_name="mine.zip",
    )


def add_small(cast: Cast) -> None:
    services.small_model_start(project=cast.project, actor=cast.leads[0], key="small")


def delete_project(cast: Cast) -> None:
    deleted_projects.remove_files(cast.project)


@pytest.mark.parametrize("later", [download, upload, add_small, delete_project])
def test_what_a_killed_removal_left_goes_later(cast: Cast, later: Any) -> None:
    kept, left = run_folder(failed(cast).pk), remove_and_be_killed(cast)
    later(cast)
    assert (kept.exists(), left.exists()) == (True, False)


def test_a_folder_that_a_program_still_writes_to_goes_later(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    run = failed(cast)
    folder = run_folder(run.pk)
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with django_capture_on_commit_callbacks(execute=True):
            services.fetch_remove(run=run, actor=cast.leads[0])
        assert (folder / "model").exists()
    download(cast)
    assert not folder.exists()


@pytest.mark.slow
def test_a_program_does_not_bring_a_removed_folder_back(tmp_path: Path) -> None:
    job, result, folder = tmp_path / "job.json", tmp_path / "result.json", tmp_path / "gone"
    asked = {"allow_loopback": True, "allowed_hosts": [], "endpoint": "http://127.0.0.1:9"}
    files = [{"name": "config.json", "size": 2, "sha256": ""}]
    of_model = {"repo": "tests/tiny", "revision": "0" * 40, "files": files}
    job.write_text(json.dumps({**asked, **of_model, "folder": str(folder / "model")}))
    program = [sys.executable, "-m", "training.checkpoints.hub", str(job), str(result)]
    subprocess.run(program, check=True)
    assert "No such file or directory" in json.loads(result.read_text())["error"]
    assert not folder.exists()
