"""`python -m crawler.cli.pulse [run|serve]`: does it work, and not just live? For whoever asks every few seconds: 0.05 CPU-s.

    run     a daemon of this archive whose loop turned and whose database took a transaction within the last beat and a half
    serve   the console answers at 127.0.0.1:8080, or at HOST:PORT that follows

A line on stdout says it; exit code 0, or 1. What it imports is held by a test: neither typer nor a database.
"""

import contextlib
import socket
import sys
from collections.abc import Sequence

from crawler.archive import alive
from crawler.config.storage import places_of
from crawler.errors import GongkaiError

LATE = 22.0  # seconds without a beat, which comes every 15: asked every 8 s, a stuck daemon is told within two beats
PATIENCE = 4.0
CONSOLE = "127.0.0.1:8080"


def daemon() -> tuple[bool, str]:
    """(is it well, what is to be said) of the daemon."""
    try:
        _, folder = places_of(None)
        since = alive.pulse(folder, "run")
    except (GongkaiError, OSError) as error:
        return False, str(error)
    if since is None:
        return False, f"no daemon works on {folder}"
    return since <= LATE, f"{'well' if since <= LATE else 'stuck'}: its last beat was {since:.0f} s ago"


def console(address: str) -> tuple[bool, str]:
    """The same of the console at an address."""
    host, _, port = address.rpartition(":")
    ask = f"GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as to:
            to.sendall(ask)
            status = to.recv(64).split(b" ", 2)[1:2]
    except (OSError, ValueError, OverflowError) as error:
        return False, f"{address} does not answer: {error}"
    return status == [b"200"], f"{address} answered {b''.join(status).decode('ascii', 'replace') or 'something else than HTTP'}"


def main(arguments: Sequence[str]) -> int:
    """Say how it is; the exit code."""
    if list(arguments[:1]) == ["serve"]:
        well, said = console(arguments[1] if len(arguments) > 1 else CONSOLE)
    else:
        well, said = daemon()
    with contextlib.suppress(OSError):
        sys.stdout.write(said + "\n")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
