"""Calls to endpoints, for workers: the web process loads no model client."""

import asyncio
from uuid import UUID

from django.conf import settings

from webapp.errors import Refused
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import Completion, ModelClient, ModelError
from webapp.llm.models import Endpoint, ModelCall
from webapp.llm.services import read_key

TEST_MESSAGES = [{"role": "user", "content": "Answer with the one word: ready"}]
TEST_TOKENS = 8


def open_client(endpoint: Endpoint, *, retries: int = 4) -> ModelClient:
    """The one client for this endpoint; use it as `async with`. Raises Refused where the key
    has to be entered again."""
    return ModelClient(
        endpoint.base_url,
        endpoint.model,
        read_key(endpoint),
        max_concurrency=endpoint.max_concurrency,
        timeout_s=endpoint.timeout_s,
        retries=retries,
        transport=guarded_transport(
            allow_loopback=settings.LLM_ALLOW_LOOPBACK, allowed_hosts=settings.LLM_ALLOWED_HOSTS
        ),
    )


def run_test(*, endpoint_id: UUID, call_id: UUID) -> None:
    """Make the call and keep what came of it, once. For a worker."""
    endpoint = Endpoint.objects.filter(pk=endpoint_id).first()
    if endpoint is None or ModelCall.objects.filter(pk=call_id).exists():
        return
    call = ModelCall(
        pk=call_id,
        project_id=endpoint.project_id,
        endpoint=endpoint,
        purpose=ModelCall.Purpose.TEST,
        request={"messages": TEST_MESSAGES, "max_tokens": TEST_TOKENS},
    )
    try:
        done = asyncio.run(_ask(endpoint))
    except (ModelError, Refused) as error:
        call.error = str(error)
    else:
        call.reply, call.latency_ms = done.text, done.latency_ms
        call.prompt_tokens, call.completion_tokens = done.prompt_tokens, done.completion_tokens
    ModelCall.objects.bulk_create([call], ignore_conflicts=True)


async def _ask(endpoint: Endpoint) -> Completion:
    async with open_client(endpoint, retries=0) as client:
        return await client.complete(TEST_MESSAGES, max_tokens=TEST_TOKENS, temperature=0.0)
