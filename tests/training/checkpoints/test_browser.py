"""A model is uploaded and deleted in a browser."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.conftest import Cast
from tests.support.browser import sign_in
from tests.training.checkpoints.models import model, tarred
from training.models import Checkpoint

pytestmark = pytest.mark.browser


def test_an_upload_and_its_end(
    cast: Cast, studio: str, page: Page, settings: Any, tmp_path: Path
) -> None:
    sign_in(page.context, cast.leads[0], studio)
    page.goto(studio + reverse("checkpoint_new", args=[cast.project.pk]))
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(tarred(model() | {"x.pkl": b"x"}).getvalue())
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_label("Name").fill("Mine")
    page.get_by_role("button", name="Upload the model").click()
    # The refusal stands at the field, and what was typed stays.
    expect(page.locator(".error")).to_contain_text("x.pkl is a pickle file")
    expect(page.get_by_label("Name")).to_have_value("Mine")
    archive.write_bytes(tarred(model()).getvalue())
    page.get_by_label("Archive").set_input_files(archive)
    page.get_by_role("button", name="Upload the model").click()
    expect(page.get_by_role("heading", name="Mine")).to_be_visible()
    page.get_by_role("button", name="Delete the checkpoint").click()
    page.get_by_role("button", name="Keep it").click()
    assert Checkpoint.objects.count() == 1
    page.get_by_role("button", name="Delete the checkpoint").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("“Mine” was deleted.")).to_be_visible()
    assert not Checkpoint.objects.exists()
