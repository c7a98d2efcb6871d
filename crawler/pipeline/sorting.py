"""What lies in somebody's files, before any of it is told: every capture's place, what is no page and why it is left out, what revisits stand for.

Nothing is held but places: the bytes are read again when their look is told.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from crawler.archive.groups import Group, groups, is_ours
from crawler.archive.members import Damage
from crawler.archive.opened import Opened, as_members, lay_open, with_members
from crawler.archive.record import warc_date
from crawler.archive.saved import read_saved
from crawler.archive.walking import Raw, records
from crawler.errors import ArchiveError
from crawler.model import Millis, payload_digest
from crawler.pipeline import brought
from crawler.pipeline.brought import Origin
from crawler.text import urls

AHEAD: Millis = 86_400_000  # how far a clock may have been ahead
ANSWERS = ("response", "resource", "revisit")
REFERS = ("warc-refers-to", "warc-refers-to-target-uri", "warc-refers-to-date")


@dataclass(slots=True)
class Entry:
    """A capture's place: `file` by number, `offset`; `group` of our own; `saved`: the page's own time or its file's is `at`."""

    file: int
    offset: int
    number: int
    at: Millis
    url: str = ""
    type: str = ""
    status: int = 0
    size: int = 0
    known_as: str = ""
    sent: tuple[int, int] | None = None  # file and offset of its request
    original: "Entry | None" = None
    refers: tuple[str, str, str, str] | None = None  # id, address, date, digest of what a revisit stands for
    group: Group | None = None

    @property
    def order(self) -> tuple[Millis, int, int]:
        """As it happened."""
        return self.at, self.file, self.number


@dataclass(slots=True)
class Sorted:
    """All captures of some files. `left_out`: why → how many; `problems`: what could not be read, with its place."""

    entries: list[Entry] = field(default_factory=list)
    files: list[Opened] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    saved: dict[int, bytes] = field(default_factory=dict)


def sort_out(named: Iterable[Path], folder: Path, now: Millis, watch: Callable[[str], None] = lambda _: None) -> Sorted:
    """Every capture of these files, in the order of their times. `folder`: room for what must be unpacked; `watch` hears each file's name."""
    found = Sorted()
    originals = _Originals()
    for held in lay_open(named, folder, found.problems, found.left_out):
        watch(held.name)
        if held.is_page:
            _page(found, held)
        elif is_ours(held.path):
            _ours(found, as_members(held, folder))
        else:
            _theirs(found, held, folder, originals)
    originals.resolve()
    early = [entry for entry in found.entries if 0 < entry.at <= now + AHEAD]
    found.left_out["no time"] += sum(not entry.at for entry in found.entries)
    found.left_out["a time to come"] += sum(entry.at > now + AHEAD for entry in found.entries)
    found.entries = sorted(early, key=lambda entry: entry.order)
    return found


# ------------------------------------------------------------------ ours
def _ours(found: Sorted, held: Opened) -> None:
    number, lost = _add_file(found, held, Origin(held.name, held.sha256)), list[Damage]()
    for count, group in enumerate(groups(held.path, held.name.rpartition("/")[2], lost), 1):
        found.entries.append(Entry(number, group.start, count, group.look.at, group.look.task.request.url, "look", group=group))
    found.problems += [f"damaged: {damage}" for damage in lost]


def _add_file(found: Sorted, held: Opened, origin: Origin) -> int:
    found.files.append(held)
    found.origins.append(origin)
    return len(found.files) - 1


# ------------------------------------------------------------------ theirs
def _theirs(found: Sorted, held: Opened, folder: Path, originals: "_Originals") -> None:
    """The captures of a file that anybody wrote. Damage ends it: what stood before is taken."""
    for tries in (1, 2):
        number, before = _add_file(found, held, Origin(held.name, held.sha256)), len(found.entries)
        counted, asked = Counter[str](), _Asked()
        try:
            for raw in records(held.path):
                if raw.offset is None and tries == 1:
                    break
                _record(found, number, raw, asked, counted)
            else:
                tries = 2
        except ArchiveError as error:
            found.problems.append(str(error).replace(str(held.path), held.name))
            tries = 2
        if tries == 2:
            break
        del found.entries[before:]  # several records in one gzip member: each is to have a place of its own
        held = with_members(held, folder)
    found.left_out += counted
    asked.resolve()
    for entry in found.entries[before:]:
        originals.add(entry)


