"""The real vLLM, with the shipped model: what the studio asks of a server in earnest."""

import asyncio
import math
import os
import signal
import sys
import time

import httpx2
import pytest

from rubrics.demo.kardia import KARDIA
from rubrics.judging.inputs import JudgeInput, candidate_of
from rubrics.judging.llm import LLMParameters, judge_with_llm
from rubrics.judging.prompts import build_messages
from tests.llm.servers import free_port
from webapp.embedded import vllm
from webapp.embedded.homes import CHECKOUT
from webapp.embedded.process import spawn, stop
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import ModelClient, RequestRefused

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
pytestmark = [pytest.mark.vllm, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def vllm_url(tmp_path_factory):
    if not vllm.is_installed():
        # In CI a test that did not run is a failure.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW)
    port, log = free_port(), tmp_path_factory.mktemp("vllm") / "log"
    model = f"starter={CHECKOUT / 'training' / 'starter' / 'model'}"
    server = spawn(
        [sys.executable, "-m", "webapp.embedded.vllm", "serve", model, "--port", str(port)],
        log=log,
    )
    try:
        while not _healthy(port):
            assert server.poll() is None, log.read_text()[-3000:]
            time.sleep(0.3)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        stop(server, signal.SIGTERM, timeout=30)


@pytest.fixture
def client(vllm_url):
    transport = guarded_transport(allow_loopback=True)
    return ModelClient(vllm_url, "starter", transport=transport, timeout_s=300)


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
            parameters=LLMParameters(),
        )
    # One call for each criterion: the strictest form was obeyed, no fallback was needed.
    assert client.usage.calls == len(result.calls) == len(KARDIA.judge_criteria)
    assert not any(call.error for call in result.calls)
    levels = {criterion.uid: criterion.level_values for criterion in KARDIA.judge_criteria}
    assert set(result.scores) == set(levels)
    for uid, score in result.scores.items():
        assert score.status == "scored"
        assert score.value in levels[uid]
        assert score.rationale


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
    async with ModelClient(vllm_url, "missing", transport=transport) as other:
        with pytest.raises(RequestRefused, match="missing"):
            await other.complete(HELLO, max_tokens=4, temperature=0)


def _prefix_cache(url: str) -> tuple[float, float]:
    """Prompt tokens that were looked for in the cache, and found."""
    lines = httpx2.get(f"{url.removesuffix('/v1')}/metrics").text.splitlines()
    counted = {
        line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines if "{" in line
    }
    return counted["vllm:prefix_cache_queries_total"], counted["vllm:prefix_cache_hits_total"]


def _healthy(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False
