"""May we connect? One lookup, every answer must be public, and the checked addresses are the ones dialled.

No second lookup takes place between check and connect, so a name that answers differently the second time gains nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[list[str]]]

# IANA IPv4 Special-Purpose Address Registry, with multicast and the reserved block; anycast relays (192.88.99.0/24) too.
CLOSED_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ],
    )
)
# Only global unicast (2000::/3) is public in IPv6, less the special blocks inside it; 6to4 and Teredo carry an IPv4 address.
OPEN_V6 = ipaddress.IPv6Network("2000::/3")
CLOSED_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"],
    )
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to dial."""

    ip: str
    port: int


class Refused(Exception):
    """The guard refuses the host; the message names it and why."""


def why_closed(address: Address) -> str | None:
    """Why an address is not public, or None when it is."""
    if isinstance(address, ipaddress.IPv4Address):
        block: Network | None = next((network for network in CLOSED_V4 if address in network), None)
        return f"{address} is in {block}" if block else None
    if address not in OPEN_V6:
        return f"{address} is outside {OPEN_V6}"
    block = next((network for network in CLOSED_V6 if address in network), None)
    return f"{address} is in {block}" if block else None


async def system_resolver(host: str, port: int) -> list[str]:
    """The system's answers, in its order."""
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class Guard:
    """`allow`: hosts or networks that may be reached although they are not public. `connect`: host (or `*`) → `ip:port` to dial instead."""

    def __init__(
        self, allow: tuple[str, ...] = (), connect: Mapping[str, str] | None = None, resolver: Resolver | None = None
    ) -> None:
        self._resolver = resolver or system_resolver
        self._connect = {name: _endpoint(target) for name, target in (connect or {}).items()}
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for item in allow:
            try:
                self._networks.append(ipaddress.ip_network(item, strict=False))
            except ValueError:
                self._hosts.add(item.lower())

    async def addresses(self, host: str, port: int) -> tuple[Endpoint, ...]:
        """Where `host` may be dialled. Raises Refused, or OSError when the name has no address."""
        override = self._connect.get(host) or self._connect.get("*")
        if override:
            return (override,)
        literal = _literal(host)
        answers = [str(literal)] if literal else await self._resolver(host, port)
        if not answers:
            raise OSError(f"{host} has no address")
        if host.lower() not in self._hosts:
            for answer in answers:
                self._check(host, answer)
        return tuple(Endpoint(answer, port) for answer in answers)

    def _check(self, host: str, answer: str) -> None:
        address = ipaddress.ip_address(answer.partition("%")[0])
        if any(address in network for network in self._networks if network.version == address.version):
            return
        reason = why_closed(address)
        if reason:
            raise Refused(f"{host} is not public: {reason}")


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _endpoint(target: str) -> Endpoint:
    """`ip:port`, an IPv6 address in brackets. Raises ValueError."""
    ip, _, port = target.rpartition(":")
    address = ipaddress.ip_address(ip.strip("[]"))
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"not an address and port: {target!r}")
    return Endpoint(str(address), int(port))
