"""What the benches of model servers share: the servers, the prompts, the clients in a loop."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from annotation.generation.prompts import prompt_messages
from training.small import package
from training.small.make import make
from webapp.embedded.process import spawn, stop

CLIENTS = (1, 8, 32)
MAX_TOKENS = 128

_PROFILES = (
    "INFJ, 34, a night nurse in a small town. Likes old maps and early trains.",
    "ESTP, 22, an apprentice carpenter. Plays football on Sundays.",
    "ISFJ, 61, a retired teacher. Looks after two grandchildren.",
    "ENTP, 29, writes software for a harbour. Has just moved house.",
)
_SITUATIONS = (
    "The dog that was with me for twelve years died on Monday.",
    "My sister has not spoken to me since our mother's birthday.",
    "I passed the exam that I failed twice.",
    "My flat was broken into while I was asleep in it.",
    "They gave the post that I was promised to somebody else.",
)
_FIRST_TURNS = (
    "I don't know where to start. It has been like this for days.",
    "Nobody at work understands, so I say nothing.",
    "I keep thinking that I should have seen it coming.",
)


@dataclass(frozen=True)
class Server:
    """A server of its own process group. Only the one that is measured may use the processor."""

    name: str
    model: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @contextlib.contextmanager
    def awake(self) -> Iterator[None]:
        _signal(self.process, signal.SIGCONT)
        try:
            yield
        finally:
            _signal(self.process, signal.SIGSTOP)

    def is_healthy(self) -> bool:
        if self.process.poll() is not None:
            sys.exit(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
        try:
            answer = httpx2.get(f"http://127.0.0.1:{self.port}/health", timeout=5)
        except httpx2.TransportError:
            return False
        return answer.status_code == 200


@contextlib.contextmanager
def model_or_small(given: Path | None) -> Iterator[Path]:
    """The model that was named. Where none was, the small language model, in a folder that goes
    again. It ends the bench where that model can't be made."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / package.MODEL
        print(f"making {package.MODEL}, which takes about half a minute")
        try:
            make(made, tell=lambda stage, done: None)
        except package.Unusable as error:
            sys.exit(f"{error} Or name another model: python -m bench NAME MODEL_DIR")
        yield made


def supporter_prompts(count: int) -> list[list[dict[str, str]]]:
    """Prompts as the studio sends them, no two alike in the first sixty."""
    prompts = []
    for index in range(count):
        profile = _PROFILES[index % len(_PROFILES)]
        situation = _SITUATIONS[index % len(_SITUATIONS)]
        words = _FIRST_TURNS[index % len(_FIRST_TURNS)]
        history = [{"role": "seeker", "text": f"{situation} {words}"}]
        prompts.append(prompt_messages(profile, situation, history))
    return prompts


@contextlib.contextmanager
def started(
    name: str, command: Sequence[str], model: str, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Starts a server and does not wait; a free port is appended to its command."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = Path(tempfile.mkdtemp()) / f"{name}.log"
    process = spawn([*command, "--port", str(port)], log=log, env=dict(environment))
    try:
        yield Server(name, model, port, process, log)
    finally:
        _signal(process, signal.SIGCONT)
        stop(process, signal.SIGTERM, timeout=30)


def make_ready(servers: Sequence[Server]) -> None:
    """Waits for all of them, lets each answer once, and puts them to sleep."""
    for server in servers:
        while not server.is_healthy():
            time.sleep(0.2)
    for server in servers:
        with server.awake():
            asyncio.run(complete(server, supporter_prompts(4), clients=4))


def local_command(model: Path) -> list[str]:
    return [sys.executable, "-m", "webapp.llm.local", f"bench={model}"]


async def complete(
    server: Server, prompts: Sequence[Sequence[Mapping[str, str]]], clients: int, **body: object
) -> int:
    """Sends all prompts, `clients` at a time; returns how many tokens came back."""
    waiting = iter(enumerate(prompts))
    tokens = 0

    async def client(http: httpx2.AsyncClient) -> None:
        nonlocal tokens
        for index, messages in waiting:
            answer = await http.post(
                f"{server.url}/chat/completions",
                json={
                    "model": server.model,
                    "messages": messages,
                    "max_tokens": MAX_TOKENS,
                    "temperature": 1.0,
                    "seed": index,
                    **body,
                },
            )
            if answer.status_code != 200:
                sys.exit(f"{server.name} answered {answer.status_code}: {answer.text[:500]}")
            tokens += answer.json()["usage"]["completion_tokens"]

    limits = httpx2.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx2.AsyncClient(timeout=180, limits=limits, trust_env=False) as http:
        await asyncio.gather(*(client(http) for _ in range(clients)))
    return tokens


def count(clients: int) -> int:
    """How many requests make one measurement."""
    return max(8, 2 * clients)


def measured(
    server: Server, prompts: Sequence, clients: int, **body: object
) -> tuple[float, float]:
    """Requests and output tokens a second."""
    with server.awake():
        started = time.perf_counter()
        tokens = asyncio.run(complete(server, prompts, clients, **body))
        seconds = time.perf_counter() - started
    return len(prompts) / seconds, tokens / seconds


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To a server with all its processes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
