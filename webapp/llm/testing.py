"""The test of an endpoint, for a worker: ask the server, keep what it can do and each call."""

import asyncio
import logging
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from webapp.errors import Refused
from webapp.llm.call_rows import call_rows
from webapp.llm.clients import open_client
from webapp.llm.models import Endpoint, EndpointTest, ModelCall
from webapp.llm.probe import Findings, probe
from webapp.runs.work import in_db
from webapp.text import storable

logger = logging.getLogger(__name__)


def run_test(*, test_id: UUID) -> None:
    """Find out what the endpoint can do, once."""
    test = EndpointTest.objects.filter(pk=test_id, ended_at=None).select_related("endpoint").first()
    if test is None:
        return
    try:
        found = asyncio.run(_probe(test.endpoint))
    except Refused as refusal:
        found = Findings(error=str(refusal))
    except Exception as error:  # noqa: BLE001 - whatever a server answers, its test ends
        logger.exception("The test of endpoint %s failed", test.endpoint_id)
        found = Findings(
            error=f"The studio could not read what the server answers ({type(error).__name__})."
        )
    rows = call_rows(
        found.calls,
        endpoint=test.endpoint,
        purpose=ModelCall.Purpose.TEST,
        made_for=test.pk,
    )
    with transaction.atomic():
        open_rows = EndpointTest.objects.filter(pk=test.pk, ended_at=None)
        ended = open_rows.update(
            ended_at=timezone.now(),
            error=storable(found.error),
            latency_ms=found.latency_ms,
            reply=storable(found.reply),
            capabilities={
                name: {"support": one.support, "said": storable(one.said)}
                for name, one in found.capabilities.items()
            },
            context_length=found.context_length,
        )
        if ended:
            ModelCall.objects.bulk_create(rows)


async def _probe(endpoint: Endpoint) -> Findings:
    try:
        async with open_client(endpoint, retries=0, is_test=True) as client:
            return await probe(client)
    finally:
        # Opened to note what the server refuses. Left open, it would be there when the database
        # is not any more, and the next work of this process would fail on it.
        await in_db(lambda: connection.close())
