"""`manage.py model_register` keeps the rules of the page."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.conftest import Cast
from tests.training.checkpoints.models import model, tarred, written
from training.models import Checkpoint, ModelFetch


def register(cast: Cast, *arguments: str, email: str = "lena@example.org") -> None:
    call_command("model_register", str(cast.project.pk), "--as", email, *arguments)


def test_each_way(cast: Cast, settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOTS = [str(tmp_path)]
    settings.LLM_ALLOW_LOOPBACK, settings.HUB_URL = True, "http://127.0.0.1:9"
    archive = tmp_path / "mine.tar.gz"
    archive.write_bytes(tarred(model()).getvalue())
    register(cast, "--name", "Ours", "--path", str(written(tmp_path / "a")))
    register(cast, "--name", "Mine", "--archive", str(archive), "--licence", "MIT")
    register(cast, "--name", "Tiny", "--hub", "owner/name")
    register(cast, "--small")
    register(cast, "--small", "published")
    rows = Checkpoint.objects.order_by("number").values_list("origin", "licence")
    assert list(rows) == [("path", ""), ("upload", "MIT")]
    hub, small, published = ModelFetch.objects.order_by("number")
    assert hub.created_by == small.created_by == cast.leads[0]
    assert (hub.source, small.source) == ("hub", "package")
    assert (small.name, published.name) == ("Kardia small", "SmolLM2-135M-Instruct")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "x", "--path", "/etc"), "KARDIA_MODEL_ROOTS"),
        (("--name", "x", "--archive", "/nowhere.zip"), "No such file"),
        (("--path", "/etc"), "name must have"),
    ],
)
def test_refusals_are_told(
    cast: Cast, settings: Any, arguments: tuple[str, ...], said: str
) -> None:
    settings.MODEL_ROOTS = []
    with pytest.raises(CommandError, match=said):
        register(cast, *arguments)


def test_only_a_lead_of_the_project(cast: Cast) -> None:
    for email in ("clara@example.org", "sam@example.org", "nobody@example.org"):
        with pytest.raises(CommandError, match="is no lead"):
            register(cast, "--small", email=email)
