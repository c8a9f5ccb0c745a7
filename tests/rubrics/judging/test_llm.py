"""The LLM judge with a scripted model."""

import asyncio
import json
from dataclasses import dataclass

import pytest

from rubrics.core.spec import LevelSpec
from rubrics.judging.judge import rate_sync
from rubrics.judging.llm import LLMJudge, LLMParameters
from tests.support.rubrics import criterion, item, reply, rubric
from webapp.llm.call_record import CallRecord
from webapp.llm.errors import EndpointUnavailable

SPEC = rubric(criterion("a"), criterion("b"), criterion("r", spans=("reasoning",)))


@dataclass(frozen=True)
class Answer:
    text: str
    calls: tuple[CallRecord, ...]


class Model:
    """Answers each request with what `say` makes of its messages and schema."""

    def __init__(self, say):
        self.say = say
        self.requests = []
        self.in_flight = self.most_in_flight = 0

    async def __call__(self, messages, *, schema, max_tokens, temperature, seed):
        self.requests.append(
            {"schema": schema, "max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        )
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        text = self.say(messages, schema)
        asked = {"messages": messages, "schema": schema}
        call = CallRecord(asked, reply=text, prompt_tokens=90, completion_tokens=12, latency_ms=3.5)
        return Answer(text, (call,))


def all_fours(messages, schema):
    entry = {"evidence": [], "rationale": "Because.", "score": 4}
    return json.dumps(dict.fromkeys(schema["properties"], entry))


def judge(model, **parameters):
    return LLMJudge(model, LLMParameters(**parameters))


def test_one_call_per_criterion():
    model = Model(all_fours)
    results = rate_sync(SPEC, [item(reply(), "x"), item(reply(), "y")], judge(model, seed=7))
    assert [result.key for result in results] == ["x", "y"]
    assert [len(result.calls) for result in results] == [3, 3]
    assert {s.value for result in results for s in result.scores.values()} == {4.0}
    assert model.most_in_flight == 6
    assert {r["seed"] for r in model.requests} == {7}


def test_all_criteria_in_one_call():
    model = Model(all_fours)
    [result] = rate_sync(SPEC, [item(reply())], judge(model, mode="all_in_one", max_tokens=100))
    assert list(model.requests[0]["schema"]["properties"]) == ["c1", "c2", "c3"]
    assert model.requests[0]["max_tokens"] == 300
    assert len(result.calls) == 1
    assert [score.value for score in result.scores.values()] == [4.0, 4.0, 4.0]


def test_a_call_keeps_its_request_reply_and_cost():
    [result] = rate_sync(rubric(criterion("a")), [item(reply())], judge(Model(all_fours)))
    [call] = result.calls
    assert call.request["messages"][0]["role"] == "system"
    assert json.loads(call.reply)["c1"]["score"] == 4
    assert (call.prompt_tokens, call.completion_tokens, call.latency_ms) == (90, 12, 3.5)
    assert call.error == ""
    json.dumps(call.request)


def broken_endpoint(messages, schema):
    raise TimeoutError("no answer within 60 s")


@pytest.mark.parametrize("say", [broken_endpoint, lambda *_: "{", lambda *_: ""])
@pytest.mark.parametrize("mode", ["per_criterion", "all_in_one"])
def test_what_goes_wrong_is_recorded_and_never_a_score(say, mode):
    [result] = rate_sync(SPEC, [item(reply())], judge(Model(say), mode=mode))
    assert {score.status for score in result.scores.values()} == {"failed"}
    assert all(score.reason for score in result.scores.values())
    assert all(call.error for call in result.calls)


def test_one_failure_leaves_the_other_criteria():
    def say(messages, schema):
        return "{" if "## c1: B" in messages[0]["content"] else all_fours(messages, schema)

    [result] = rate_sync(SPEC, [item(reply())], judge(Model(say)))
    assert [result.scores[uid].status for uid in "abr"] == ["scored", "failed", "scored"]


def test_the_answer_follows_the_wording_of_the_anchors():
    def say(messages, schema):
        score = 5 if "asks one direct question" in messages[0]["content"] else 2
        entry = {"evidence": [], "rationale": "As the anchor says.", "score": score}
        return json.dumps({"c1": entry})

    def value(anchor):
        levels = (LevelSpec(2, "", "hints"), LevelSpec(5, "", anchor))
        spec = rubric(criterion("a", levels=levels))
        return rate_sync(spec, [item(reply())], judge(Model(say)))[0].scores["a"].value

    assert value("asks one direct question") == 5
    assert value("asks") == 2


def test_no_call_for_a_span_that_is_not_there():
    model = Model(all_fours)
    [result] = rate_sync(SPEC, [item("I hear you.")], judge(model))
    assert len(model.requests) == 2
    assert (result.scores["r"].status, result.scores["r"].value) == ("scored", 1)


def test_every_request_of_an_answer_is_kept_and_the_last_says_what_was_wrong():
    async def refused_then_garbage(messages, **sampling):
        refused = CallRecord({"a": 1}, form="schema", error="The endpoint refuses the request.")
        return Answer("{", (refused, CallRecord({"a": 2}, form="schema in words", reply="{")))

    [result] = rate_sync(rubric(criterion("a")), [item(reply())], judge(refused_then_garbage))
    assert [call.form for call in result.calls] == ["schema", "schema in words"]
    assert result.calls[1].error == result.scores["a"].reason != ""


def test_the_requests_of_a_call_that_failed_are_kept():
    async def down(messages, **sampling):
        error = EndpointUnavailable("No answer within 60 s.")
        error.calls = (CallRecord({"a": 1}, error=str(error)),)
        raise error

    [result] = rate_sync(rubric(criterion("a")), [item(reply())], judge(down))
    assert [call.error for call in result.calls] == ["No answer within 60 s."]
    assert "No answer within 60 s." in result.scores["a"].reason
