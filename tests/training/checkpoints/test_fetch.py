"""A model comes from the hub, only when it is asked for, and only what a model needs."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Cast
from tests.support.servers import refusing, serve
from tests.training.checkpoints.hubs import COMMIT, REPO, Hub
from tests.training.checkpoints.models import model, safetensors
from training.checkpoints import adding, services, work
from training.models import Checkpoint, ModelFetch
from training.paths import weights_of
from training.services import weights_hash
from webapp.audit.models import Entry
from webapp.errors import Refused
from webapp.files.folders import run_folder
from webapp.ids import new_id
from webapp.runs import services as runs

# Each starts a program.
pytestmark = pytest.mark.slow

EXTRA = {"pytorch_model.bin": b"pickle", "modeling.py": b"code", "README.md": b"# Tiny"}


@pytest.fixture
def hub(settings: Any) -> Iterator[Hub]:
    settings.LLM_ALLOW_LOOPBACK = True
    hub = Hub(model() | EXTRA)
    with serve(hub.app) as url:
        settings.HUB_URL = url.removesuffix("/v1")
        yield hub


def started(cast: Cast, **changes: str) -> ModelFetch:
    asked = {"key": new_id().hex, "name": "Tiny", "repo": REPO, **changes}
    return services.fetch_start(project=cast.project, actor=cast.leads[0], **asked)


def worked(run: ModelFetch) -> ModelFetch:
    work.work(str(run.pk))
    run.refresh_from_db()
    return run


def test_a_model_is_downloaded(cast: Cast, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_servers_owner")
    run = worked(started(cast, licence="MIT"))
    assert (run.status, run.error, run.commit) == ("succeeded", "", COMMIT)
    row = run.checkpoint
    assert row is not None
    assert (row.origin, row.source, row.revision, row.licence) == ("hub", REPO, COMMIT, "MIT")
    wanted = sorted([*model(), "README.md"])
    assert sorted(path.name for path in weights_of(row).iterdir()) == wanted
    assert sorted(name for name, _ in hub.asked) == wanted, "nothing else was even asked for"
    assert all(file.received == file.size for file in run.files.all())
    assert not [sent for sent in hub.headers if "authorization" in sent]
    assert row.sha256 == weights_hash(weights_of(row), model())


def test_the_same_key_is_one_download(cast: Cast, hub: Hub) -> None:
    run = started(cast, key="k")
    assert started(cast, key="k") == run
    assert hub.headers == [], "the hub is asked by a worker only"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repo": "tests/unknown"}, "There is no public model called tests/unknown"),
        ({"revision": "v9"}, "has no revision called v9"),
    ],
)
def test_what_the_hub_does_not_have(
    cast: Cast, hub: Hub, changes: dict[str, str], said: str
) -> None:
    run = worked(started(cast, **changes))
    assert run.status == "failed" and said in run.error
    assert not run.can_go_on
    with pytest.raises(Refused, match=f"can’t be added this way: .*{said}"):
        runs.resume(run, actor=cast.leads[0])


def test_a_model_behind_terms(cast: Cast, hub: Hub) -> None:
    hub.is_gated = True
    run = worked(started(cast))
    assert (run.status, run.can_go_on) == ("failed", False)
    assert "accept its authors’ terms" in run.error


def test_a_model_that_can_not_be_trained(cast: Cast, hub: Hub) -> None:
    hub.files["config.json"] = b'{"architectures": ["BertModel"]}'
    run = worked(started(cast))
    assert (run.status, run.can_go_on, run.checkpoint) == ("failed", False, None)


def test_a_download_that_failed_is_removed(
    cast: Cast, hub: Hub, django_capture_on_commit_callbacks: Any
) -> None:
    lead = cast.leads[0]
    run = started(cast, repo="tests/unknown")
    with pytest.raises(Refused, match="has not failed"):
        services.fetch_remove(run=run, actor=lead)
    folder = run_folder(worked(run).pk)
    assert folder.exists()
    with django_capture_on_commit_callbacks(execute=True):
        services.fetch_remove(run=run, actor=lead)
    assert not ModelFetch.objects.exists() and not folder.exists()
    entry = Entry.objects.get(action="fetch.removed")
    assert entry.details["repo"] == "tests/unknown"
    with pytest.raises(Refused, match="has been removed already"):
        services.fetch_remove(run=run, actor=lead)


def test_a_download_that_added_its_model_stays(cast: Cast, hub: Hub) -> None:
    run = worked(started(cast))
    ModelFetch.objects.update(status="failed")
    with pytest.raises(Refused, match="has added its model"):
        services.fetch_remove(run=run, actor=cast.leads[0])


def test_a_commit_of_pickles_only(cast: Cast, hub: Hub) -> None:
    del hub.files["model.safetensors"]
    run = worked(started(cast, revision=COMMIT))
    assert run.status == "failed" and "no safetensors weights" in run.error
    assert not run.can_go_on
    assert hub.asked == []


def test_a_branch_of_pickles_only_is_asked_again(cast: Cast, hub: Hub) -> None:
    content = hub.files.pop("model.safetensors")
    run = worked(started(cast, revision="main"))
    assert run.status == "failed" and "no safetensors weights" in run.error and run.can_go_on
    hub.files["model.safetensors"] = content
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"


def test_a_model_that_is_gone_while_it_comes_may_come_back(cast: Cast, hub: Hub) -> None:
    hub.refuses_files = "RepoNotFound"
    run = worked(started(cast))
    assert run.status == "failed" and "error 404. Resume later." in run.error and run.can_go_on
    hub.refuses_files = ""
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"


def test_files_behind_terms(cast: Cast, hub: Hub) -> None:
    hub.refuses_files = "GatedRepo"
    run = worked(started(cast))
    assert (run.status, run.can_go_on) == ("failed", False)
    assert "accept its authors’ terms" in run.error


def test_a_worker_killed_before_its_end_has_not_said_for_good(
    cast: Cast, hub: Hub, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    hub.is_gated = True
    run = started(cast)
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(runs, "end", killed)
        worked(run)
    ModelFetch.objects.update(status="pending", claim=None)
    with refusing() as url:
        settings.HUB_URL = url.removesuffix("/v1")
        run = worked(run)
    assert run.status == "failed" and "could not be reached" in run.error and run.can_go_on
    runs.resume(run, actor=cast.leads[0])


def test_a_damaged_file_is_downloaded_again(cast: Cast, hub: Hub) -> None:
    hub.sent["model.safetensors"] = safetensors(fill=b"\x02")
    run = worked(started(cast))
    assert run.status == "failed" and "arrived damaged" in run.error and run.can_go_on
    assert run.checkpoint is None
    hub.sent.clear()
    hub.asked.clear()
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"
    assert "config.json" not in dict(hub.asked), "what is whole is not asked for again"


def test_a_file_that_does_not_end_is_given_up(cast: Cast, hub: Hub) -> None:
    hub.sent["model.safetensors"] = bytes(16 * 2**20)
    run = worked(started(cast))
    assert run.status == "failed" and "File too large" in run.error
    hub.sent.clear()
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"


def test_an_answer_that_is_no_hubs(cast: Cast, hub: Hub) -> None:
    hub.commit = "../../elsewhere"
    run = worked(started(cast))
    assert run.status == "failed" and "not that of a model hub" in run.error


def test_a_short_disk_stops_it_before_the_first_file(cast: Cast, hub: Hub, settings: Any) -> None:
    settings.DISK_RESERVE_BYTES = 2**60
    run = worked(started(cast))
    assert run.status == "failed" and "not enough disk space" in run.error and run.can_go_on
    assert hub.asked == []


def test_a_redirect_can_not_lead_to_a_guarded_address(cast: Cast, hub: Hub) -> None:
    hub.redirect = "http://169.254.169.254/latest/meta-data"
    run = worked(started(cast))
    assert run.status == "failed" and "metadata services are never allowed" in run.error


def test_a_hub_that_does_not_answer(cast: Cast, settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK = True
    with refusing() as url:
        settings.HUB_URL = url.removesuffix("/v1")
        run = worked(started(cast))
    assert run.status == "failed" and "could not be reached" in run.error and run.can_go_on


def test_a_hub_that_may_not_be_reached(cast: Cast, settings: Any) -> None:
    settings.LLM_ALLOW_LOOPBACK, settings.HUB_URL = False, "http://127.0.0.1:9"
    with pytest.raises(Refused, match="The model hub can’t be used"):
        started(cast)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("repo", "no-owner"),
        ("repo", "a/b/c"),
        ("repo", "../../etc"),
        ("repo", "https://x/y"),
        ("revision", "../x"),
        ("revision", ""),
        ("name", ""),
    ],
)
def test_names_that_are_none(cast: Cast, hub: Hub, field: str, value: str) -> None:
    with pytest.raises(Refused) as caught:
        started(cast, **{field: value})
    assert caught.value.code == field


def test_a_stopped_download_keeps_what_it_has(
    cast: Cast, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = safetensors(2**20)
    hub.files["model.safetensors"] = content
    hub.stops["model.safetensors"] = 2 * 2**20
    run, note = started(cast), work._note

    def note_and_stop(claim: Any, *arguments: Any) -> None:
        note(claim, *arguments)
        if run.files.get(name="model.safetensors").received == 2 * 2**20:
            claim.cancelled.set()

    with monkeypatch.context() as patch:
        patch.setattr(work, "_note", note_and_stop)
        assert worked(run).status == "cancelled"
    hub.stops.clear()
    runs.resume(run, actor=cast.leads[0])
    assert worked(run).status == "succeeded"
    assert hub.asked[-1] == ("tokenizer_config.json", None)
    assert ("model.safetensors", f"bytes={2 * 2**20}-") in hub.asked
    found = run_folder(run.pk) / work.MODEL / "model.safetensors"
    assert found.read_bytes() == content


def test_a_stop_while_the_weights_are_read_adds_no_model(
    cast: Cast, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, lead = started(cast), cast.leads[0]

    def stop_and_read(*arguments: Any) -> str:
        runs.cancel(run, actor=lead)
        return weights_hash(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(adding, "weights_hash", stop_and_read)
        assert worked(run).status == "cancelled"
    assert not Checkpoint.objects.exists()
    runs.resume(run, actor=lead)
    assert (worked(run).status, run.checkpoint) == ("succeeded", Checkpoint.objects.get())


def test_a_worker_killed_after_it_added_the_model_adds_it_once(cast: Cast, hub: Hub) -> None:
    run = worked(started(cast))
    # The model is written down, and the end of the download is not.
    ModelFetch.objects.update(status="pending", ended_at=None)
    row = Checkpoint.objects.get()
    with pytest.raises(Refused, match=r"Model download 1 \(still under way\)"):
        services.checkpoint_delete(checkpoint=row, actor=cast.leads[0])
    assert (worked(run).status, run.checkpoint) == ("succeeded", Checkpoint.objects.get())
    services.checkpoint_delete(checkpoint=row, actor=cast.leads[0])
