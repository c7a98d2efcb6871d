"""The console served: where it may listen, how much it holds open, how it ends."""

import contextlib
import gc
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from crawler.config.secrets import variable
from crawler.config.values import Config
from crawler.console.app import create
from crawler.console.connections import bounded
from crawler.console.door import Door
from crawler.errors import CannotError, UsageError
from crawler.pipeline.withhold import catch_up
from crawler.repository.database import Database

TOKEN = "GONGKAI_TOKEN"  # noqa: S105 - the variable's name
SHORTEST_TOKEN = 16
MOST_CONNECTIONS = 512
IDLE_S = 20  # a connection that says nothing, or no whole request, is closed
TAKEN_S = 30  # so is one whose answer is not taken
SPARE = 64  # connections above the most, while the idle ones among those are being closed


def serve(config: Config, host: str, port: int, *, ready: Callable[[str], None], version: str) -> None:
    """Answer until SIGTERM or SIGINT. `ready` is told the address. Raises UsageError for a public address without a token."""
    token = token_of(variable(TOKEN))
    check_bind(host, token)
    with opened(config, token) as door, contextlib.closing(_listening(host, port)) as listening:
        running = settings(create(door, version=version))
        settle_memory()
        name, bound = listening.getsockname()[:2]
        server = uvicorn.Server(running)
        with _ended_by_signals(server):
            ready(f"http://{f'[{name}]' if ':' in name else name}:{bound}/")
            server.run([listening])


def settle_memory() -> None:
    """What is there now stays: the collector need not look it through for every few answers that made many objects (85 ms each time)."""
    gc.collect()
    gc.freeze()


def settings(app: Any, *, most: int = MOST_CONNECTIONS, idle_s: float = IDLE_S, ending_s: int = 5) -> uvicorn.Config:
    """How an application is served, wherever it is."""
    return uvicorn.Config(
        app, http=bounded(most, idle_s, TAKEN_S), ws="none", log_config=None, access_log=False, server_header=False, date_header=True,
        timeout_keep_alive=int(idle_s), limit_concurrency=most + SPARE, h11_max_incomplete_event_size=32 << 10, timeout_graceful_shutdown=ending_s,
        lifespan="off", proxy_headers=False,
    )  # fmt: skip


@contextlib.contextmanager
def _ended_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """SIGTERM and SIGINT end it well, also before it listens to them itself; when it has ended it raises them once more, which ends nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def on(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, on) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def opened(config: Config, token: str | None) -> Iterator[Door]:
    """The door of a configuration. Raises RepositoryError when the database is not there or has another schema."""
    database = Database(config.storage.database)
    try:
        door = Door(config, database, token, config.serve.closed)
        door.check()
        catch_up(database, door.archive)
        yield door
    finally:
        database.close()


def token_of(given: str | None) -> str | None:
    """The token, None where there is none. Raises UsageError for one that can be guessed."""
    if not given:
        return None
    if len(given) < SHORTEST_TOKEN or not given.isprintable() or " " in given:
        raise UsageError(
            f"{TOKEN} is too short or has blanks",
            remedy=f"use {SHORTEST_TOKEN} characters or more: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return given


def check_bind(host: str, token: str | None) -> None:
    """Raises UsageError where others could ask and there is no token."""
    if token is None and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached from elsewhere, and there is no token",
            remedy=f"set {TOKEN} or {TOKEN}_FILE, or listen on 127.0.0.1",
        )


def is_loopback(host: str) -> bool:
    """Is this address the machine's own?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(256)
    except OSError as error:
        raise CannotError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", remedy="choose another port with --listen"
        ) from error
    return made
