"""A checkpoint as an archive: the model, its card, and who took it."""

import io
import tarfile

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from tests.conftest import Cast
from tests.support import starter as starters
from tests.training.checkpoints.models import model, tarred
from tests.training.checkpoints.test_pages import url
from tests.training.runs import told
from tests.training.runs.test_events import insert
from tests.training.runs.worlds import World
from training.checkpoints import services
from training.checkpoints.serving import served_name
from training.models import Checkpoint
from webapp.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client: Client, cast: Cast) -> Client:
    client.force_login(cast.leads[0])
    return client


def archive(lead: Client, row: Checkpoint) -> dict[str, bytes]:
    answer = lead.get(url("checkpoint_archive", row))

    async def pieces() -> list[bytes]:
        return [piece async for piece in answer.streaming_content]  # type: ignore[attr-defined]

    content = b"".join(async_to_sync(pieces)())
    assert len(content) == int(answer.headers["Content-Length"])
    with tarfile.open(fileobj=io.BytesIO(content)) as found:
        return {one.name: found.extractfile(one).read() for one in found}  # type: ignore[union-attr]


def test_the_archive_has_the_model_and_its_card(lead: Client, cast: Cast) -> None:
    row, _ = services.checkpoint_upload(
        project=cast.project,
        actor=cast.leads[0],
        name="Mine",
        archive=tarred(model(README__md=b"theirs")),
        file_name="mine.zip",
    )
    found, folder = archive(lead, row), served_name(row)
    wanted = {f"{folder}/{name}": content for name, content in model().items()}
    card = found.pop(f"{folder}/README.md").decode()
    assert found == wanted | {f"{folder}/README.original.md": b"theirs"}
    assert "Uploaded as mine.zip." in card and "Licence of the base: unknown." in card
    assert row.sha256 in card


def test_names_are_no_markdown_in_the_card(lead: Client, cast: Cast) -> None:
    cast.project.name = "<img src=x>"
    cast.project.save()
    row, _ = services.checkpoint_upload(
        project=cast.project,
        actor=cast.leads[0],
        name="[Mine](http://example.org)",
        archive=tarred(model()),
        file_name="**a**|b.zip",
        licence="`MIT`",
    )
    card = archive(lead, row)[f"{served_name(row)}/README.md"].decode()
    for words in (
        r"# \[Mine\](http://example.org)",
        r"“\<img src=x\>”",
        r"Uploaded as \*\*a\*\*\|b.zip.",
        r"base: \`MIT\`",
    ):
        assert words in card, words


def test_names_in_the_card_of_a_trained_checkpoint(lead: Client, ready: World) -> None:
    run = ready.start()
    insert(run, *told.whole_run())
    row = Checkpoint.objects.get(run=run)
    Checkpoint.objects.filter(pk=row.pk).update(path=str(starters.FOLDER))
    for named in (run.base, run.version.rubric, run.train_snapshot.collection):
        type(named).objects.filter(pk=named.pk).update(name=f"<b>{type(named).__name__}")
    card = archive(lead, row)[f"{served_name(row)}/README.md"].decode()
    for name in ("Checkpoint", "Rubric", "Collection"):
        assert rf"\<b\>{name}" in card, card


def test_who_took_weights_is_on_record(lead: Client, cast: Cast) -> None:
    row = starters.register(project=cast.project, actor=cast.leads[0])
    for name in ("checkpoint_archive", "api_checkpoint_archive"):
        assert lead.get(url(name, row)).status_code == 200
        entry = Entry.objects.filter(action="checkpoint.downloaded").latest("pk")
        assert (entry.actor, entry.object_id) == (cast.leads[0], str(row.pk))
    assert Entry.objects.filter(action="checkpoint.downloaded").count() == 2
    Checkpoint.objects.filter(pk=row.pk).update(path="/nowhere")
    lead.get(url("checkpoint_archive", row))
    assert Entry.objects.filter(action="checkpoint.downloaded").count() == 2


def test_the_card_of_a_trained_checkpoint(lead: Client, ready: World) -> None:
    run = ready.start()
    insert(run, *told.whole_run())
    row = Checkpoint.objects.get(run=run)
    Checkpoint.objects.filter(pk=row.pk).update(path=str(starters.FOLDER))
    card = archive(lead, row)[f"{served_name(row)}/README.md"].decode()
    for words in (
        "GRPO run 1, step 4. It began with “starter”",
        f"fingerprint `{run.spec.hash}`",
        f"hash `{run.train_snapshot.hash}`",
        f"Judge: {run.judge}",
        '"learning_rate"',
        "It was not evaluated.",
        "Licence of the base: Apache 2.0",
    ):
        assert words in card, words
