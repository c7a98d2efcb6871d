"""What `parse` reads: saved pages with their manifest, standard input, WARC files of ours and of others."""

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crawler.archive import foreign
from crawler.archive.reader import open_page
from crawler.archive.recover import walk
from crawler.errors import ArchiveError, DamagedRecord, UsageError
from crawler.model import ABOUT_THE_SITE, Capture, Kept, Kind, Outcome, Page
from crawler.text import urls

UNFIT = re.compile(r"[^A-Za-z0-9.-]+")
WARC = (".warc.gz", ".warc.gz.open", ".warc")
GOOD = (Outcome.OK, Outcome.SAME_BYTES)


@dataclass(frozen=True, slots=True)
class Item:
    """One page to be read: the name it is printed under, the page, its public address if it is known, further pages of its record."""

    name: str
    page: Page
    url: str | None
    more: tuple[tuple[str, Page], ...] = ()


def addresses(path: Path) -> dict[str, str]:
    """File (as written, and its base name) → page address. Raises UsageError naming the line."""
    found: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the manifest {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            file, address = entry["file"], entry.get("page_url")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}:{number}: no JSON object with file and page_url: {error}") from error
        if address:
            found.setdefault(str(file), address)
            found.setdefault(os.path.basename(str(file)), address)  # noqa: PTH119 - a name in a list, not a path of this system
    return found


def items(files: list[str], known: Mapping[str, str], problems: list[str]) -> Iterator[Item]:
    """The pages of these files, in order; `problems` receives what cannot be read."""
    for name in files:
        try:
            if name.endswith(WARC):
                yield from _from_warc(Path(name), problems)
                continue
            body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            problems.append(f"cannot read {name}: {error.strerror or error}")
            continue
        address = known.get(name) or known.get(Path(name).name)
        page = Page(address or _nowhere(name), 200, (), body, int(time.time() * 1000))
        yield Item(name, page, address)


def _nowhere(name: str) -> str:
    """An address for a page that has none, so that its links can be told: a host that cannot exist (RFC 2606)."""
    host = UNFIT.sub("-", Path(name).name).strip("-.").lower()[:60]
    address = f"http://{host or 'stdin'}.invalid/"
    return address if urls.is_http(address) else "http://page.invalid/"


def _from_warc(path: Path, problems: list[str]) -> Iterator[Item]:
    """The pages of a WARC file: of ours what was looked at as a page, of others every answer. What is damaged is named, and the rest read."""
    ours = False
    try:
        for item in _own(path, problems):
            ours = True
            yield item
        if ours:
            return
        for found in foreign.pages(path):
            if found.page is None:
                problems.append(f"{path}, record {found.number}: {found.trouble}")
            else:
                yield Item(f"{path.name}:{found.number}", found.page, found.url)
    except ArchiveError as error:
        problems.append(str(error))


def _own(path: Path, problems: list[str]) -> Iterator[Item]:
    """The pages of a file of ours, each with the further pages its run looked at; a revisit is read through its original in the same file."""
    held: dict[str, Capture] = {}
    pieces: dict[tuple[str, int, str], list[Kept]] = {}
    looks = []
    for look in walk(path):
        if look.capture is None or look.task.kind in ABOUT_THE_SITE:
            continue
        if look.capture.type == "response":
            held[look.capture.record_id] = look.capture
        if look.task.kind is Kind.CONTINUATION:
            pieces.setdefault((look.task.source, look.task.run.slot, look.task.via or ""), []).append(look)
        elif look.outcome in GOOD:
            looks.append(look)

    def page(look: Kept) -> Page | None:
        assert look.capture is not None
        original = held.get(look.capture.original.record_id) if look.capture.original else None
        try:
            return open_page(path.parent, look.capture, original)
        except DamagedRecord as error:
            problems.append(f"{path} at {look.capture.offset}: {error}")
            return None

    for look in looks:
        assert look.capture is not None
        read = page(look)
        found = pieces.get((look.task.source, look.task.run.slot, look.task.key), [])
        more = tuple((piece.task.key, there) for piece in found if piece.outcome in GOOD and (there := page(piece)) is not None)
        if read is not None:
            yield Item(f"{path.name}:{look.capture.offset}", read, look.task.public_url, more)
