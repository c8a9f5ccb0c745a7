"""Clients of endpoints, for workers: the web process loads no model client."""

from dataclasses import asdict

from django.conf import settings

from webapp.llm import services
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import Adaptation, ModelClient, Pause
from webapp.llm.models import Endpoint
from webapp.runs import services as runs
from webapp.runs.models import Run
from webapp.runs.work import Waits, in_db

# A run waits this often in a row for an endpoint that is down, before it gives up: about as long
# as a model server takes to start again.
PATIENCE = 4
COOLDOWN_S = 30.0


def open_client(
    endpoint: Endpoint,
    *,
    run: Run | None = None,
    retries: int = 4,
    cooldown_s: float = COOLDOWN_S,
    is_test: bool = False,
) -> ModelClient:
    """The one client for this endpoint; use it as `async with`. A run's client stops at the first
    pause of an endpoint that is down: its page tells of it, and the run waits in the queue, see
    `away`. A test finds out anew what the server refuses. Raises Refused where the key has to be
    entered again."""
    pauses = _pauses_before(endpoint, run) if run else 0

    async def note(pause: Pause | None) -> None:
        await in_db(
            services.endpoint_note_pause,
            endpoint_id=endpoint.pk,
            until=pause.until if pause else None,
            reason=pause.reason if pause else "",
            topic=run.topic if run else "",
        )
        if run is not None and pause is None:
            await in_db(runs.wait_is_over, run, need=endpoint.pk)

    async def note_adaptation(found: Adaptation) -> None:
        await in_db(
            services.endpoint_note_adaptation,
            endpoint_id=endpoint.pk,
            base_url=endpoint.base_url,
            model=endpoint.model,
            **asdict(found),
        )

    return ModelClient(
        endpoint.base_url,
        endpoint.model,
        services.read_key(endpoint),
        max_concurrency=endpoint.max_concurrency,
        timeout_s=endpoint.timeout_s,
        retries=retries,
        circuit_cooldown_s=cooldown_s,
        patience=pauses if run else None,
        pauses=pauses,
        on_pause=note,
        adaptations=[]
        if is_test
        else [Adaptation(field, **known) for field, known in endpoint.adaptations.items()],
        on_adaptation=note_adaptation,
        transport=guarded_transport(
            allow_loopback=settings.LLM_ALLOW_LOOPBACK, allowed_hosts=settings.LLM_ALLOWED_HOSTS
        ),
    )


def away(endpoint: Endpoint, reason: str, *, saved: str) -> Waits:
    """For a run to raise where `endpoint` does not answer: it waits without a worker, and after
    PATIENCE pauses in a row it fails. `saved` is what the run has by then: “scores”."""
    words = (
        f"The endpoint “{endpoint.name}” keeps failing. {reason} The {saved} so far are saved. "
        "Resume the run when the endpoint answers."
    )
    return Waits(words, need=endpoint.pk, seconds=COOLDOWN_S, most=PATIENCE)


def _pauses_before(endpoint: Endpoint, run: Run) -> int:
    """How many pauses in a row the run has waited out; one where another run has just found that
    nobody answers."""
    return run.waits if run.waits_for == endpoint.pk else int(endpoint.is_paused)
