"""An LLM judge behind the reward: real HTTP to a stub, and a server that is not there."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from rubrics.demo.kardia import KARDIA
from tests.training.trainer.folders import write_run
from training.trainer.config import RewardSection, read_spec
from training.trainer.data import read_rows
from training.trainer.events import EventLog
from training.trainer.failures import TrainingFailed
from training.trainer.rating import Rater
from training.trainer.rewards import score_rollouts

pytestmark = pytest.mark.model
SPEAKERS = ("seeker", "supporter")


class Stub(BaseHTTPRequestHandler):
    """Answers every request with the lowest JSON that its schema allows, level 4. A prompt with
    the word OLDEST is too long for it."""

    keys: list[str] = []

    def do_POST(self):
        Stub.keys.append(self.headers["Authorization"])
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        schema = body["response_format"]["json_schema"]["schema"]
        is_too_long = "OLDEST" in json.dumps(body["messages"])
        said = {"choices": [choice(json.dumps(filled(schema)))], **COUNTS}
        content = json.dumps(TOO_LONG if is_too_long else said).encode()
        self.send_response(400 if is_too_long else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


TOO_LONG = {"error": {"message": "The prompt is too long.", "code": "context_length_exceeded"}}
COUNTS = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


def choice(text: str) -> dict:
    message = {"role": "assistant", "content": text}
    return {"index": 0, "finish_reason": "stop", "message": message}


def filled(schema: dict):
    """A value that the JSON schema allows; 4 where a level is asked for."""
    if "enum" in schema:
        return 4 if 4 in schema["enum"] else schema["enum"][0]
    if schema.get("type") == "object":
        return {name: filled(part) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return []
    if "anyOf" in schema:
        return filled(schema["anyOf"][0])
    return {"string": "Because.", "integer": 4, "number": 4, "boolean": True}[schema["type"]]


@pytest.fixture
def stub_url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()


def llm_judge(folder, judge, url):
    write_run(
        folder,
        judge,
        judge={
            "kind": "llm",
            "base_url": url,
            "model": "m",
            "allow_loopback": True,
            "parameters": {"mode": "all_in_one"},
        },
    )
    return read_spec(folder), read_rows(folder / "data/train.jsonl", "train")[:2]


def test_scores_calls_and_the_key(judge, tmp_path, stub_url):
    spec, rows = llm_judge(tmp_path / "run", judge, stub_url)
    with EventLog(tmp_path) as events, Rater(spec, tmp_path / "run", "secret-key", events) as rater:
        first = rater.rate(rows, ["A reply."] * 2)
        second = rater.rate(rows, ["Another."] * 2)
    for result in (*first, *second):
        levels = {result.scores[c.uid].value for c in KARDIA.judge_criteria}
        assert levels == {4.0}
        assert [call.error for call in result.calls] == [""]
    assert set(Stub.keys) == {"Bearer secret-key"}


def test_a_rollout_says_how_much_the_judge_left_out_by_itself(judge, tmp_path, stub_url):
    from training.trainer.grpo import Reward

    spec, rows = llm_judge(tmp_path / "run", judge, stub_url)
    turns = [{"role": role, "text": f"Turn {n}."} for n in range(4) for role in SPEAKERS][:-1]
    turns[0]["text"] = "OLDEST."
    # One was left out before, for the policy too.
    long = replace(rows[0], context={**rows[0].context, "history": turns, "cut": 1})
    with EventLog(tmp_path) as events, Rater(spec, tmp_path / "run", "key", events) as rater:
        reward = Reward(spec, [long, rows[1]], rater, events)
        replies = [[{"role": "assistant", "content": "A reply."}]] * spec.grpo.rollouts_per_prompt
        reward(completions=replies * 2, row=[0] * len(replies) + [1] * len(replies))
        reward.report(1)
    told = map(json.loads, (tmp_path / "events.jsonl").read_text().splitlines())
    [groups] = [event["groups"] for event in told if event["type"] == "rollouts"]
    cuts = {group["prompt_id"]: {r["cut"] for r in group["rollouts"]} for group in groups}
    assert cuts == {rows[0].id: {1 + 2}, rows[1].id: {0}}


def test_a_judge_that_is_not_there_stops_the_run_in_words(judge, tmp_path):
    spec, rows = llm_judge(tmp_path / "run", judge, "http://127.0.0.1:9/v1")
    with EventLog(tmp_path) as events, Rater(spec, tmp_path / "run", None, events) as rater:
        results = rater.rate(rows, ["A reply."] * 2)
        with pytest.raises(TrainingFailed, match="The judge failed on 2 of 2"):
            score_rollouts(
                rows,
                ["A reply."] * 2,
                results,
                rubric=rater.rubric,
                weights=RewardSection(),
                group_size=2,
            )


def test_the_administrators_hosts_reach_the_judge_of_a_run(judge, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "webapp.llm.addresses.guarded_transport",
        lambda **rules: seen.append(rules) or httpx2.AsyncHTTPTransport(),
    )
    write_run(
        tmp_path / "run",
        judge,
        judge={
            "kind": "llm",
            "base_url": "http://vllm.internal:8000/v1",
            "model": "m",
            "allowed_hosts": ["vllm.internal", "10.0.0.0/8"],
        },
    )
    with (
        EventLog(tmp_path) as events,
        Rater(read_spec(tmp_path / "run"), tmp_path / "run", "secret-key", events),
    ):
        pass
    assert seen == [{"allow_loopback": False, "allowed_hosts": ["vllm.internal", "10.0.0.0/8"]}]
    assert "secret-key" not in (tmp_path / "run/spec.json").read_text()
