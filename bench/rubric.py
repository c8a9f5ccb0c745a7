"""How long a save of a large draft takes, as a browser would see it.

A studio of its own: uvicorn, PostgreSQL and Valkey as `make run` starts them. One person writes in
a rubric of 60 criteria: each save changes some words of one anchor and brings back what the text
amounts to, its lint included. `python -m bench rubric [SAVES]`
"""

import contextlib
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx2

from bench._services import services

CRITERIA = 60
SAVES = 300
WARM_UP = 20
READY_WITHIN_S = 240


def main(argv: list[str]) -> dict[str, Any]:
    saves = int(argv[0]) if argv else SAVES
    with services(), _web() as url:
        path, cookie = _draft()
        with httpx2.Client(base_url=url, cookies=cookie) as browser:
            size, times = _write(browser, path, saves)
    times.sort()
    return {
        "p50_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(0.95 * len(times))], 1),
        "saves": saves,
        "criteria": CRITERIA,
        "draft_kb": round(size / 1000),
    }


def _write(
    browser: httpx2.Client, path: str, saves: int
) -> tuple[dict[str, Any], int, list[float]]:
    """The text, its size in bytes, and how long each save took in milliseconds."""
    page = browser.get(f"{path}edit/")
    page.raise_for_status()
    token = page.text.partition('"X-CSRFToken": "')[2].partition('"')[0]
    headers = {"X-CSRFToken": token, "Content-Type": "application/json"}
    text = _large_text()
    times: list[float] = []
    revision, body = 0, b""
    for number in range(saves + WARM_UP):
        levels = text["criteria"][number % CRITERIA]["levels"]
        levels[number % len(levels)]["anchor"] += f" And {number} more."
        body = json.dumps({"content": text, "expected_revision": revision}).encode()
        began = time.perf_counter()
        answer = browser.post(f"{path}save/", content=body, headers=headers)
        took = 1000 * (time.perf_counter() - began)
        answer.raise_for_status()
        revision = answer.json()["revision"]
        if number >= WARM_UP:
            times.append(took)
    return len(body), times


def _large_text() -> dict[str, Any]:
    """The five criteria of the Kardia rubric twelve times over, with exemplars at each level."""
    from dataclasses import replace

    from rubrics.core.spec import ExemplarSpec, to_json
    from rubrics.demo.kardia import KARDIA

    reply = "That sounds heavy, and you have carried it alone. What was the worst of it today?"
    criteria = [
        replace(
            criterion,
            uid=f"{criterion.uid[:-2]}{n:02}",
            meaning_id=f"{criterion.meaning_id[:-2]}{n:02}",
            name=f"{criterion.name} {n}",
            use_when="There is a profile, or an earlier turn in which the seeker speaks of it.",
            avoid_when="The seeker only greets, or the dialogue has just begun.",
            exemplars=tuple(
                ExemplarSpec(f"{reply} ({level.value})", level.value, "I can't sleep any more.")
                for level in criterion.levels
            ),
        )
        for n in range(CRITERIA // len(KARDIA.judge_criteria))
        for criterion in KARDIA.judge_criteria
    ]
    return to_json(replace(KARDIA, criteria=tuple(criteria)))


def _draft() -> tuple[str, dict[str, str]]:
    """The path of a new draft, and the cookie of a clinician who writes in it."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    from rubrics.writing.services import rubric_create
    from webapp.accounts.models import Membership, Project, Role, User

    person = User.objects.create_user("clinician@example.org", name="Clara Clinician")
    project = Project.objects.create(name="Bench", created_by=person)
    Membership.objects.create(project=project, user=person, role=Role.CLINICIAN)
    version = rubric_create(
        project=project, actor=person, name="Empathic support", content=None
    ).versions.get()
    client = Client()
    client.force_login(person)
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    path = f"/p/{project.pk}/rubrics/versions/{version.pk}/"
    return path, {session.key: session.value}


@contextlib.contextmanager
def _web() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "webapp.asgi:application", "--port", str(port)]
    server = subprocess.Popen([*command, "--no-access-log", "--log-level", "warning"])
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/health/live")
        yield url
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            httpx2.get(url).raise_for_status()
            return
        except httpx2.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
