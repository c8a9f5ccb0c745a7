"""Clients of a model for tests, and what is asked of them."""

import pytest

from tests.support.servers import Stub, serve
from tests.support.waiting import SHORT_S
from webapp.llm.addresses import guarded_transport
from webapp.llm.client import ModelClient, ModelError

KEY = "sk-very-secret-0123456789"
HELLO = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}]


def make_client(url, **options):
    options = {"backoff_s": 0.01, "timeout_s": SHORT_S, **options}
    return ModelClient(
        url, "stub", KEY, transport=guarded_transport(allow_loopback=True), **options
    )


async def ask(client, **options):
    return await client.complete(HELLO, **{"max_tokens": 5, "temperature": 0.0, **options})


async def ask_stub(reply, **options):
    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url, **options) as client:
            return await ask(client), stub, client


async def failure_of(reply, **options):
    stub = Stub(reply)
    with serve(stub.app) as url:
        async with make_client(url, **options) as client:
            with pytest.raises(ModelError) as caught:
                await ask(client)
            return caught.value, stub, client
