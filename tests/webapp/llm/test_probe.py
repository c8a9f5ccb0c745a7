"""What a test finds out about servers that obey, refuse or ignore."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.servers import Stub, answer, refusal, serve
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import ModelClient
from webapp.llm.probe import MAX_REPLY, Findings, probe


def obeys(body: dict[str, Any], count: int) -> Response:
    if "response_format" in body:
        return answer('{"k7": 3}')
    if "structured_outputs" in body:
        return answer(body["structured_outputs"]["choice"][0])
    if body.get("logprobs"):
        top = [{"token": "ready", "logprob": -0.1}]
        return answer("ready", logprobs={"content": [{**top[0], "top_logprobs": top}]})
    return answer(f"seeded {body['seed']}" if "seed" in body else "ready")


def ignores(body: dict[str, Any], count: int) -> Response:
    return answer(f"Sure, answer {count}.")


def refuses(body: dict[str, Any], count: int) -> Response:
    plain = {"model", "messages", "max_tokens", "temperature"}
    unknown = sorted(set(body) - plain)
    return refusal(400, f"unknown field {unknown[0]}") if unknown else answer("ready")


def half_json(body: dict[str, Any], count: int) -> Response:
    return answer('{"k7": ') if "response_format" in body else obeys(body, count)


async def find(
    reply: Callable[[dict[str, Any], int], Response], models: Any = None
) -> tuple[Findings, Stub]:
    stub = Stub(reply)

    async def listed(request: Request) -> Response:
        return models if isinstance(models, Response) else JSONResponse(models)

    chat = Route("/v1/chat/completions", stub._chat, methods=["POST"])
    app = Starlette(routes=[chat, Route("/v1/models", listed)])
    with serve(app) as url:
        transport = guarded_transport(allow_loopback=True)
        async with ModelClient(url, "m", retries=0, transport=transport) as client:
            return await probe(client), stub


def supports(found: Findings) -> dict[str, str]:
    return {name: one.support for name, one in found.capabilities.items()}


VLLM = {"data": [{"id": "other"}, {"id": "m", "max_model_len": 4096}]}


@pytest.mark.asyncio
async def test_a_server_that_can_everything() -> None:
    found, stub = await find(obeys, VLLM)
    assert set(supports(found).values()) == {"yes"}
    assert (found.reply, found.context_length, found.error) == ("ready", 4096, "")
    assert len(found.calls) == len(stub.bodies) == 6


@pytest.mark.asyncio
async def test_an_answer_without_end_is_kept_in_part() -> None:
    found, _ = await find(lambda body, count: answer("word " * 100_000), VLLM)
    assert len(found.reply) == MAX_REPLY


@pytest.mark.asyncio
async def test_a_server_that_takes_no_notice() -> None:
    found, _ = await find(ignores, {"data": []})
    assert supports(found) == {
        "models": "no", "schema": "ignored", "choice": "ignored", "logprobs": "ignored",
        "seed": "ignored",
    }  # fmt: skip
    assert "not in its list of models: none" in found.capabilities["models"].said


@pytest.mark.asyncio
async def test_a_server_that_refuses_says_why() -> None:
    found, _ = await find(refuses, refusal(404, "no such path"))
    assert set(supports(found).values()) == {"no"}
    assert "unknown field logprobs" in found.capabilities["logprobs"].said
    assert "no such path" in found.capabilities["models"].said
    assert found.latency_ms is not None


@pytest.mark.asyncio
async def test_half_an_object_is_no_schema() -> None:
    found, _ = await find(half_json, VLLM)
    assert supports(found)["schema"] == "ignored"


@pytest.mark.asyncio
async def test_an_answer_that_never_stops_opening_is_no_schema() -> None:
    def opens(body: dict[str, Any], count: int) -> Response:
        return answer("[" * 5000) if "response_format" in body else obeys(body, count)

    found, _ = await find(opens, VLLM)
    assert supports(found)["schema"] == "ignored"


@pytest.mark.parametrize("length", [-1, 0, 10**12, 10**400, 4.5, "long", True, None])
@pytest.mark.asyncio
async def test_a_length_that_is_none_is_not_kept(length: Any) -> None:
    found, _ = await find(obeys, {"data": [{"id": "m", "max_model_len": length}]})
    assert (supports(found)["models"], found.context_length) == ("yes", None)


@pytest.mark.parametrize("models", [[], {"data": 3}, {"data": [{"id": 7}]}])
@pytest.mark.asyncio
async def test_a_list_of_models_that_is_none(models: Any) -> None:
    found, _ = await find(obeys, models)
    assert (supports(found)["models"], found.context_length) == ("no", None)


@pytest.mark.asyncio
async def test_long_names_of_models_are_kept_in_part() -> None:
    found, _ = await find(obeys, {"data": [{"id": "m" * 10_000}] * 50})
    assert len(found.capabilities["models"].said) < 1200


@pytest.mark.asyncio
async def test_a_server_that_fails_later_is_not_found_out() -> None:
    found, _ = await find(lambda body, count: refusal(500) if count > 1 else answer("ready"), VLLM)
    assert supports(found)["schema"] == supports(found)["seed"] == "unknown"
    assert json.dumps([call.error for call in found.calls]).count("failed (500)") >= 2
