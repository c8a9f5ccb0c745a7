"""The real vLLM, with the shipped model: what the studio asks of a server in earnest."""

import asyncio
import json
import math
import os
import signal
import sys

import httpx2
import pytest

from annotation.impact import work
from annotation.impact.results import playground_state
from annotation.models import PlaygroundRun
from rubrics.core.spec import from_json
from rubrics.demo.kardia import KARDIA
from rubrics.judging.inputs import JudgeInput, candidate_of
from rubrics.judging.llm import LLMParameters, judge_with_llm
from rubrics.judging.prompts import build_messages
from tests.support import starter
from tests.support.impact import NAMES_AND_ASKS, NAMES_IT, draft_of, one_turn, reworded, tried
from tests.support.judge_runs import llm_judge
from tests.support.servers import free_port, until_healthy
from tests.support.waiting import LONG_S, SHORT_S
from webapp.embedded import vllm
from webapp.embedded.process import spawn, stop
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import ModelClient, RequestRefused
from webapp.llm.models import ModelCall
from webapp.llm.services import endpoint_create

HOW = "vLLM is not installed: python3 -m webapp.embedded.vllm install (about 2 GB)"
HELLO = [{"role": "user", "content": "I feel so alone since I moved."}]
CONTEXT = {
    "profile": "INFJ, a night nurse.",
    "situation": "Her dog died last week.",
    "history": [{"role": "seeker", "text": "My dog died and nobody at work understands."}],
    "candidate": candidate_of("That sounds so hard. The house must be very quiet without her."),
    "cut": 0,
    "gold_emotion": "sad",
}

# The first start after an installation compiles some thousand modules.
START_S = 3 * LONG_S
pytestmark = [pytest.mark.vllm, pytest.mark.timeout(START_S + LONG_S)]


@pytest.fixture(scope="module")
def vllm_url(tmp_path_factory):
    if not vllm.is_installed():
        # In CI a test that did not run is a failure.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    port, log = free_port(), tmp_path_factory.mktemp("vllm") / "log"
    model = f"starter={starter.FOLDER}"
    server = spawn(
        [sys.executable, "-m", "webapp.embedded.vllm", "serve", model, "--port", str(port)],
        log=log,
    )
    try:
        until_healthy(port, server, log, within_s=START_S)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        stop(server, signal.SIGTERM, timeout=SHORT_S)


@pytest.fixture
def client(vllm_url):
    transport = guarded_transport(allow_loopback=True)
    return ModelClient(vllm_url, "starter", transport=transport, timeout_s=LONG_S)


@pytest.mark.asyncio
async def test_it_generates(client):
    async with client:
        answers = await asyncio.gather(
            *(client.complete(HELLO, max_tokens=40, temperature=1.0, seed=s % 8) for s in range(16))
        )
    assert all(a.text and 1 <= a.completion_tokens <= 40 for a in answers)
    assert all((a.finish_reason == "length") == (a.completion_tokens == 40) for a in answers)
    assert len({a.text for a in answers}) > 4
    assert client.usage.calls == 16 and client.usage.retries == 0


@pytest.mark.asyncio
async def test_it_judges_by_the_schema(client):
    async with client:
        [result] = await judge_with_llm(
            KARDIA,
            [JudgeInput("turn", CONTEXT)],
            complete=client.complete,
            # A small model fills each text up to its limit, at times letter by letter.
            parameters=LLMParameters(max_tokens=2000),
        )
    # One call for each criterion: the strictest form was obeyed, no fallback was needed.
    assert client.usage.calls == len(result.calls) == len(KARDIA.judge_criteria)
    assert not any(call.error for call in result.calls)
    levels = {criterion.uid: criterion.level_values for criterion in KARDIA.judge_criteria}
    assert set(result.scores) == set(levels)
    for uid, score in result.scores.items():
        # A criterion that may not apply is an answer of the schema too.
        assert score.status in ("scored", "not_applicable")
        assert score.value in (levels[uid] if score.status == "scored" else [None])
        assert score.rationale or score.reason
    assert any(score.status == "scored" for score in result.scores.values())