def _record(found: Sorted, number: int, raw: Raw, asked: "_Asked", counted: Counter[str]) -> None:
    if raw.type == "warcinfo":
        found.origins[number] = replace(found.origins[number], made=brought.made_by(raw))
    elif raw.type == "request" and raw.offset is not None:
        asked.requests |= dict.fromkeys(_names(raw), (number, raw.offset))
    elif why := _why_not(raw):
        counted[why] += 1
    else:
        assert raw.offset is not None
        head = brought.head_of(raw)
        status, known_as = head.status if head else 0, brought.identity(raw)
        entry = Entry(number, raw.offset, raw.number, raw.at, raw.url, raw.type, status, len(raw.block), known_as)
        asked.answers.append((entry, _names(raw)))
        if raw.type == "revisit":
            record, url, date = (raw.headers.get(name, "") for name in REFERS)
            entry.refers = record, url.strip("<>"), date, _digest(raw)
        else:
            entry.refers = raw.headers.get("warc-record-id", ""), raw.url, raw.headers.get("warc-date", ""), _digest(raw)
        found.entries.append(entry)


@dataclass(slots=True)
class _Asked:
    """Which request belongs to which answer of a file: either may name the other, and stand before it."""

    requests: dict[str, tuple[int, int]] = field(default_factory=dict)
    answers: list[tuple[Entry, list[str]]] = field(default_factory=list)

    def resolve(self) -> None:
        """Give each answer its request."""
        for entry, names in self.answers:
            entry.sent = next((self.requests[name] for name in names if name in self.requests), None)


def _names(raw: Raw) -> list[str]:
    return [name for name in (raw.headers.get("warc-record-id", ""), *raw.headers.get("warc-concurrent-to", "").split()) if name]


def _digest(raw: Raw) -> str:
    return raw.headers.get("warc-payload-digest", "").lower()


def _why_not(raw: Raw) -> str:
    """Why a record is not told; empty: it is."""
    if raw.type not in ANSWERS:
        return f"a record of the type {raw.type or 'none'}"
    if not urls.is_http(raw.url):
        return f"no web address: {raw.url.partition(':')[0][:20]}:"
    if len(raw.url) > urls.LONGEST:
        return f"an address over {urls.LONGEST} characters"
    if raw.left_out:
        return "a record too long to be read"
    if raw.headers.get("warc-segment-number"):
        return "a record in segments"
    if urls.path(raw.url) == "/robots.txt":
        return "robots.txt"
    head = brought.head_of(raw)
    if head is None:
        return "" if raw.type == "revisit" else "no HTTP answer in it"
    if head.status == 304 and raw.type == "response":
        return "a 304 that does not say what it confirms"
    furniture = brought.furniture(raw.url, head)
    return f"no page: {furniture}" if furniture else ""


# ------------------------------------------------------------------ saved pages
def _page(found: Sorted, held: Opened) -> None:
    """A page that somebody saved. Its time is what it says itself, else its file's."""
    data = held.path.read_bytes()
    page = read_saved(data)
    if page.url is None:
        found.left_out["a saved page that does not say its address"] += 1
        return
    at = page.at or held.path.stat().st_mtime_ns // 1_000_000
    number = _add_file(found, held, Origin(held.name, held.sha256, {"software": page.told_by} if page.told_by else {}))
    entry = Entry(number, 0, 1, at, page.url, "saved", 200)
    entry.known_as = brought.identity(saved_record(held.path, entry))
    found.entries.append(entry)


def saved_record(path: Path, entry: Entry) -> Raw:
    """A saved page as a resource record."""
    page = read_saved(path.read_bytes())
    kind = page.type or ("text/html" if b"<" in page.body[:4096] else "application/octet-stream")
    headers = {
        "warc-type": "resource",
        "warc-target-uri": entry.url,
        "warc-date": warc_date(entry.at),
        "content-type": kind,
        "warc-payload-digest": payload_digest(page.body),
    }
    return Raw(1, 0, headers, page.body)


# ------------------------------------------------------------------ revisits
class _Originals:
    """Which answer a revisit stands for: by record id, by address and time, by digest at its own address, by digest."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, ...], Entry] = {}
        self._revisits: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """An answer, or a revisit."""
        assert entry.refers is not None
        record, url, date, digest = entry.refers
        if entry.type == "revisit":
            self._revisits.append(entry)
            return
        for key in (("id", record), ("at", url, date[:19]), ("own", url, digest), ("digest", digest)):
            if key[-1]:
                self._by.setdefault(key, entry)

    def resolve(self) -> None:
        """Give each revisit its answer, where these files have it."""
        for entry in self._revisits:
            assert entry.refers is not None
            record, url, date, digest = entry.refers
            keys = (("id", record), ("at", url or entry.url, date[:19]), ("own", entry.url, digest), ("digest", digest))
            entry.original = next((self._by[key] for key in keys if key[-1] and key in self._by), None)
