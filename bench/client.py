"""The model client at work: a judge run of 2,000 calls beside a bare loop over httpx2.

Both send to one stub server, a process of its own that answers after 400 ms, with 64 requests in
flight. The judge run is the product's: claimed, worked by annotation.judge_runs.work in a process
of its own, with ratings, scores and a record of each call written to PostgreSQL. Further figures:
the calls a second that one worker can drive where the server takes no time, and its memory.
`--quick` makes one small round, to see that it works.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROUNDS = 5
LATENCY_MS = 400
IN_FLIGHT = 64
CALLS = 2_000
MANY_CALLS = 20_000


def main(argv: list[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m bench client")
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args(argv).quick
    calls, many, rounds = (200, 400, 1) if quick else (CALLS, MANY_CALLS, ROUNDS)
    with services() as home, stub_server() as url:
        stage = Stage(home, url, most_calls=many)
        return figures(stage, calls=calls, many=many, rounds=rounds)


def figures(stage: "Stage", *, calls: int, many: int, rounds: int) -> dict[str, Any]:
    ratios, product, free, bare_free, peaks, cpu, bare_cpu = [], [], [], [], [], [], []
    for number in range(rounds):
        bare = stage.bare(calls, LATENCY_MS)
        judged = stage.judge(calls, LATENCY_MS)
        ratios.append(bare["seconds"] / judged["seconds"])
        product.append(calls / judged["seconds"])
        peaks.append(judged["peak_mb"])
        cpu.append(1000 * judged["cpu_s"] / calls)
        bare_cpu.append(1000 * bare["cpu_s"] / calls)
        bare_free.append(calls / stage.bare(calls, 0)["seconds"])
        free.append(calls / stage.judge(calls, 0)["seconds"])
        print(
            f"round {number + 1}: ratio {ratios[-1]:.3f}, {product[-1]:.0f} calls/s, "
            f"CPU {cpu[-1]:.1f} ms a call (bare {bare_cpu[-1]:.1f}); "
            f"without latency {free[-1]:.0f} calls/s, bare {bare_free[-1]:.0f}",
            flush=True,
        )
    large = stage.judge(many, 0)
    return {
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "calls_per_s_at_400_ms": round(statistics.median(product), 1),
        "calls_per_s": round(statistics.median(free), 1),
        "bare_calls_per_s": round(statistics.median(bare_free), 1),
        "cpu_ms_a_call": round(statistics.median(cpu), 2),
        "bare_cpu_ms_a_call": round(statistics.median(bare_cpu), 2),
        f"peak_mb_{calls}": round(statistics.median(peaks), 1),
        f"peak_mb_{many}": round(large["peak_mb"], 1),
        "bytes_a_call": stage.bytes_a_call(),
    }


class Stage:
    """A project with texts to judge, and a judge anew for each run: no rating is reused."""

    def __init__(self, home: Path, url: str, *, most_calls: int) -> None:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        from annotation.corpus import services as corpus
        from annotation.corpus.set_query import SetQuery
        from annotation.formats.records import ParsedDialogue, plain_turn, supporter_turn
        from annotation.sets.services import collection_create
        from rubrics.demo.kardia import KARDIA
        from rubrics.versions.services import version_ensure
        from webapp.accounts.models import Project, User

        self._home, self._url = home, url
        self._lead = User.objects.create(email="bench@example.org", name="Bench")
        self._project = Project.objects.create(name="Bench", created_by=self._lead)
        self._version = version_ensure(project=self._project, actor=self._lead, spec=KARDIA)
        self._calls_a_text = len(KARDIA.judge_criteria)
        corpus.add_dialogues(
            project=self._project,
            source="kardiabench",
            parsed=[
                ParsedDialogue(
                    source_key=f"key-{number}",
                    turns=(
                        plain_turn("seeker", f"Night {number} was long, and nobody called."),
                        supporter_turn(REPLY.format(number=number))[0],
                    ),
                    split_group=f"person-{number}",
                    situation=f"Situation {number}: her sister moved away in spring.",
                    emotion="lonely",
                    profile_text=f"Profile {number}. INFP, paints at night, lives alone.",
                    mbti="INFP",
                    username=f"person-{number}",
                )
                for number in range(most_calls // self._calls_a_text)
            ],
        )
        self._collection = collection_create(
            project=self._project, actor=self._lead, name="All", query=SetQuery()
        )
        self._snapshots: dict[int, Any] = {}
        self._bodies = self._sample_of_requests()

    def judge(self, calls: int, latency_ms: int) -> dict[str, float]:
        from annotation.models import JudgeRun

        run = self._queued(calls, latency_ms)
        measured = self._process("judge", str(run.pk))
        run = JudgeRun.objects.get(pk=run.pk)
        assert run.status == "succeeded", run.error
        assert self._calls_of(run).filter(error="").count() == calls
        return measured

    def bare(self, calls: int, latency_ms: int) -> dict[str, float]:
        return self._process("bare", f"{self._url}/{latency_ms}/v1", str(calls), str(self._bodies))

    def bytes_a_call(self) -> int:
        """What one call's record takes in the database, with its indexes."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM llm_modelcall")
            cursor.execute(
                "SELECT pg_total_relation_size('llm_modelcall') / count(*) FROM llm_modelcall"
            )
            return int(cursor.fetchone()[0])

    def _queued(self, calls: int, latency_ms: int) -> Any:
        from annotation.judge_runs.services import judge_start
        from annotation.sets.services import freeze
        from rubrics.judges.services import judge_create_llm
        from webapp.ids import new_id
        from webapp.llm.services import endpoint_create

        texts = calls // self._calls_a_text
        if texts not in self._snapshots:
            self._snapshots[texts] = freeze(
                collection=self._collection, actor=self._lead, limit=texts
            )
        name = new_id().hex
        endpoint = endpoint_create(
            project=self._project,
            actor=self._lead,
            name=name,
            base_url=f"{self._url}/{latency_ms}/v1",
            model="stub",
            max_concurrency=IN_FLIGHT,
        )
        judge = judge_create_llm(
            project=self._project, actor=self._lead, name=name, endpoint=endpoint, parameters={}
        )
        return judge_start(
            project=self._project,
            actor=self._lead,
            key=name,
            snapshot=self._snapshots[texts],
            version=self._version,
            judge=judge,
        )

    def _sample_of_requests(self) -> Path:
        """What a judge sends, for the bare loop to send the same."""
        run = self._queued(10 * self._calls_a_text, 0)
        self._process("judge", str(run.pk))
        path = self._home / "bodies.jsonl"
        requests = self._calls_of(run).values_list("request", flat=True)
        path.write_text("".join(json.dumps(request) + "\n" for request in requests))
        return path

    def _calls_of(self, run: Any) -> Any:
        from webapp.llm.models import ModelCall

        return ModelCall.objects.filter(run_id=run.pk)

    def _process(self, *arguments: str) -> dict[str, float]:
        done = subprocess.run(
            [sys.executable, "-m", "bench._client_worker", *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return json.loads(done.stdout.splitlines()[-1])


REPLY = (
    "<understanding>She is alone at night.</understanding>\n<reasoning>Name it.</reasoning>\n"
    "<emotion>lonely</emotion>\n<response>I hear how lonely that is. Night {number} must have "
    "felt endless. Whom would you like to hear from first?</response>"
)


@contextlib.contextmanager
def services() -> Iterator[Path]:
    """An embedded PostgreSQL and Valkey of the bench's own, and Django's settings for them."""
    from webapp.embedded import homes
    from webapp.embedded.services import KINDS

    parent = Path("/var/tmp" if homes.service_user() else tempfile.gettempdir())  # noqa: S108
    home = homes.make_private(Path(tempfile.mkdtemp(prefix="kardia-bench-", dir=parent)))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        for variable, kind in KINDS.items():
            service = kind(home, log=home / f"{kind.name}.log", durable=True)
            stack.callback(service.stop)
            service.start()
            os.environ[variable] = service.url
        os.environ |= {
            "KARDIA_DEMO": "1",
            "KARDIA_VAR": str(home / "var"),
            "DJANGO_SETTINGS_MODULE": "webapp.settings",
        }
        yield home


@contextlib.contextmanager
def stub_server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "bench._stub_server", str(port)])
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            assert time.monotonic() < deadline, "the stub server did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
