"""A configured URL reaches public hosts only, whatever its spelling and whenever it is resolved."""

import socket

import httpx2
import pytest

from tests.support.servers import Stub, answer, serve
from tests.support.waiting import SHORT_S
from webapp.llm.addresses import (
    AddressRefused,
    check_address,
    guarded_sync_transport,
    guarded_transport,
    origin,
)
from webapp.llm.client import ModelClient, RequestRefused


def resolves_to(monkeypatch, *addresses):
    def getaddrinfo(host, port, *args, **kwargs):
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "localhost",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "0",
        "[::]",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fd00::1]",
        "[fec0::1]",
        "169.254.169.254",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "168.63.129.16",
        "224.0.0.1",
        "[ff02::1]",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
    ],
)
def test_every_spelling_of_an_inner_address_is_refused(host):
    with pytest.raises(AddressRefused):
        check_address(f"http://{host}/v1", allow_loopback=False, allowed_hosts=[])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/v1",
        "http:///v1",
        "http://user:secret@example.org/",
        "http://exam ple.org/",
        "http://example.org\\@10.0.0.1/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://127%2e0.0.1/",
        "not a url",
    ],
)
def test_only_plain_http_urls_have_an_origin(url):
    with pytest.raises(AddressRefused):
        origin(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://API.Example.org/v1", ("https", "api.example.org", 443)),
        ("http://api.example.org.:8000/v1", ("http", "api.example.org", 8000)),
        ("http://api.example.org:80", ("http", "api.example.org", 80)),
        ("https://münchen.example/v1", ("https", "xn--mnchen-3ya.example", 443)),
    ],
)
def test_an_origin_has_one_spelling(url, expected):
    assert origin(url) == expected


def test_a_public_address_passes(monkeypatch):
    resolves_to(monkeypatch, "93.184.216.34")
    checked = check_address("https://models.example/v1", allow_loopback=False, allowed_hosts=[])
    assert checked.addresses == ("93.184.216.34",)
    assert checked.origin == ("https", "models.example", 443)


def test_one_inner_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    resolves_to(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(AddressRefused, match="10.0.0.1"):
        check_address("https://models.example/v1", allow_loopback=False, allowed_hosts=[])


def test_a_host_without_address_is_refused(monkeypatch):
    def fails(*args, **kwargs):
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    with pytest.raises(AddressRefused, match="not found"):
        check_address("https://models.example/v1", allow_loopback=False, allowed_hosts=[])


@pytest.mark.parametrize("entry", ["vllm.internal", "vllm.internal:8000", "10.0.0.0/24"])
def test_the_allow_list_permits_private_hosts(monkeypatch, entry):
    resolves_to(monkeypatch, "10.0.0.5")
    url = "http://vllm.internal:8000/v1"
    assert check_address(url, allow_loopback=False, allowed_hosts=[entry])
    with pytest.raises(AddressRefused, match="allow-list"):
        check_address(url, allow_loopback=False, allowed_hosts=["vllm.internal:9000"])


@pytest.mark.parametrize("address", ["169.254.169.254", "127.0.0.1", "fd00:ec2::254", "224.0.0.1"])
def test_the_allow_list_never_permits_metadata_or_loopback(monkeypatch, address):
    resolves_to(monkeypatch, address)
    with pytest.raises(AddressRefused):
        check_address(
            "http://vllm.internal/v1",
            allow_loopback=False,
            allowed_hosts=["vllm.internal", "0.0.0.0/0", "::/0"],
        )


def test_loopback_passes_only_when_it_is_allowed():
    for url in ("http://localhost:8100/v1", "http://[::1]:8100/v1", "http://127.0.0.1:8100/v1"):
        assert check_address(url, allow_loopback=True, allowed_hosts=[])


@pytest.mark.asyncio
async def test_a_name_that_changes_its_address_after_the_check_is_refused(monkeypatch):
    stub = Stub(lambda body, count: answer())
    with serve(stub.app) as local:
        port = origin(local).port
        url = f"http://models.example:{port}/v1"
        resolves_to(monkeypatch, "93.184.216.34")
        assert check_address(url, allow_loopback=False, allowed_hosts=[])

        resolves_to(monkeypatch, "127.0.0.1")
        async with ModelClient(url, "stub", "key", retries=0) as client:
            with pytest.raises(RequestRefused, match=r"models.example leads to 127.0.0.1"):
                await client.complete(
                    [{"role": "user", "content": "hi"}], max_tokens=1, temperature=0
                )
    assert stub.bodies == []


@pytest.mark.asyncio
async def test_the_checked_address_is_connected_to_and_the_host_keeps_its_name(monkeypatch):
    stub = Stub(lambda body, count: answer())
    with serve(stub.app) as local:
        port = origin(local).port
        resolves_to(monkeypatch, "127.0.0.1")
        async with httpx2.AsyncClient(
            transport=guarded_transport(allow_loopback=True), timeout=SHORT_S
        ) as http:
            response = await http.post(
                f"http://models.example:{port}/v1/chat/completions", json={"messages": []}
            )
    assert response.status_code == 200
    assert stub.headers[0]["host"] == f"models.example:{port}"


@pytest.mark.asyncio
async def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch):
    stub = Stub(lambda body, count: answer())
    with serve(stub.app) as local:
        port = origin(local).port
        resolves_to(monkeypatch, "127.0.0.2", "127.0.0.1")
        async with httpx2.AsyncClient(
            transport=guarded_transport(allow_loopback=True), timeout=SHORT_S
        ) as http:
            response = await http.post(
                f"http://models.example:{port}/v1/chat/completions", json={"messages": []}
            )
    assert response.status_code == 200


@pytest.mark.asyncio
async def test_a_proxy_from_the_environment_is_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serve(Stub(lambda body, count: answer()).app) as url:
        transport = guarded_transport(allow_loopback=True)
        async with ModelClient(url, "stub", transport=transport, retries=0) as client:
            done = await client.complete(
                [{"role": "user", "content": "hi"}], max_tokens=1, temperature=0
            )
    assert done.text == "fine"


def test_a_program_without_an_event_loop_is_guarded_too(monkeypatch):
    stub = Stub(lambda *_: answer())
    with serve(stub.app) as url:
        for allowed in (True, False):
            transport = guarded_sync_transport(allow_loopback=allowed)
            with httpx2.Client(transport=transport) as client:
                if allowed:
                    assert client.get(f"{url}/models").status_code == 404
                    continue
                with pytest.raises(AddressRefused, match="own machine"):
                    client.get(f"{url}/models")
    resolves_to(monkeypatch, "93.184.216.34", "169.254.169.254")
    with (
        httpx2.Client(transport=guarded_sync_transport()) as client,
        pytest.raises(AddressRefused, match="never allowed"),
    ):
        client.get("http://models.example.org/")
