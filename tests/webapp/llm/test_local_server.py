"""The local server over HTTP, with real (tiny, random) checkpoints."""

import asyncio
import gc
import json
import signal
import sys
import threading
import weakref

import httpx2
import pytest

from tests.support.servers import free_port, serve, until_healthy
from tests.support.tiny_model import build_model
from tests.support.waiting import SHORT_S, wait_until, wait_until_async
from webapp.embedded.process import kill_group, spawn
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import ModelClient, RequestRefused
from webapp.llm.local import app
from webapp.llm.local.app import build_app
from webapp.llm.local.batching import Batcher, Generate
from webapp.llm.local.generation import Batch
from webapp.llm.local.store import ModelStore

pytestmark = pytest.mark.model

HELLO = [{"role": "user", "content": "I feel so alone."}]


def post(url, **body):
    body = {"model": "tiny", "messages": HELLO, "max_tokens": 12, "seed": 5, **body}
    return httpx2.post(f"{url}/chat/completions", json=body, timeout=SHORT_S)


def get(url, **options):
    return httpx2.get(url, timeout=SHORT_S, **options)


def events(response):
    lines = [line for line in response.text.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def test_a_completion_has_openais_shape(local_url):
    answer = post(local_url).json()
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "tiny"
    [choice] = answer["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"]
    assert choice["finish_reason"] in ("stop", "length")
    usage = answer["usage"]
    assert 1 <= usage["completion_tokens"] <= 12
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_says_the_same_as_a_whole_answer(local_url):
    whole = post(local_url, n=2, stop=["e"], logprobs=True).json()
    streamed = post(
        local_url,
        n=2,
        stop=["e"],
        logprobs=True,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert streamed.headers["content-type"].startswith("text/event-stream")
    chunks = events(streamed)
    assert chunks[-1]["usage"] == whole["usage"]
    for index in range(2):
        parts = [c for chunk in chunks for c in chunk["choices"] if c["index"] == index]
        expected = whole["choices"][index]
        text = "".join(part["delta"].get("content", "") for part in parts)
        assert text == expected["message"]["content"]
        assert parts[-1]["finish_reason"] == expected["finish_reason"]
        tokens = [entry for p in parts if p["logprobs"] for entry in p["logprobs"]["content"]]
        assert [t["token"] for t in tokens] == [t["token"] for t in expected["logprobs"]["content"]]


def test_a_seed_gives_the_same_answer_alone_and_among_others(local_url):
    async def ask(http, seed, length):
        body = {
            "model": "tiny",
            "messages": [{"role": "user", "content": "I feel so alone. " * length}],
            "max_tokens": 20,
            "seed": seed,
            "top_p": 0.9 if seed % 2 else 1.0,
        }
        response = await http.post(f"{local_url}/chat/completions", json=body)
        return response.json()["choices"][0]["message"]["content"]

    async def compare():
        async with httpx2.AsyncClient(timeout=SHORT_S) as http:
            alone = [await ask(http, seed, 1 + seed % 5) for seed in range(24)]
            crowd = await asyncio.gather(*(ask(http, seed, 1 + seed % 5) for seed in range(24)))
        return alone, crowd

    alone, crowd = asyncio.run(compare())
    assert alone == list(crowd)
    assert len(set(alone)) > 20


def test_choices_of_one_request_differ(local_url):
    texts = [c["message"]["content"] for c in post(local_url, n=3).json()["choices"]]
    assert len(set(texts)) == 3


def test_a_temperature_of_zero_is_greedy(local_url):
    texts = {
        post(local_url, temperature=0, seed=s).json()["choices"][0]["message"]["content"]
        for s in range(3)
    }
    assert len(texts) == 1


def test_logprobs_are_of_the_tokens(local_url):
    answer = post(local_url, logprobs=True, top_logprobs=3, temperature=0).json()
    content = answer["choices"][0]["logprobs"]["content"]
    assert content
    for entry in content:
        assert entry["logprob"] <= 0
        assert len(entry["top_logprobs"]) == 3
        assert entry["top_logprobs"][0]["token"] == entry["token"]
        assert entry["top_logprobs"][0]["logprob"] == pytest.approx(entry["logprob"])


def test_a_stop_string_ends_the_text_before_it(local_url):
    full = post(local_url, max_tokens=30).json()["choices"][0]["message"]["content"]
    stop = full[len(full) // 2 :][:2]
    [choice] = post(local_url, max_tokens=30, stop=stop).json()["choices"]
    assert choice["message"]["content"] == full[: full.index(stop)]
    assert choice["finish_reason"] == "stop"


def test_a_choice_is_scored_by_likelihood(local_url):
    answer = post(
        local_url, structured_outputs={"choice": ["0", "1", "10"]}, logprobs=True, temperature=0
    ).json()
    [choice] = answer["choices"]
    [entry] = choice["logprobs"]["content"]
    scores = {top["token"]: top["logprob"] for top in entry["top_logprobs"]}
    assert set(scores) == {"0", "1", "10"}
    assert choice["message"]["content"] == max(scores, key=scores.get) == entry["token"]


@pytest.mark.parametrize(
    ("change", "status", "code", "words"),
    [
        ({"model": "missing"}, 404, "model_not_found", "does not exist"),
        ({"model": "../tiny"}, 404, "model_not_found", "does not exist"),
        ({"messages": [{"role": "wizard", "content": "hi"}]}, 400, "invalid_value", "role"),
        ({"messages": []}, 400, "invalid_value", "messages"),
        ({"messages": "hi"}, 400, "invalid_value", "messages"),
        ({"max_tokens": 0}, 400, "invalid_value", "max_tokens"),
        ({"max_tokens": 300}, 400, "context_length_exceeded", "256"),
        (
            {"messages": [{"role": "user", "content": "alone " * 400}]},
            400,
            "context_length_exceeded",
            "256",
        ),
        ({"temperature": 3}, 400, "invalid_value", "temperature"),
        ({"top_p": 0}, 400, "invalid_value", "top_p"),
        ({"tools": []}, 400, "invalid_value", "tools"),
        ({"response_format": {"type": "json_schema"}}, 400, "not_supported", "json_schema"),
        ({"structured_outputs": {"json": {}}}, 400, "invalid_value", "structured_outputs"),
        ({"structured_outputs": {"choice": ["a", ""]}}, 400, "invalid_value", "choice"),
    ],
)
def test_wrong_input_gets_openais_error(local_url, change, status, code, words):
    response = post(local_url, **change)
    assert response.status_code == status
    error = response.json()["error"]
    assert error["code"] == code
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"


def test_other_paths_methods_and_bodies_get_openais_error(local_url):
    assert get(f"{local_url}/embeddings").json()["error"]["code"] == "unknown_url"
    assert get(f"{local_url}/chat/completions").status_code == 405
    broken = httpx2.post(f"{local_url}/chat/completions", content=b'{"model": ', timeout=SHORT_S)
    assert broken.status_code == 400
    assert "JSON" in broken.json()["error"]["message"]


def test_models_and_health(local_url):
    models = get(f"{local_url}/models").json()["data"]
    assert [(m["id"], m["max_model_len"]) for m in models] == [("other", 256), ("tiny", 256)]
    assert get(f"{local_url.removesuffix('/v1')}/health").json()["status"] == "ok"


def test_models_of_the_directory_are_served_and_never_named(models_dir):
    store = ModelStore({"base": models_dir / "tiny"}, models_dir, keep=1)
    with serve(build_app(store, Batcher(max_rows=4, max_waiting=8))) as url:
        assert post(url, model="other").status_code == 200
        models = get(f"{url}/models").json()["data"]
        assert [model["id"] for model in models] == ["base"]
        unknown = post(url, model="unknown")
        assert unknown.json()["error"]["message"] == "The model 'unknown' does not exist."


def test_the_server_lets_go_of_a_model_by_itself(models_dir, monkeypatch):
    monkeypatch.setattr(app, "LOOK_S", 0.05)
    monkeypatch.setattr(app, "UNASKED_S", 0.05)
    store = ModelStore({"tiny": models_dir / "tiny"}, None, keep=1)
    held = weakref.ref(store.get("tiny"))
    with serve(build_app(store, Batcher(max_rows=4, max_waiting=8))) as url:
        assert post(url, model="tiny").status_code == 200
        wait_until(lambda: not store.loaded(), "the model to be let go")
        wait_until(lambda: gc.collect() or held() is None, "nothing to hold it")
        assert post(url, model="tiny").status_code == 200


def test_two_models_answer_at_once(local_url):
    async def ask(http, model):
        body = {"model": model, "messages": HELLO, "max_tokens": 20, "temperature": 0}
        response = await http.post(f"{local_url}/chat/completions", json=body)
        return response.json()["choices"][0]["message"]["content"]

    async def both():
        async with httpx2.AsyncClient(timeout=SHORT_S) as http:
            return await asyncio.gather(*(ask(http, m) for m in ("tiny", "other") * 4))

    texts = asyncio.run(both())
    assert len(set(texts[::2])) == len(set(texts[1::2])) == 1
    assert texts[0] != texts[1]


def test_a_broken_checkpoint_leaves_the_others_served(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text(
        '{"model_type": "bert", "architectures": ["BertForMaskedLM"]}'
    )
    build_model(tmp_path / "torn")
    weights = tmp_path / "torn" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    build_model(tmp_path / "whole")
    named = {"gone": tmp_path / "gone", "empty": tmp_path / "empty"}
    store = ModelStore(named, tmp_path, keep=1)
    with serve(build_app(store, Batcher(max_rows=4, max_waiting=8))) as url:
        for name, words in {
            "gone": "does not exist",
            "empty": "no config.json",
            "bert": "not a causal language model (its config says BertForMaskedLM)",
            "torn": "can't be loaded",
        }.items():
            response = post(url, model=name)
            assert response.status_code == 404
            assert response.json()["error"]["code"] == "model_not_loadable"
            assert words in response.json()["error"]["message"]
            assert str(tmp_path) not in response.json()["error"]["message"]
        assert post(url, model="whole").status_code == 200


def test_a_full_queue_says_when_to_come_back(store):
    with serve(build_app(store, Batcher(max_rows=2, max_waiting=3))) as url:
        response = post(url, n=4)
        assert response.status_code == 429
        assert float(response.headers["retry-after"]) > 0
        assert response.json()["error"]["code"] == "rate_limit_exceeded"
        assert post(url, n=3).status_code == 200


@pytest.mark.asyncio
async def test_a_busy_server_serves_every_client_in_the_end(store, monkeypatch):
    transport = guarded_transport(allow_loopback=True)
    step = Batch.step

    def step_when_one_was_refused(batch):
        wait_until(lambda: client.usage.retries, "a client that found the queue full")
        step(batch)

    monkeypatch.setattr(Batch, "step", step_when_one_was_refused)
    with serve(build_app(store, Batcher(max_rows=2, max_waiting=2))) as url:
        async with ModelClient(
            url, "tiny", max_concurrency=8, timeout_s=SHORT_S, retries=10**6, transport=transport
        ) as client:
            client._pause = lambda attempt, failure: 0.02
            done = await asyncio.gather(
                *(client.complete(HELLO, max_tokens=10, temperature=1, seed=s) for s in range(16))
            )
    assert len(done) == 16
    assert client.usage.retries > 0


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_hangs_up_frees_its_row(store, monkeypatch, stream):
    step, submit = Batch.step, Batcher.submit
    stepped = threading.Event()
    jobs: list[Generate] = []

    def note_jobs(batcher, more):
        jobs.extend(more)
        submit(batcher, more)

    def step_until_nobody_waits(batch):
        step(batch)
        stepped.set()
        wait_until(lambda: jobs[0].cancelled, "the server to notice")

    async def ask_and_hang_up(url):
        body = {
            "model": "tiny",
            "messages": HELLO,
            "max_tokens": 220,
            "temperature": 0,
            "stop": "e" * 40,  # it never comes, and holds the stream's text back
            "stream": stream,
        }
        async with httpx2.AsyncClient(timeout=SHORT_S) as http:
            asking = asyncio.create_task(http.post(f"{url}/chat/completions", json=body))
            await wait_until_async(stepped.is_set, "the first step")
            asking.cancel()
            await asyncio.wait([asking])

    monkeypatch.setattr(Batch, "step", step_until_nobody_waits)
    monkeypatch.setattr(Batcher, "submit", note_jobs)
    with serve(build_app(store, Batcher(max_rows=1, max_waiting=8))) as url:
        asyncio.run(ask_and_hang_up(url))
        # The only row is free again.
        assert post(url, max_tokens=2).status_code == 200
    row = jobs[0].row
    assert row.finish_reason == "cancelled" and row.completion_tokens <= 2


@pytest.mark.asyncio
async def test_the_client_gets_text_choices_and_the_fallback_for_schemas(local_url):
    transport = guarded_transport(allow_loopback=True)
    async with ModelClient(local_url, "tiny", timeout_s=SHORT_S, transport=transport) as client:
        done = await client.complete(HELLO, max_tokens=8, temperature=1.0, seed=1)
        again = await client.complete(HELLO, max_tokens=8, temperature=1.0, seed=1)
        assert (done.text, done.finish_reason) == (again.text, again.finish_reason)

        judged = await client.complete(
            HELLO, choice=["0", "1", "2", "10"], max_tokens=1, temperature=0
        )
        assert judged.text in judged.choice_logprobs
        assert judged.text == max(judged.choice_logprobs, key=judged.choice_logprobs.get)
        assert len(judged.choice_logprobs) == 4

        schema = {"type": "object", "required": ["score"]}
        calls = client.usage.calls
        free = await client.complete(HELLO, schema=schema, max_tokens=8, temperature=0)
        assert free.completion_tokens > 0
        assert client.usage.calls == calls + 2

        with pytest.raises(RequestRefused, match="context is 256"):
            await client.complete(HELLO, max_tokens=1000, temperature=0)


def test_the_command_starts_reports_a_broken_model_and_stops_on_sigterm(models_dir, tmp_path):
    port, log = free_port(), tmp_path / "log"
    command = [sys.executable, "-m", "webapp.llm.local", f"base={models_dir / 'tiny'}"]
    server = spawn([*command, tmp_path / "gone", "--port", str(port)], log=log)
    try:
        url = f"http://127.0.0.1:{port}"
        until_healthy(port, server, log)
        assert post(f"{url}/v1", model="base").status_code == 200
        assert post(f"{url}/v1", model="gone").status_code == 404
        # A page under a name that leads here (DNS rebinding) reads nothing.
        for name, status in {"localhost": 200, "studio.example": 400}.items():
            headers = {"Host": f"{name}:{port}"}
            assert get(f"{url}/v1/models", headers=headers).status_code == status
        server.send_signal(signal.SIGTERM)
        server.wait(SHORT_S)
    finally:
        kill_group(server)
    said = log.read_text()
    assert server.returncode in (0, -signal.SIGTERM)
    assert "the directory of 'gone' does not exist" in said
    assert "Traceback" not in said
