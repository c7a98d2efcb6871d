"""What comes of hostile documents: `python -m tests.tools.hostile_files [PART OF A NAME]`.

Each is read in a child of its own kind of process, as the archive reads what notices link to: time, the most memory it had (resident, of
512 MiB of address space), result. Then documents that want something fetched, beside a server that counts who asks. Exit code 1 where one
has no named result, takes more than 20 seconds or 512 MiB, or anything was asked for.
"""

import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crawler.model import Kind, Page
from crawler.parsers.attached import outside
from crawler.parsers.attached.said import NoText, Reading
from crawler.parsers.protocol import File
from crawler.pipeline.readers import Job, Readers
from crawler.record.reading import Reading as PageReading
from crawler.record.rules import ReadRules
from tests.parsers.attached import hostile, made

SECONDS, MEMORY = 20.0, 512 << 20
SAMPLE = 0.02


def job(called: str, data: bytes) -> Job:
    """A document that a notice links to."""
    page = Page(f"http://a.test/{called}", 200, (("Content-Type", "application/octet-stream"),), data, 1_700_000_000_000)
    return Job(page, Kind.ATTACHMENT, ReadRules(), page.url, file=File(called))


def told(reading: PageReading) -> str:
    """What is known of a document that was read, or was not."""
    return " | ".join(filter(None, (reading.error or "", reading.evidence, *(reading.file.flags if reading.file else ()))))


class Peak:
    """The most resident memory that a reader's processes have had, looked at again and again."""

    def __init__(self, readers: Readers) -> None:
        self.readers, self.most, self._over = readers, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def take(self) -> int:
        """The most since the last time, in bytes."""
        most, self.most = self.most, 0
        return most

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE):
            for child in self.readers._children:
                if child.process is not None:
                    self.most = max(self.most, resident(child.process.pid))


def resident(pid: int) -> int:
    """A process's resident memory in bytes, none where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * 4096
    except (OSError, ValueError, IndexError):
        return 0


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """(an address at which somebody listens, what was asked there)."""
    asked: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked.append(self.request.recv(200))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def table(wanted: str) -> int:
    """How many of the hostile ones are not as they should be."""
    wrong = shown = 0
    with Readers(1, deadline=SECONDS, memory=MEMORY) as readers, Peak(readers) as peak:
        for name, (called, make, said) in hostile.FILES.items():
            if wanted not in name:
                continue
            data = make()
            readers.read(job("a.txt", b"abc"))  # a child is there, and is not what is measured
            peak.take()
            begin = time.monotonic()
            result = told(readers.read(job(called, data)))
            spent, most = time.monotonic() - begin, peak.take()
            named = said in result or any(mark in result for mark in ("deadline", "memory", "crash"))
            bad = not named or spent > SECONDS + 1 or most > MEMORY
            wrong, shown = wrong + bad, shown + 1
            print(
                f"{'BAD ' if bad else '    '}{spent:6.2f} s {most >> 20:4} MiB {len(data):10} bytes  {name:48} {result[:110]}",
                flush=True,
            )
    print(f"{shown} files, {wrong} not as they should be")
    return wrong


def asking() -> int:
    """How many requests documents made that want something fetched."""
    with listening() as (address, asked), Readers(1, deadline=SECONDS, memory=MEMORY) as readers:
        for name, (called, data) in hostile.calling(address).items():
            print(f"    {name:32} {told(readers.read(job(called, data)))[:120]}", flush=True)
        if outside.office():
            page = f'<html><body>正文<img src="{address}/by-an-office"></body></html>'
            try:
                print(
                    f"    {'HTML by LibreOffice':32} {len(outside.converted(page.encode(), 'html', 'odt', Reading()))} bytes of ODT"
                )
            except NoText as error:
                print(f"    {'HTML by LibreOffice':32} {error}")
        print(f"{len(asked)} requests")
        return len(asked)


def main() -> int:
    """Both tables."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    assert made.LINES
    return 1 if table(wanted) + asking() else 0


if __name__ == "__main__":
    sys.exit(main())
