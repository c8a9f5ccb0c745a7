"""Servers for the tests: any ASGI application in a thread, and raw sockets that misbehave."""

import asyncio
import contextlib
import inspect
import random
import socket
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.waiting import LONG_S, SHORT_S, wait_until, wait_until_async

# Below what the kernel gives to whoever connects somewhere: such a port is not taken by chance
# between here and the start of the program that will use it.
PORTS = range(20_000, 32_000)


def free_port() -> int:
    """A port for another program. What runs in this process binds port 0 instead."""
    for port in random.sample(PORTS, 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """A base URL where connections are refused: the port is held, and nobody listens there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"


class Server(uvicorn.Server):
    """Uvicorn's looks every 0.1 s, three times in a row, whether it should stop."""

    async def main_loop(self) -> None:
        await self.on_tick(0)  # writes the headers that every answer has
        await wait_until_async(lambda: self.should_exit, within_s=float("inf"))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        state = self.server_state
        await wait_until_async(lambda: not state.connections and not state.tasks, "its clients")
        await self.lifespan.shutdown()


@contextlib.contextmanager
def serve(app) -> Iterator[str]:
    """Runs an ASGI application; yields its base URL (with /v1)."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), "the server")
        assert server.started, "the server did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join(SHORT_S)
        listener.close()


def until_healthy(port: int, program: subprocess.Popen, log: Path, *, within_s=LONG_S) -> None:
    """Wait until a program that was started answers at /health."""

    def is_healthy() -> bool:
        assert program.poll() is None, log.read_text()[-3000:]
        try:
            url = f"http://127.0.0.1:{port}/health"
            return httpx2.get(url, timeout=SHORT_S).status_code == 200
        except httpx2.TransportError:
            return False

    wait_until(is_healthy, "an answer at /health", within_s=within_s)


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
    """A chat completions endpoint that answers with `reply(body, count)`, counts and records.

    A reply may be awaited. It is cancelled when the client hangs up, so it may never come.
    """

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
        return await _unless_gone(request, reply) if inspect.isawaitable(reply) else reply


async def _unless_gone(request: Request, reply: Awaitable[Response]) -> Response:
    replying = asyncio.ensure_future(reply)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({replying, gone}, return_when=asyncio.FIRST_COMPLETED)
        return replying.result() if replying.done() else Response(status_code=499)
    finally:
        replying.cancel()
        gone.cancel()


async def never(*_: object) -> Response:
    """A reply that never comes."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


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
