"""The HTTP side of the local server: requests in, batcher jobs out, OpenAI's JSON back."""

import asyncio
import json
import math
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from webapp.llm.local.batching import Batcher, Delta, Generate, QueueFull, Score
from webapp.llm.local.choices import encode_choices
from webapp.llm.local.generation import Row, Sampling, TokenLogprob
from webapp.llm.local.protocol import (
    ApiError,
    ChatRequest,
    logprobs_body,
    parse_request,
    usage_body,
)
from webapp.llm.local.store import BrokenModel, ModelStore, Served, UnknownModel, UnusablePrompt

# How long a model stays loaded that nobody asks, and how often that is looked at.
UNASKED_S, LOOK_S = 600.0, 30.0
# Far above what fits into any context.
MAX_BODY_BYTES = 4 * 2**20


def build_app(store: ModelStore, batcher: Batcher, *, hosts: Sequence[str] = ("*",)) -> Starlette:
    """The ASGI application; it starts the batcher's thread and stops it at the end. Requests that
    name none of `hosts` in their Host header are refused."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        batcher.start()
        unloading = asyncio.create_task(_unload_unasked(store))
        yield
        unloading.cancel()
        await asyncio.to_thread(batcher.stop)

    async def health(_: Request) -> Response:
        return JSONResponse(
            {"status": "ok", "loaded": store.loaded(), "waiting": batcher.waiting()}
        )

    async def models(_: Request) -> Response:
        contexts = await asyncio.to_thread(store.contexts)
        data = [
            {
                "id": name,
                "object": "model",
                "created": 0,
                "owned_by": "local",
                "max_model_len": most,
            }
            for name, most in contexts.items()
        ]
        return JSONResponse({"object": "list", "data": data})

    async def chat(request: Request) -> Response:
        asked = parse_request(await _body(request))
        served = await _model(store, asked.model)
        prompt = await asyncio.to_thread(_prompt, served, asked)
        if asked.structured_outputs:
            choices = asked.structured_outputs.choice
            return await _answer_choice(request, batcher, asked, served, prompt, choices)
        return await _answer_text(request, batcher, asked, served, prompt)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", models),
            Route("/v1/chat/completions", chat, methods=["POST"]),
        ],
        exception_handlers={
            ApiError: _api_error,
            QueueFull: _queue_full,
            404: _no_such_path,
            405: _no_such_path,
            Exception: _server_error,
        },
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
        lifespan=lifespan,
    )


async def _unload_unasked(store: ModelStore) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        await asyncio.to_thread(store.unload_unasked, UNASKED_S)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(
                413,
                f"The request is larger than {MAX_BODY_BYTES // 2**20} MB.",
                code="request_too_large",
                # The rest is not read: the connection can't be used again.
                headers={"Connection": "close"},
            )
    return bytes(body)


async def _model(store: ModelStore, name: str) -> Served:
    try:
        return await asyncio.to_thread(store.get, name)
    except UnknownModel:
        raise ApiError(
            404,
            f"The model '{name}' does not exist.",
            code="model_not_found",
            param="model",
        ) from None
    except BrokenModel as error:
        raise ApiError(404, str(error), code="model_not_loadable", param="model") from error


def _prompt(served: Served, asked: ChatRequest) -> list[int]:
    messages = [{"role": m.role, "content": m.text()} for m in asked.messages]
    try:
        prompt = served.encode_chat(messages)
    except UnusablePrompt as error:
        raise ApiError(400, str(error), code="invalid_value", param="messages") from error
    wanted = asked.limit() or 1
    if not prompt:
        raise ApiError(400, "The prompt is empty.", code="invalid_value", param="messages")
    if len(prompt) + wanted > served.context:
        raise ApiError(
            400,
            f"This model's context is {served.context} tokens; the messages have {len(prompt)} "
            f"and {wanted} were asked for.",
            code="context_length_exceeded",
            param="messages",
        )
    return prompt


async def _answer_text(
    request: Request, batcher: Batcher, asked: ChatRequest, served: Served, prompt: list[int]
) -> Response:
    events: asyncio.Queue = asyncio.Queue()
    deliver = _into(events)
    jobs = [
        Generate(
            Row(served, prompt, _sampling(asked, served, prompt, index)),
            deliver=deliver(index),
            stream=asked.stream,
        )
        for index in range(asked.n)
    ]
    batcher.submit(jobs)
    if asked.stream:
        return StreamingResponse(
            _stream(jobs, events, asked, len(prompt)), media_type="text/event-stream"
        )
    try:
        rows = await _unless_gone(request, _gather(events, asked.n))
    finally:
        _cancel(jobs)
    choices = [
        _choice(index, row.text, row.finish_reason, row.logprobs if asked.logprobs else None)
        for index, row in enumerate(rows)
    ]
    completed = sum(row.completion_tokens for row in rows)
    return JSONResponse(_completion(asked, choices, len(prompt), completed))


async def _answer_choice(
    request: Request,
    batcher: Batcher,
    asked: ChatRequest,
    served: Served,
    prompt: list[int],
    choices: list[str],
) -> Response:
    if asked.stream or asked.n != 1:
        raise ApiError(400, "a choice can't be streamed, nor asked for with n", param="stream")
    encoded = encode_choices(served, choices)
    if len(prompt) + max(map(len, encoded)) > served.context:
        raise ApiError(
            400,
            f"This model's context is {served.context} tokens; the messages have {len(prompt)} "
            "and the longest choice does not fit behind them.",
            code="context_length_exceeded",
            param="messages",
        )
    events: asyncio.Queue = asyncio.Queue()
    job = Score(served, prompt, encoded, deliver=_into(events)(0))
    batcher.submit([job])
    try:
        [scores] = await _unless_gone(request, _gather(events, 1))
    finally:
        _cancel([job])
    picked = _pick(scores, asked)
    likeliest = sorted(zip(choices, scores, strict=True), key=lambda pair: -pair[1])
    logprobs = [TokenLogprob(choices[picked], scores[picked], tuple(likeliest))]
    choice = _choice(0, choices[picked], "stop", logprobs if asked.logprobs else None)
    return JSONResponse(_completion(asked, [choice], len(prompt), len(encoded[picked])))


def _sampling(asked: ChatRequest, served: Served, prompt: list[int], index: int) -> Sampling:
    return Sampling(
        max_tokens=asked.limit() or served.context - len(prompt),
        temperature=asked.temperature,
        top_p=asked.top_p,
        seed=None if asked.seed is None else f"{asked.seed}:{index}",
        stop=asked.stops(),
        top_logprobs=asked.top_logprobs if asked.logprobs else None,
    )


def _pick(scores: Sequence[float], asked: ChatRequest) -> int:
    """The index of the likeliest choice, or a draw where a temperature is set."""
    best = max(scores)
    if asked.temperature == 0:
        return scores.index(best)
    weights = [math.exp((score - best) / asked.temperature) for score in scores]
    generator = random.Random(asked.seed)  # noqa: S311 - sampling, not secrets
    return generator.choices(range(len(scores)), weights)[0]


def _into(events: asyncio.Queue) -> Callable[[int], Callable[[object], None]]:
    """Makes the batcher thread's way to put (index, event) into this loop's queue."""
    loop = asyncio.get_running_loop()

    def deliver_as(index: int) -> Callable[[object], None]:
        def deliver(event: object) -> None:
            loop.call_soon_threadsafe(events.put_nowait, (index, event))

        return deliver

    return deliver_as


async def _gather(events: asyncio.Queue, count: int) -> list[Any]:
    results: dict[int, Any] = {}
    while len(results) < count:
        index, event = await events.get()
        if isinstance(event, Exception):
            raise ApiError(500, "The model failed on this request.", code="model_failed")
        results[index] = event
    return [results[index] for index in range(count)]


async def _unless_gone(request: Request, work: Any) -> Any:
    """Awaits `work`, but gives it up when the client hangs up."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ApiError(499, "The client hung up.")
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _stream(
    jobs: Sequence[Generate], events: asyncio.Queue, asked: ChatRequest, prompt_tokens: int
) -> AsyncIterator[str]:
    """Server-sent events of one completion in OpenAI's chunks."""
    frame = {**_envelope(asked), "object": "chat.completion.chunk"}

    def chunk(choices: list[dict], **extra: Any) -> str:
        return f"data: {json.dumps({**frame, 'choices': choices, **extra})}\n\n"

    def part(index: int, delta: dict, finish: str | None, logprobs: Sequence | None) -> dict:
        body = logprobs_body(logprobs) if asked.logprobs and logprobs else None
        return {"index": index, "delta": delta, "finish_reason": finish, "logprobs": body}

    try:
        for index in range(asked.n):
            yield chunk([part(index, {"role": "assistant", "content": ""}, None, None)])
        running, completed = asked.n, 0
        while running:
            index, event = await events.get()
            if isinstance(event, Delta):
                yield chunk([part(index, {"content": event.text}, None, event.logprobs)])
            elif isinstance(event, Row):
                rest = event.logprobs[jobs[index].sent_logprobs :]
                yield chunk([part(index, {"content": event.take()}, event.finish_reason, rest)])
                completed += event.completion_tokens
                running -= 1
            else:
                failure = ApiError(500, "The model failed on this request.", code="model_failed")
                yield f"data: {json.dumps(failure.body)}\n\n"
                return
        if asked.stream_options.include_usage:
            yield chunk([], usage=usage_body(prompt_tokens, completed))
        yield "data: [DONE]\n\n"
    finally:
        _cancel(jobs)