@pytest.mark.asyncio
async def test_it_judges_by_choice_with_a_probability_for_every_level(client):
    criterion = KARDIA.judge_criteria[0]
    levels = [str(value) for value in criterion.level_values]
    async with client:
        judged = await client.complete(
            build_messages(KARDIA, [criterion], CONTEXT), choice=levels, max_tokens=4, temperature=0
        )
    assert client.usage.calls == 1
    assert list(judged.choice_logprobs) == levels
    assert judged.choice_logprobs[judged.text] == max(judged.choice_logprobs.values())
    chances = {int(level): math.exp(value) for level, value in judged.choice_logprobs.items()}
    assert sum(chances.values()) == pytest.approx(1)
    assert 1 < sum(level * chance for level, chance in chances.items()) < 5


@pytest.mark.asyncio
async def test_it_reads_the_rubric_once_for_all_calls_of_a_criterion(client, vllm_url):
    """Why the rubric comes first in a prompt: put last, hardly anything could be kept."""
    criterion = KARDIA.judge_criteria[1]
    levels = [str(value) for value in criterion.level_values]
    shares = []
    async with client:
        for rubric_first in (True, False):
            before = _prefix_cache(vllm_url)
            for number in range(8):
                context = {**CONTEXT, "profile": f"Case {number} of {rubric_first}. A night nurse."}
                rubric, material = build_messages(KARDIA, [criterion], context)
                texts = [rubric["content"], material["content"]]
                system, user = texts if rubric_first else reversed(texts)
                messages = [
                    {"role": "system", "content": system},
                    {"role": "user", "content": user},
                ]
                await client.complete(messages, choice=levels, max_tokens=4, temperature=0)
            asked, found = (b - a for a, b in zip(before, _prefix_cache(vllm_url), strict=True))
            shares.append(found / asked)
    assert shares[0] > 0.6
    assert shares[1] < 0.1


@pytest.mark.asyncio
async def test_its_refusals_are_told_in_its_words(client, vllm_url):
    async with client:
        with pytest.raises(RequestRefused, match="4096"):
            await client.complete(HELLO, max_tokens=5000, temperature=0)
    transport = guarded_transport(allow_loopback=True)
    async with ModelClient(vllm_url, "missing", transport=transport, timeout_s=SHORT_S) as other:
        with pytest.raises(RequestRefused, match="missing"):
            await other.complete(HELLO, max_tokens=4, temperature=0)


@pytest.mark.django_db(transaction=True)
def test_a_changed_anchor_is_what_the_server_reads(cast, vllm_url):
    """The wording of a draft on its way to the server and back, as the playground takes it."""
    voice = endpoint_create(
        project=cast.project, actor=cast.leads[0], name="vLLM", base_url=vllm_url,
        model="starter", timeout_s=int(LONG_S),
    )  # fmt: skip
    # A small model fills each text up to its limit.
    judge = llm_judge(cast, voice, max_tokens=2000)
    draft = reworded(cast, draft_of(cast))
    turn = one_turn(cast, "I hear how lonely that is.")
    run = tried(cast, draft, judge, [turn])
    work.work(PlaygroundRun, str(run.pk))
    run = PlaygroundRun.objects.get(pk=run.pk)
    assert (run.status, run.error) == ("succeeded", "")

    # Both wordings of the changed criterion were asked for, and the other criterion once.
    rubrics = [_rubric_read(call) for call in ModelCall.objects.filter(run_id=run.pk)]
    assert len(rubrics) == 3
    assert sum(NAMES_AND_ASKS in read for read in rubrics) == 1
    assert sum(NAMES_IT in read for read in rubrics) == 1

    (row,) = playground_state(run, cast.member(cast.clinicians[0])).rows
    levels = {c.uid: c.level_values for c in from_json(draft.draft).judge_criteria}
    for cell in row.cells:
        if cell.criterion.uid in levels:
            for given in (cell.before, cell.after):
                assert given is not None and given.status in ("scored", "not_applicable")
                assert given.value in (*levels[cell.criterion.uid], None)


def _rubric_read(call):
    assert not call.error, call.error
    return json.dumps(call.request["messages"])


def _prefix_cache(url: str) -> tuple[float, float]:
    """Prompt tokens that were looked for in the cache, and found."""
    answered = httpx2.get(f"{url.removesuffix('/v1')}/metrics", timeout=SHORT_S)
    lines = answered.text.splitlines()
    counted = {
        line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines if "{" in line
    }
    return counted["vllm:prefix_cache_queries_total"], counted["vllm:prefix_cache_hits_total"]
