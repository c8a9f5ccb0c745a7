"""A model server that takes a fixed time: `python -m bench._stub_server PORT`, an own process.

The first part of the path is the latency in milliseconds: http://127.0.0.1:PORT/400/v1.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

REPLY = json.dumps(
    {
        "c1": {
            "evidence": ["I hear how lonely that is."],
            "rationale": "The reply names the feeling and stays with it before it asks on.",
            "score": 3,
        }
    }
)
BODY = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": REPLY},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960},
    }
).encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    while (await receive()).get("more_body"):
        pass
    latency_ms = int(scope["path"].split("/")[1])
    if latency_ms:
        await asyncio.sleep(latency_ms / 1000)
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", lifespan="off", access_log=False)
