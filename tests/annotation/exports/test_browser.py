"""The whole way in a browser: filters, form, live page, file."""

from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from annotation.exports import work
from annotation.models import ExportRun
from tests.conftest import Cast
from tests.support.browser import follow, sign_in
from tests.support.dialogues import added, parsed

pytestmark = pytest.mark.browser


def test_from_the_list_of_dialogues_to_the_file(
    cast: Cast, studio: str, page: Page, context: BrowserContext, tmp_path: Path
) -> None:
    added(cast.project, parsed(1), parsed(2, emotion="proud"), parsed(3, emotion="proud"))
    sign_in(context, cast.leads[0], studio)
    page.goto(studio + reverse("dialogues", args=[cast.project.pk]))
    page.get_by_label("Emotion").select_option("proud")
    expect(page.get_by_role("heading", name="2 dialogues")).to_be_visible()
    follow(page.get_by_role("link", name="Export", exact=True))
    expect(page.get_by_text("2 dialogues now")).to_be_visible()
    page.get_by_label("Format").select_option("CSV")
    follow(page.get_by_role("button", name="Start the export"))
    expect(page.get_by_text("Queued. It starts")).to_be_visible()
    # No reload: the socket sends the file's button when the worker has ended.
    work.work(str(ExportRun.objects.get().pk))
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    file = tmp_path / "file.csv"
    downloading.value.save_as(file)
    assert downloading.value.suggested_filename == "support-study-dialogues-1.csv"
    assert file.read_text().count("proud") == 4
    page.get_by_role("button", name="Remove").click()
    follow(page.get_by_role("dialog").get_by_role("button", name="Remove the file"))
    expect(page.get_by_text("The file of export 1 was removed.")).to_be_visible()
    expect(page.get_by_role("link", name="Download")).to_have_count(0)
