"""Does an audit find every cut and every changed byte of a file? All of them, of a file of twenty records: `python tests/tools/audit_bytes.py`.

`closed`: length and SHA-256 of the file are known; otherwise its records alone must tell.
"""

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from crawler.archive.members import members
from crawler.archive.writer import Archive, FileInfo, describe
from crawler.model import Exchange, Kind, Outcome, Page, Request, Run, RunKind, Task, Wire
from crawler.pipeline.audit import examine
from crawler.repository.evidence import FileRow


@dataclass(slots=True)
class Score:
    """How many were tried, how many changed nothing that a record says, which were missed."""

    tried: int = 0
    harmless: int = 0
    missed: list[int] = field(default_factory=list)


def archive_of_twenty(folder: Path) -> tuple[Path, list[int]]:
    """A closed file of twenty records (six looks and what says who made it), and where its looks end."""
    archive = Archive(folder, owner="test", info={"software": "test"})
    ends = []
    for number in range(6):
        url = f"http://a.test/{number}"
        task = Task(f"GET {url}", Request(url), url, "a.test", Kind.DETAIL, "demo", Run("demo", RunKind.ONCE, 5))
        body = f"<p>正文 {number}</p>".encode() * 9
        block = "HTTP/1.1 200 好的\r\n\r\n".encode() if number == 5 else b"HTTP/1.1 200 OK\r\n\r\n"
        wire = Wire(b"GET / HTTP/1.1\r\n\r\n", block + body, "192.0.2.1", "close", whole=True, head=len(block))
        ends.append(archive.append(Exchange(task, Outcome.OK, 1, 1, 200, wire, Page(url, 200, (), body, 1), body)).end)
    archive.close()
    (path,) = folder.glob("*.warc.gz")
    return path, ends


def _row(info: FileInfo, *, closed: bool) -> FileRow:
    return FileRow(info.name, closed, info.bytes, info.bytes, info.sha256, None)


def cuts(path: Path, info: FileInfo, *, closed: bool, step: int = 1) -> Score:
    """Cut the file behind every byte."""
    data, score = path.read_bytes(), Score()
    for cut in range(0, len(data), step):
        path.write_bytes(data[:cut])
        score.tried += 1
        if not examine(path.parent, _row(info, closed=closed)).troubles:
            score.missed.append(cut)
    path.write_bytes(data)
    return score


def flips(path: Path, info: FileInfo, *, closed: bool, step: int = 1) -> Score:
    """Change one bit of every byte. What is left the same, record by record, need not be found without the file's digest."""
    data, score, before = path.read_bytes(), Score(), _records(path)
    for at in range(0, len(data), step):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        path.write_bytes(changed)
        score.tried += 1
        if not examine(path.parent, _row(info, closed=closed)).troubles:
            if not closed and _records(path) == before:
                score.harmless += 1
            else:
                score.missed.append(at)
    path.write_bytes(data)
    return score


def _records(path: Path) -> list[object]:
    with path.open("rb") as file:
        return [(member.offset, member.end, member.record) for member in members(file, 0)]


def main() -> int:
    """Try all; 1 when one was missed."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        path, _ = archive_of_twenty(Path(folder))
        info = describe(path)
        for closed in (True, False):
            for what in (cuts, flips):
                score = what(path, info, closed=closed)
                missed += len(score.missed)
                known = "digest known" if closed else "records alone"
                sys.stdout.write(
                    f"{what.__name__}, {known}: {score.tried} tried, {score.harmless} harmless, {len(score.missed)} missed\n"
                )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
