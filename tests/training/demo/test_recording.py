"""The files of a recording: read as they were written, or refused with the place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rubrics.demo.kardia import EMPATHY_UID
from tests.training.demo.folders import MACHINE, corpus, write_folder
from training.demo import recording
from training.demo.making import places, record
from training.demo.recording import load, save
from training.demo.shape import RecordingBroken


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "recorded"
    save(record(write_folder(tmp_path / "run"), machine=MACHINE), folder)
    return folder


def test_what_was_saved_is_loaded(tmp_path: Path, kept: Path) -> None:
    made = record(write_folder(tmp_path / "again"), machine=MACHINE)
    found = load(kept)
    assert found == made and found.sha256 == made.sha256


def test_without_a_folder_there_is_no_recording(tmp_path: Path) -> None:
    assert load(tmp_path / "none") is None


def test_another_recording_takes_the_place_of_the_first(tmp_path: Path, kept: Path) -> None:
    save(record(write_folder(tmp_path / "again", seed=8), machine="Another"), kept)
    found = load(kept)
    assert found is not None and (found.spec["seed"], found.about.machine) == (8, "Another")


def test_a_large_one_stays_out_of_the_repository(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_BYTES", 1000)
    with pytest.raises(RecordingBroken, match="at most"):
        save(record(write_folder(tmp_path / "again", seed=8), machine=MACHINE), kept)
    found = load(kept)
    assert found is not None and found.spec["seed"] == 5


def test_the_one_before_stays_where_another_can_not_take_its_place(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def refuse_drafts(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            raise OSError("No room.")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_drafts)
    with pytest.raises(OSError, match="No room"):
        save(record(write_folder(tmp_path / "again", seed=8), machine=MACHINE), kept)
    found = load(kept)
    assert found is not None and found.spec["seed"] == 5


def test_a_process_reads_the_recording_once(
    tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "FOLDER", kept)
    first = recording.kept()
    assert first is not None and recording.kept() is first
    save(record(write_folder(tmp_path / "again", seed=8), machine=MACHINE))
    found = recording.kept()
    assert found is not None and found.spec["seed"] == 8


def in_json(name: str, change: Callable[[Any], object]) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return do


def in_line(number: int, change: Callable[[Any], object]) -> Callable[[Path], object]:
    def do(folder: Path) -> None:
        lines = (folder / "events.jsonl").read_text().splitlines()
        event = json.loads(lines[number - 1])
        change(event)
        lines[number - 1] = json.dumps(event)
        (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))

    return do


def cut(folder: Path) -> None:
    path = folder / "events.jsonl"
    path.write_bytes(path.read_bytes()[:-30])


def without_end(folder: Path) -> None:
    path = folder / "events.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def reply(event: Any) -> Any:
    return event["groups"][0]["rollouts"][0]


def score(event: Any) -> Any:
    return reply(event)["scores"][EMPATHY_UID]


def twice(spec: Any, role: str) -> None:
    """Name the first training prompt once more."""
    spec["data"][role].append(spec["data"]["train"][0])


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda folder: (folder / "about.json").unlink(), "about.json"),
        (lambda folder: (folder / "spec.json").write_text("[1]"), "spec.json: A JSON object"),
        (in_json("about.json", lambda about: about.update(recording_format=2)), "format 1 only"),
        (in_json("about.json", lambda about: about.update(date="May")), "can’t be read"),
        (in_json("about.json", lambda about: about.update(machine="A\nB")), "one line"),
        (in_json("about.json", lambda about: about.update(machine="x" * 201)), "1 to 200"),
        (in_json("spec.json", lambda spec: spec.update(rubric={})), "spec.json.rubric: "),
        (in_json("spec.json", lambda spec: twice(spec, "train")), "is named twice"),
        (in_json("spec.json", lambda spec: twice(spec, "held_out")), "is named twice"),
        (in_json("spec.json", lambda spec: spec.pop("grpo")), "spec.json.grpo: .* missing"),
        (in_json("spec.json", lambda spec: spec["data"]["train"][0].update(id="d1")), "no place"),
        (cut, "can’t be read"),
        (without_end, "did not finish"),
        (in_line(1, lambda event: event.update(type="log")), r"line 1\]: This is no event"),
        (in_line(2, lambda event: event["groups"][0].update(prompt_id="d9/9")), r"prompt “d9/9”"),
        (in_line(2, lambda event: reply(event).pop("raw")), r"line 2\].*raw: .* missing"),
        (in_line(2, lambda event: reply(event)["spans"].pop("emotion")), "four spans"),
        (in_line(2, lambda event: score(event).update(host="h")), r"scores\..*host: .* unknown"),
        (in_line(2, lambda event: score(event).update(status="fine")), r"scores\..*status: One of"),
        (
            in_line(2, lambda event: reply(event)["scores"].update(mine=score(event))),
            r"scores\.mine: .* unknown",
        ),
        (in_line(3, lambda event: event["values"].update(host=1.0)), r"values\.host: .* unknown"),
        (in_line(3, lambda event: event["values"].update(reward="h")), r"reward: A number"),
        (in_line(3, lambda event: event.update(step=4)), "no step 4"),
        (in_line(3, lambda event: event.update(values=[])), r"line 3\].values: A JSON object"),
    ],
)
def test_a_broken_one_is_refused_with_its_place(
    kept: Path, broken: Callable[[Path], object], reason: str
) -> None:
    broken(kept)
    with pytest.raises(RecordingBroken, match=reason):
        load(kept)


def test_the_recording_of_the_repository_fits_its_corpus() -> None:
    found = load()
    if found is None:
        pytest.skip("the repository has no recording")
    known = places(corpus())
    for prompt in [*found.train, *found.held_out]:
        assert known.get(prompt.sha256) == prompt.id
    text = "".join(path.read_text() for path in recording.FOLDER.iterdir())
    for foreign in ("/home/", "/root/", "/Users/", "/var/", "http://", "https://"):
        assert foreign not in text
