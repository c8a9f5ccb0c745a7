"""Calls as rows: each request that a worker made, whatever came of it."""

from collections.abc import Iterable
from uuid import UUID

from webapp.llm.call_record import CallRecord
from webapp.llm.models import Endpoint, ModelCall
from webapp.runs.models import Run
from webapp.text import storable

# Far above any reply that was asked for; a server may answer 16 MB.
MAX_REPLY = 100_000


def call_rows(
    records: Iterable[CallRecord],
    *,
    endpoint: Endpoint,
    purpose: ModelCall.Purpose,
    made_for: UUID | None,
    run: Run | None = None,
) -> list[ModelCall]:
    """The rows of calls that were made for the row `made_for`, not saved yet."""
    return [
        ModelCall(
            project_id=endpoint.project_id,
            endpoint=endpoint,
            purpose=purpose,
            run_kind=run.kind if run else "",
            run_id=run.pk if run else None,
            made_for=made_for,
            form=record.form,
            retries=record.retries,
            request=record.request,
            reply=storable(record.reply)[:MAX_REPLY],
            error=storable(record.error),
            latency_ms=record.latency_ms,
            prompt_tokens=record.prompt_tokens or 0,
            completion_tokens=record.completion_tokens or 0,
            cached_tokens=record.cached_tokens or 0,
            asked_at=record.asked_at,
        )
        for record in records
    ]
