"""Which addresses a configured URL may lead to, checked when it is saved and when connecting.

A URL that people configure must not reach what only this machine can reach (a database, a cloud's
metadata service). A name is judged by what it resolves to, and again at every new connection, so
that a name that changes its address after the check gains nothing.
"""

import functools
import ipaddress
import itertools
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import anyio
import httpcore2
import httpx2

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_PORTS = {"http": 80, "https": 443}
# Metadata and control services of clouds that lie outside the link-local range.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
NAT64 = ipaddress.ip_network("64:ff9b::/96")
KEEPALIVE_S = 30.0
POOLS = 8


class AddressRefused(ValueError):
    """The URL may not be used; the message says why and what would permit it."""


class Origin(NamedTuple):
    """What a key is bound to."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True)
class CheckedUrl:
    """A URL that passed, with the addresses that its host had at that moment."""

    url: str
    origin: Origin
    addresses: tuple[str, ...]


def origin(url: str) -> Origin:
    """(scheme, host, port) in one spelling: lower case, IDNA, the port always given.

    Raises AddressRefused where the URL is not a plain http or https URL.
    """
    if any(c.isspace() or ord(c) < 32 or c == "\\" for c in url):
        raise AddressRefused("The URL has a space, a backslash or a control character in it.")
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise AddressRefused(f"This is not a valid URL: {error}.") from None
    if parsed.scheme not in DEFAULT_PORTS:
        raise AddressRefused("The URL must start with http:// or https://.")
    if parsed.userinfo:
        raise AddressRefused("The URL must not contain a user name or password.")
    host = parsed.raw_host.decode("ascii").rstrip(".")
    if not host or "%" in host:
        raise AddressRefused(
            "The URL has no host, or its host has characters that are not allowed."
        )
    port = parsed.port if parsed.port is not None else DEFAULT_PORTS[parsed.scheme]
    if not 0 < port < 65536:
        raise AddressRefused(f"{port} is not a valid port.")
    return Origin(parsed.scheme, host, port)


def check_address(url: str, *, allow_loopback: bool, allowed_hosts: Sequence[str]) -> CheckedUrl:
    """Checks a URL and everything that its host resolves to. Blocks while it resolves.

    Public addresses pass. Private ones (RFC 1918, shared, unique local) pass where `allowed_hosts`
    has the host, `host:port`, or a network in CIDR notation that holds the address. Loopback passes
    only with `allow_loopback`. Metadata services, link-local, multicast, unspecified and reserved
    addresses never pass. Raises AddressRefused.
    """
    where = origin(url)
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"The host {where.host} was not found.") from None
    rules = _Rules(allow_loopback, tuple(allowed_hosts))
    addresses = rules.permitted(where.host, where.port, (str(entry[4][0]) for entry in found))
    return CheckedUrl(url=url, origin=where, addresses=addresses)


def guarded_transport(
    *, allow_loopback: bool = False, allowed_hosts: Sequence[str] = ()
) -> httpx2.AsyncBaseTransport:
    """An httpx2 transport that applies the rules of `check_address` to every new connection.

    The address that was checked is the one that is connected to; Host and TLS keep the name.
    Refusals come out of a request as AddressRefused. Proxies from the environment are not used:
    they would connect in our place, unchecked.
    """
    return _GuardedTransport(_Rules(allow_loopback, tuple(allowed_hosts)))


def guarded_sync_transport(
    *, allow_loopback: bool = False, allowed_hosts: Sequence[str] = ()
) -> httpx2.BaseTransport:
    """`guarded_transport` for a program without an event loop. Each hop of a redirect is a new
    connection, so it is checked, too."""
    return _GuardedSyncTransport(_Rules(allow_loopback, tuple(allowed_hosts)))


@dataclass(frozen=True)
class _Rules:
    allow_loopback: bool
    allowed_hosts: tuple[str, ...]

    def permitted(self, host: str, port: int, resolved: Iterable[str]) -> tuple[str, ...]:
        """The resolved addresses without repeats; raises AddressRefused if one is not allowed."""
        addresses = tuple(dict.fromkeys(resolved))
        for text in addresses:
            reason = self._reason_against(host, port, _effective(ipaddress.ip_address(text)))
            if reason:
                raise AddressRefused(f"The host {host} leads to {text}: {reason}")
        return addresses

    def _reason_against(self, host: str, port: int, address: IPAddress) -> str | None:
        if address.is_loopback:
            return None if self.allow_loopback else "the studio’s own machine is not allowed."
        if address in METADATA or address.is_link_local:
            return "link-local addresses and metadata services are never allowed."
        if any(address in network for network in PRIVATE):
            if self._is_listed(host, port, address):
                return None
            return "a private address; an administrator can add the host to the allow-list."
        site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
        if address.is_multicast or address.is_reserved or site_local or not address.is_global:
            return "multicast and reserved addresses are never allowed."
        return None

    def _is_listed(self, host: str, port: int, address: IPAddress) -> bool:
        for entry in self.allowed_hosts:
            if entry.lower() in (host, f"{host}:{port}"):
                return True
            try:
                if address in ipaddress.ip_network(entry):
                    return True
            except ValueError:
                continue
        return False


def _effective(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv6 one that stands for it, else the address."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if address.teredo:
        inner = address.teredo[1]
    if address in NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """One for all clients: to read the certificates takes longer than a request."""
    return httpx2.create_ssl_context()


class _GuardedTransport(httpx2.AsyncBaseTransport):
    """Some pools in turn. A pool looks at each of its connections twice for each request, so the
    work of one large pool grows with the square of what is under way."""

    def __init__(self, rules: _Rules) -> None:
        context = _ssl_context()
        self._pools = [_GuardedPool(rules, context) for _ in range(POOLS)]
        self._in_turn = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await next(self._in_turn).handle_async_request(request)

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


class _GuardedPool(httpx2.AsyncHTTPTransport):
    def __init__(self, rules: _Rules, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        # httpx2 has no argument for the network backend; httpcore2's pool has. Concurrency is
        # limited by the client, so the pool keeps as many connections as it is asked for.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=None,
            max_keepalive_connections=None,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=_GuardedBackend(rules),
        )


class _GuardedBackend(httpcore2.AnyIOBackend):
    def __init__(self, rules: _Rules) -> None:
        self._rules = rules

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        options: dict[str, Any] = {
            "timeout": timeout,
            "local_address": local_address,
            "socket_options": socket_options,
        }
        try:
            with anyio.fail_after(timeout):
                found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"resolving {host} took too long") from None
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError(f"the host {host} has no address") from None
        addresses = self._rules.permitted(host, port, (str(entry[4][0]) for entry in found))
        for address in addresses[:-1]:
            try:
                return await super().connect_tcp(address, port, **options)
            except httpcore2.ConnectError:
                continue
        return await super().connect_tcp(addresses[-1], port, **options)


class _GuardedSyncTransport(httpx2.HTTPTransport):
    def __init__(self, rules: _Rules) -> None:
        super().__init__(verify=_ssl_context(), trust_env=False)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_ssl_context(),
            keepalive_expiry=KEEPALIVE_S,
            network_backend=_GuardedSyncBackend(rules),
        )


class _GuardedSyncBackend(httpcore2.SyncBackend):
    def __init__(self, rules: _Rules) -> None:
        self._rules = rules

    def connect_tcp(
        self, host: str, port: int, *args: Any, **options: Any
    ) -> httpcore2.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError(f"the host {host} has no address") from None
        addresses = self._rules.permitted(host, port, (str(entry[4][0]) for entry in found))
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, *args, **options)
            except httpcore2.ConnectError:
                continue
        return super().connect_tcp(addresses[-1], port, *args, **options)
