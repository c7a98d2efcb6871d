"""The reading process: `python -m crawler.parsers.child`. Batches of pages in on stdin, a reading for each out on stdout, until stdin ends.

It may be killed at any moment. Whatever a page does to it, it answers or dies; it holds nothing that anybody needs.
"""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

if __name__ == "__main__":
    gc.disable()  # a seventh of the start is looking for garbage among what is imported

from crawler.errors import UnreadablePage
from crawler.parsers import protocol
from crawler.parsers.files import what_file
from crawler.parsers.page import Asked, read
from crawler.parsers.version import rules_version
from crawler.record.reading import Reading

LONGEST_BATCH = 256 << 20


DOCUMENT_MEMORY = 512 << 20  # bytes of address space while a document is read: what it unpacks to is its author's choice


def limit_memory(bytes_: int) -> None:
    """An address space limit where the system has one. The hard limit stays as it is: an office that is started to convert a document
    needs another (`attached/outside`)."""
    if sys.platform == "win32" or bytes_ <= 0:
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (bytes_, resource.getrlimit(resource.RLIMIT_AS)[1]))


@contextmanager
def room_for(job: protocol.Job) -> Iterator[None]:
    """A document has less memory than a page."""
    if sys.platform == "win32" or (job.file is None and what_file(job.page) is None):
        yield
        return
    import resource

    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    if before == resource.RLIM_INFINITY or before > DOCUMENT_MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (DOCUMENT_MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def settle_in() -> None:
    """What was imported is never garbage, and a page makes no cycles: the collector need not look while pages are read."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 100)


def _read(job: protocol.Job) -> Reading:
    if job.file is None:
        return read(job.page, job.kind, job.rules, job.public_url, Asked(job.request, job.like), dict(job.more))
    from crawler.parsers.served import read_served  # few jobs are documents

    return read_served(job.page, job.file.name, job.file.limits, rules_version(job.rules))


def answer(job: protocol.Job) -> tuple[dict[str, Any], list[bytes]]:
    """The reading of one job, or why there is none: an error here is an outcome of the page."""
    try:
        with room_for(job):
            reading = _read(job)
            return protocol.reading_header(reading), protocol.reading_bodies(reading)
    except MemoryError:
        return {"failed": "memory"}, []
    except UnreadablePage as error:
        return {"failed": str(error)[:500]}, []
    except Exception as error:  # noqa: BLE001 - any error a page provokes is that page's outcome, told to the parent
        return {"failed": f"{type(error).__name__}: {error}"[:500]}, []


def serve(incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Answer batches of jobs, each job by itself, until there are no more."""
    while (message := protocol.read(incoming, LONGEST_BATCH)) is not None:
        for job in protocol.jobs_of(*message):
            header, bodies = answer(job)
            protocol.write(outgoing, header, *bodies)


def main() -> None:
    """The process's entry. Stray prints go to stderr; Ctrl-C is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outgoing = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settle_in()
    limit_memory(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    protocol.write(outgoing, {"ready": os.getpid()})  # a page's deadline begins when there is somebody to read it
    serve(sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main()
