"""The event log: appended only, numbered on, and mended after a kill."""

import json

import pytest

from tests.training.trainer.folders import read_events
from training.trainer.events import EventLog


def test_numbers_go_on_over_attempts(tmp_path):
    with EventLog(tmp_path) as events:
        events.append("started", attempt=1)
        events.append("log", level="info", text="zwölf \u2028 Zeilen")
    with EventLog(tmp_path) as events:
        assert [event["type"] for event in events.earlier] == ["started", "log"]
        events.append("started", attempt=2)
    assert [event["seq"] for event in read_events(tmp_path)] == [1, 2, 3]


@pytest.mark.parametrize(
    "half", [b'{"seq": 2, "type": "met', b"{", b"\x00\x00\x00", b'{"seq": 2}', b"[1]\n", b"{\n"]
)
def test_a_half_written_last_line_is_cut_off(tmp_path, half):
    with EventLog(tmp_path) as events:
        events.append("started", attempt=1)
    path = tmp_path / "events.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + half)
    with EventLog(tmp_path) as events:
        assert path.read_bytes() == whole
        events.append("started", attempt=2)
    assert [(e["seq"], e["attempt"]) for e in read_events(tmp_path)] == [(1, 1), (2, 2)]


def test_numbers_that_are_not_json_become_null(tmp_path):
    with EventLog(tmp_path) as events:
        events.append("metrics", step=1, values={"kl": float("nan"), "x": [float("inf"), 1.5]})
    line = (tmp_path / "events.jsonl").read_text()
    assert json.loads(line, parse_constant=pytest.fail)["values"] == {"kl": None, "x": [None, 1.5]}
