"""The guard between us and addresses that a person, a page or a platform supplied.

A name is resolved once for each connection, every address it has is checked, and the connection goes to a checked
address, never to the name: a resolver that answers differently the second time is not asked a second time.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpcore

from content.errors import Invalid, Problem

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text; raises OSError where it has none."""

WEB_PORTS = frozenset({80, 443})

_REACHABLE_V6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# What some releases of `ipaddress` still call global.
# Source: https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry (2026-11-22)
_NEVER_V4 = (
    IPv4Network("100.64.0.0/10"),  # behind a carrier's NAT; some clouds keep their metadata here
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("168.63.129.16/32"),  # the host agent of a large cloud, public only by its number
)
_NEVER_V6 = (
    IPv6Network("2001::/23"),  # Teredo among others
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
    IPv6Network("fec0::/10"),
)


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """The addresses the machine's resolver has for a host, best first."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet, whatever it is wrapped in."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return _is_public_v4(ip)
    carried = _carried(ip)
    if carried is not None:
        return _is_public_v4(carried)
    known = ip in _REACHABLE_V6 and not any(ip in network for network in _NEVER_V6)
    return known and ip.is_global and not ip.is_multicast


def _is_public_v4(ip: IPv4Address) -> bool:
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NEVER_V4)


def _carried(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside a mapped, 6to4 or NAT64 address."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


class Opened:
    """The hosts an operator opened: `host`, or `host:port` for one port only, exactly as addresses name them."""

    def __init__(self, entries: Collection[str]) -> None:
        parsed = [urlsplit(f"//{entry.strip()}") for entry in entries]
        self._entries = {((entry.hostname or "").lower(), entry.port) for entry in parsed}

    def has(self, host: str, port: int) -> bool:
        """Whether the operator opened this host on this port."""
        return not self._entries.isdisjoint({(host.lower(), port), (host.lower(), None)})


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, opened: Opened, resolve: Resolve, network: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._opened = opened
        self._resolve = resolve
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first checked address that answers; the seconds of `timeout` are shared among them.

        Raises:
            Invalid: the host or one of its addresses may not be reached.
        """
        addresses = await self._checked(host, port)
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, share, local_address, socket_options)

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        opened = self._opened.has(host, port)
        if not opened and port not in WEB_PORTS:
            raise refused(f"{host}:{port}", f"port {port} is neither 80 nor 443.")
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as unknown:
            raise httpcore.ConnectError(f"{host} has no address") from unknown
        if not addresses:
            raise httpcore.ConnectError(f"{host} has no address")
        closed = [address for address in addresses if not is_public(address)]
        if closed and not opened:
            raise refused(host, f"its address {closed[0]} is not on the open internet.")
        return addresses


def refused(where: str, why: str) -> Invalid:
    """The error for an address we do not go to."""
    fix = "Use a public web address, or ask your operator to list the host in COPYDESK_ALLOWED_PRIVATE_HOSTS."
    return Invalid("I don't go to that address.", [Problem(where, why, fix)])
