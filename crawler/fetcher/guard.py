"""May we connect? One lookup, every answer must be public, and the checked addresses are the ones dialled.

No second lookup takes place between check and connect, so a name that answers differently the second time gains nothing; nothing is
remembered from one connection to the next either.
"""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[list[str]]]

# IANA IPv4 Special-Purpose Address Registry (RFC 6890, as of 2025-10), whole blocks: also those that are globally reachable but serve
# no web pages (AS112, AMT, TURN and PCP anycast). With multicast (RFC 5771) and the deprecated 6to4 relays (RFC 7526).
CLOSED_V4: Mapping[str, str] = {
    "0.0.0.0/8": "this host",
    "10.0.0.0/8": "private use",
    "100.64.0.0/10": "shared address space",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private use",
    "192.0.0.0/24": "IETF protocol assignments",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "AMT",
    "192.88.99.0/24": "6to4 relays",
    "192.168.0.0/16": "private use",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, and broadcast",
}
# In IPv6 only global unicast (RFC 4291, 2.4) is public, less the blocks of IANA's registry that lie inside it. That shuts out what
# carries an IPv4 address in another coat: mapped ::ffff:0:0/96, compatible ::/96, NAT64 64:ff9b::/96 and 64:ff9b:1::/48; 6to4 and
# Teredo lie inside.
OPEN_V6 = ipaddress.IPv6Network("2000::/3")
CLOSED_V6: Mapping[str, str] = {
    "2001::/23": "IETF protocol assignments, Teredo",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
}
_CLOSED: Mapping[int, tuple[tuple[Network, str], ...]] = {
    4: tuple((ipaddress.IPv4Network(block), name) for block, name in CLOSED_V4.items()),
    6: tuple((ipaddress.IPv6Network(block), name) for block, name in CLOSED_V6.items()),
}
MOST_LOOKUPS = 200  # threads; a lookup that hangs holds one until the system gives up


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to dial."""

    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What may be dialled, in this order; what the lookup answered; why it is allowed: public, allowed, configured."""

    endpoints: tuple[Endpoint, ...]
    answers: tuple[str, ...]
    decision: str


class Refused(Exception):
    """The guard refuses the host; the message names it and why, `answers` is what the lookup gave."""

    def __init__(self, message: str, answers: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.answers = answers


def why_closed(address: Address) -> str | None:
    """Why an address is not public, or None when it is."""
    if isinstance(address, ipaddress.IPv6Address) and address not in OPEN_V6:
        return f"{address} is outside {OPEN_V6}"
    found = next(((block, name) for block, name in _CLOSED[address.version] if address in block), None)
    return f"{address} is in {found[0]} ({found[1]})" if found else None


class SystemResolver:
    """The system's answers, in its order, each lookup in a thread of its own: a name whose servers are silent holds up nobody else.

    Questions for a name that is being looked up wait for that lookup. The threads are daemons, so that a process can end meanwhile.
    """

    def __init__(self, most: int = MOST_LOOKUPS) -> None:
        self.most = most
        self._asked: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        """Every address of the name. Raises OSError."""
        loop = asyncio.get_running_loop()
        asked = self._asked.get((host, port))
        if asked is None or asked.get_loop() is not loop:
            if len(self._asked) >= self.most:
                raise OSError(f"{host} was not looked up: {self.most} lookups are still unanswered")
            asked = self._asked[host, port] = loop.create_future()
            asked.add_done_callback(self._answered)
            threading.Thread(target=self._look, args=(host, port, asked, loop), name=f"lookup {host}", daemon=True).start()
        return await asyncio.shield(asked)

    def _answered(self, future: "asyncio.Future[list[str]]") -> None:
        self._asked = {question: held for question, held in self._asked.items() if held is not future}
        if not future.cancelled():
            future.exception()  # seen, also when whoever asked has gone

    @staticmethod
    def _look(host: str, port: int, future: "asyncio.Future[list[str]]", loop: asyncio.AbstractEventLoop) -> None:
        found: list[str] | OSError
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except OSError as error:
            found = OSError(f"{host} cannot be looked up: {error.strerror or error}")
        except UnicodeError as error:  # the codec of host names refuses what is no name
            found = OSError(f"{host!r} is no host name: {error}")

        def tell() -> None:
            if future.done():
                return
            if isinstance(found, OSError):
                future.set_exception(found)
            else:
                future.set_result(found)

        if not loop.is_closed():
            try:
                loop.call_soon_threadsafe(tell)
            except RuntimeError:  # it closed just now: nobody waits any more
                return


class Guard:
    """`allow`: hosts or networks that may be reached although they are not public. `connect`: host (or `*`) → `ip:port` to dial instead."""

    def __init__(
        self, allow: tuple[str, ...] = (), connect: Mapping[str, str] | None = None, resolver: Resolver | None = None
    ) -> None:
        self._resolver = resolver or SystemResolver()
        self._connect = {name: _endpoint(target) for name, target in (connect or {}).items()}
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for item in allow:
            try:
                self._networks.append(ipaddress.ip_network(item, strict=False))
            except ValueError:
                self._hosts.add(item.lower())

    async def check(self, host: str, port: int) -> Checked:
        """Where `host` may be dialled. Raises Refused, or OSError when the name has no address."""
        override = self._connect.get(host) or self._connect.get("*")
        if override:
            return Checked((override,), (), "configured")
        literal = _literal(host)
        answers = (str(literal),) if literal else tuple(await self._resolver(host, port))
        if not answers:
            raise OSError(f"{host} has no address")
        return Checked(tuple(Endpoint(answer, port) for answer in answers), answers, self._decide(host, answers))

    def check_named(self, host: str) -> None:
        """For a host that a proxy will look up: an address in its place must be public, and so must `localhost`. Raises Refused."""
        literal = _literal(host)
        if literal:
            self._decide(host, (str(literal),))
        elif host.lower().rstrip(".").rpartition(".")[2] == "localhost":
            self._decide(host, ("127.0.0.1",))

    def _decide(self, host: str, answers: tuple[str, ...]) -> str:
        if host.lower() in self._hosts:
            return "allowed"
        decision = "public"
        for answer in answers:
            address = ipaddress.ip_address(answer.partition("%")[0])
            reason = why_closed(address)
            if reason is None:
                continue
            if not any(address in network for network in self._networks if network.version == address.version):
                raise Refused(f"{host} is not public: {reason}", answers)
            decision = "allowed"
        return decision


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
