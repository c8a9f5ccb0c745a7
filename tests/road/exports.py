"""The last stations: what leaves the studio is opened again with other tools."""

import zipfile
from pathlib import Path

import datasets
import pandas as pd
from playwright.sync_api import Page

from tests.road.comparisons import open_results
from tests.road.models import FIRST
from tests.road.people import ITEMS, QUEUE
from tests.road.walk import Road, choose, finished, press
from tests.support.browser import follow


def export_ratings(road: Road) -> None:
    """What people and judges gave, in pandas."""
    page = road.go("lead", "Data", "Exports", "Ratings")
    file = exported(road, page, "Parquet")
    rows = pd.read_parquet(file)
    given = rows[rows["queue_name"] == QUEUE]
    assert list(given.groupby("rater").size()) == [2 * ITEMS, 2 * ITEMS]
    assert given["value"].between(1, 3).all()
    settled = rows[(rows["purpose"] == "adjudication") & (rows["criterion"] == "Warmth")]
    assert len(settled) == 2
    assert set(settled["value"]) <= {1, 3}
    assert FIRST in set(rows[rows["rater_kind"] == "judge"]["rater"].str.removesuffix(" v1"))


def export_judgements(road: Road, judged: int) -> None:
    """What the annotator chose between two models, in pandas."""
    page = open_results(road)
    follow(page.get_by_role("link", name="Export the judgements"))
    rows = pd.read_parquet(exported(road, page, "Parquet"))
    assert len(rows) == judged
    assert set(rows["choice"]) == {"a", "b", "tie"}
    assert rows["rater"].nunique() == 1
    chosen = rows[rows["choice"] != "tie"]
    shown_as = chosen["system_a"].where(chosen["choice"] == "a", chosen["system_b"])
    assert (chosen["chosen_system"] == shown_as).all()


def export_dialogues(road: Road, dialogues: int) -> None:
    """The trained model's dialogues, in Hugging Face's datasets."""
    page = road.go("lead", "Generation", "Generation 2", "View the dialogues", "Export")
    folder = road.folder / "dialogues"
    with zipfile.ZipFile(exported(road, page, "Dataset folder")) as archive:
        archive.extractall(folder)
    opened = datasets.load_dataset(str(folder), cache_dir=str(road.folder / "cache"))
    rows = [row for split in opened.values() for row in split]
    assert len(rows) == dialogues
    assert all(turn["raw"] for row in rows for turn in row["turns"])
    assert {len(row["turns"]) for row in rows} == {4}
    road.shoot(road.go("lead", "Data", "Exports"), "13-exports")


def exported(road: Road, page: Page, form: str) -> Path:
    """The file of an export in this format."""
    choose(page, "Format", form)
    press(page, "Start the export")
    finished(page)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    file = road.folder / downloading.value.suggested_filename
    downloading.value.save_as(file)
    return file