def _cancel(jobs: Sequence[Generate | Score]) -> None:
    for job in jobs:
        job.cancelled = True


def _envelope(asked: ChatRequest) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": asked.model,
    }


def _choice(
    index: int, text: str, finish_reason: str, logprobs: list[TokenLogprob] | None
) -> dict[str, Any]:
    return {
        "index": index,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish_reason,
        "logprobs": None if logprobs is None else logprobs_body(logprobs),
    }


def _completion(
    asked: ChatRequest, choices: list[dict], prompt_tokens: int, completion_tokens: int
) -> dict[str, Any]:
    return {
        **_envelope(asked),
        "object": "chat.completion",
        "choices": choices,
        "usage": usage_body(prompt_tokens, completion_tokens),
    }


async def _api_error(_: Request, error: Any) -> Response:
    return JSONResponse(error.body, status_code=error.status, headers=error.headers)


async def _queue_full(request: Request, error: Any) -> Response:
    return await _api_error(
        request,
        ApiError(
            429,
            f"The server is busy: {error}.",
            code="rate_limit_exceeded",
            headers={"Retry-After": str(error.retry_after_s)},
        ),
    )


async def _no_such_path(request: Request, error: Any) -> Response:
    message = f"{request.method} {request.url.path} is not served here."
    return await _api_error(request, ApiError(error.status_code, message, code="unknown_url"))


async def _server_error(request: Request, _: Exception) -> Response:
    return await _api_error(request, ApiError(500, "The server failed.", code="server_error"))
