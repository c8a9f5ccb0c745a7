"""The LLM judge with a scripted model."""

import asyncio
import json
import math
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
    choice_logprobs: dict[str, float] | None = None


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


class TwoSteps:
    """Answers with a rationale where it is asked for one, and then with `level`."""

    def __init__(self, level="4", logprobs=None, entry=None):
        self.level, self.logprobs = level, logprobs
        self.entry = entry or {"evidence": ["quote"], "rationale": "It names the fear."}
        self.asked = []

    async def __call__(self, messages, *, schema=None, choice=None, **sampling):
        self.asked.append({"messages": messages, "schema": schema, "choice": choice, **sampling})
        if isinstance(self.level, Exception) and choice:
            raise self.level
        text = self.level if choice else json.dumps({"c1": self.entry})
        call = CallRecord({"messages": messages}, reply=text)
        return Answer(text, (call,), self.logprobs if choice else None)


def in_two_steps(model, spec=None):
    [result] = rate_sync(
        spec or rubric(criterion("a")), [item(reply())], judge(model, mode="rationale_then_level")
    )
    return result


def test_the_level_follows_from_a_rationale_that_did_not_name_one():
    model = TwoSteps("4", {"3": math.log(0.25), "4": math.log(0.5), "5": math.log(0.25)})
    result = in_two_steps(model)
    score = result.scores["a"]
    assert (score.status, score.value, score.rationale) == ("scored", 4.0, "It names the fear.")
    assert score.evidence == ("quote",) and score.expected == pytest.approx(4.0)
    first, second = model.asked
    assert list(first["schema"]["properties"]["c1"]["properties"]) == ["evidence", "rationale"]
    assert '"score"' not in first["messages"][0]["content"]
    assert second["schema"] is None and second["choice"] == ["1", "2", "3", "4", "5"]
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert json.loads(second["messages"][-2]["content"])["c1"]["rationale"] == "It names the fear."
    assert len(result.calls) == 2


def test_probabilities_that_lean_move_the_expected_level():
    leaning = {"4": math.log(0.6), "5": math.log(0.2)}
    assert in_two_steps(TwoSteps("4", leaning)).scores["a"].expected == pytest.approx(4.25)
    assert in_two_steps(TwoSteps("4")).scores["a"].expected is None, "the server told none"


@pytest.mark.parametrize("level", ["6", "", "four", "4 or 5", "not_applicable"])
def test_an_answer_that_is_no_level_fails(level):
    result = in_two_steps(TwoSteps(level))
    assert (result.scores["a"].status, result.scores["a"].value) == ("failed", None)
    assert result.calls[-1].error and not result.calls[0].error


def test_a_criterion_that_may_be_set_aside_is():
    spec = rubric(criterion("a", use_when="The seeker asks a question."))
    score = in_two_steps(TwoSteps("not_applicable", {"not_applicable": 0.0}), spec).scores["a"]
    assert (score.status, score.value, score.expected) == ("not_applicable", None, None)
    assert score.reason == "It names the fear."


@pytest.mark.parametrize(
    "entry",
    [
        {"evidence": [], "rationale": ""},
        {"evidence": [], "rationale": "It is 5.", "score": 5},
        {"evidence": "quote", "rationale": "Good."},
    ],
)
def test_without_a_rationale_no_level_is_asked_for(entry):
    model = TwoSteps(entry=entry)
    assert in_two_steps(model).scores["a"].status == "failed"
    assert len(model.asked) == 1


def test_a_server_that_fails_at_the_level_is_a_recorded_error():
    result = in_two_steps(TwoSteps(TimeoutError("no answer within 60 s")))
    assert result.scores["a"].status == "failed" and "60 s" in result.scores["a"].reason
    assert [bool(call.error) for call in result.calls] == [False, True]
