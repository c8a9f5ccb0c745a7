"""Servers for the tests: any ASGI application in a thread, and raw sockets that misbehave."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serve(app) -> Iterator[str]:
    """Runs an ASGI application; yields its base URL (with /v1)."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.005)
    yield f"http://127.0.0.1:{port}/v1"
    # Whoever still waits for an answer gets none.
    server.should_exit = server.force_exit = True
    thread.join(10)


def answer(text: str = "fine", **choice) -> JSONResponse:
    """A minimal chat completion."""
    return JSONResponse(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "stub",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                    **choice,
                }
            ],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        }
    )


def refusal(status: int, message: str = "no", **error) -> JSONResponse:
    return JSONResponse({"error": {"message": message, **error}}, status_code=status)


class Stub:
    """A chat completions endpoint that answers with `reply(body, count)`, counts and records."""

    def __init__(self, reply: Callable) -> None:
        self.bodies: list[dict] = []
        self.headers: list[dict] = []
        self.reply = reply
        self.app = Starlette(routes=[Route("/v1/chat/completions", self._chat, methods=["POST"])])

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        reply = self.reply(body, len(self.bodies))
        return await reply if hasattr(reply, "__await__") else reply


@contextlib.contextmanager
def raw_server(response: bytes) -> Iterator[str]:
    """Answers each connection with these bytes and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(response)

    threading.Thread(target=run, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    listener.close()
