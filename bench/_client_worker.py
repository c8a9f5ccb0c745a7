"""One measured process of bench.client; prints seconds, CPU and peak memory as one JSON line.

`judge RUN_ID`: the product's own work on a judge run, as a Celery worker does it.
`bare URL CALLS FILE`: a loop over httpx2 that posts the bodies of FILE (JSON lines).
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

IN_FLIGHT = 64


def judge(run_id: str) -> dict[str, float]:
    import django

    django.setup()
    from annotation.judge_runs import work as judging

    return timed(lambda: judging.work(run_id))


def bare(url: str, calls: str, file: str) -> dict[str, float]:
    import httpx2

    bodies = [line.encode() for line in Path(file).read_text().splitlines()]
    headers = {"content-type": "application/json", "authorization": "Bearer none"}

    async def run() -> None:
        left = iter(range(int(calls)))
        limits = httpx2.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
        async with httpx2.AsyncClient(limits=limits, timeout=60) as http:

            async def place() -> None:
                for number in left:
                    body = bodies[number % len(bodies)]
                    answer = await http.post(
                        f"{url}/chat/completions", content=body, headers=headers
                    )
                    assert answer.json()["choices"][0]["message"]["content"]

            await asyncio.gather(*(place() for _ in range(IN_FLIGHT)))

    return timed(lambda: asyncio.run(run()))


def timed(work: Callable[[], object]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "seconds": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps({"judge": judge, "bare": bare}[sys.argv[1]](*sys.argv[2:])))
