"""How many statements the steps take: as many for a hundred looks as for one. What grows with a batch is a query in a loop."""

import gzip
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crawler.config.load import load
from crawler.model import (
    Exchange,
    Kind,
    Original,
    Outcome,
    Page,
    PageKind,
    Request,
    Run,
    RunKind,
    Task,
    Validators,
    Wire,
    payload_digest,
)
from crawler.parsers.version import rules_version
from crawler.pipeline.line import Line
from crawler.record.content import Content, Piece, pack_pieces
from crawler.record.normalize import notice
from crawler.record.notice import Attachment, Draft, Notice
from crawler.record.reading import Reading, Row
from crawler.record.rules import ReadRules
from crawler.repository import schema as t
from crawler.repository.settle import Settled
from crawler.scheduler import process as house
from crawler.text import urls

BATCHES = (1, 32, 128)
HOSTS = 8
KEEP, SETTLE = 30, 40  # the most of one batch
APART = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")
AT = 1_700_000_000_000
RULES = "rules-1"
TODAY = rules_version(ReadRules())  # what the line's own readers would say
SETTINGS = '[operator]\nname = "Test"\ncontact = "mailto:test@example.org"\n'
SOURCE = 'title = "column"\nstart = ["http://h0.test/list.html"]\n'
DAY = 86_400_000
RUN = Run("column", RunKind.ONCE, AT)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is executed meanwhile, on any connection; an executemany is one."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.lstrip().upper().startswith(APART):
            found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


@pytest.fixture
def line(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The line of a process over an empty archive; it holds the queues of all hosts, and its run goes on."""
    (tmp_path / "config" / "sources").mkdir(parents=True)
    path = tmp_path / "config" / "gongkai.toml"
    path.write_text(SETTINGS, "utf-8")
    (tmp_path / "config" / "sources" / "column.toml").write_text(SOURCE, "utf-8")
    monkeypatch.setenv("GONGKAI_DATABASE", database_url)
    with house.open_line(load(path), "crawl", workers=1) as opened:
        queues = [
            {"name": f"h{number}.test", "leased_until": AT * 2, "owner": opened.owner, "fence": 1, "next_at": 0, "delay": 0}
            for number in range(HOSTS)
        ]
        with opened.database.write() as c:
            c.execute(t.queues.insert(), queues)
            _open_run(c)
        yield opened


def _open_run(c: sa.Connection) -> None:
    """A run that is never over: one address of it is not due for long."""
    run = t.runs.insert().values(source="column", kind=str(RUN.kind), slot=RUN.slot, started=AT).returning(t.runs.c.id)
    later = {
        "key": "later",
        "method": "GET",
        "url": "http://h0.test/later",
        "public_url": "",
        "queue": "h0.test",
        "kind": "detail",
        "source": "column",
    }
    address = t.urls.insert().values(**later).returning(t.urls.c.id)
    row = {
        "run": c.execute(run).scalar_one(),
        "url": c.execute(address).scalar_one(),
        "queue": "h0.test",
        "priority": 1,
        "due": 2 * AT,
    }
    c.execute(t.frontier.insert().values(**row))


FENCES = {f"h{number}.test": 1 for number in range(HOSTS)}


# ------------------------------------------------------------------ looks
def looked_at(numbers: Sequence[int], *, kind: Kind = Kind.DETAIL, visit: int = 0, edited: bool = False) -> list[Exchange]:
    """Pages that were answered, at a visit; `edited`: with other bytes than at the first."""
    return [_answered(number, kind, visit, f"page {number} {'edited' if edited else ''}".encode()) for number in numbers]


def _answered(number: int, kind: Kind, visit: int, body: bytes) -> Exchange:
    payload = gzip.compress(body, mtime=0)
    head = (
        b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: "1"\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n'
        % len(payload)
    )
    task, at = _task(number, kind), AT + visit * DAY + number
    headers = (
        ("Content-Type", "text/html"),
        ("ETag", '"1"'),
        ("Content-Encoding", "gzip"),
        ("Content-Length", str(len(payload))),
    )
    wire = Wire(b"GET / HTTP/1.1\r\n\r\n", head + payload, "192.0.2.1", "length", whole=True, head=len(head))
    page = Page(task.request.url, 200, headers, body, at)
    same = visit > 0 and task.last_digest == payload_digest(payload)
    return Exchange(task, Outcome.SAME_BYTES if same else Outcome.OK, at, 20, 200, wire, page, payload)


def not_modified(line: Line, numbers: Sequence[int], visit: int) -> list[Exchange]:
    """Pages whose server said that they are as they were."""
    held = sa.select(t.urls.c.key, t.captures.c.record, t.captures.c.at, t.captures.c.payload_digest).join(
        t.captures, t.captures.c.id == t.urls.c.last_capture
    )
    with line.database.read() as c:
        known = {row.key: Original(row.record, "", row.at, row.payload_digest) for row in c.execute(held)}
    found = []
    for number in numbers:
        head = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
        plain = _task(number, Kind.DETAIL)
        original = known[plain.key]
        task = Task(
            plain.key, plain.request, plain.public_url, plain.queue, plain.kind, plain.source, plain.run,
            validators=Validators('"1"', None, Original(original.record_id, plain.public_url, original.date, original.payload_digest)),
            last_digest=original.payload_digest,
        )  # fmt: skip
        wire = Wire(b"GET / HTTP/1.1\r\n\r\n", head, "192.0.2.1", "none", whole=True, head=len(head))
        at = AT + visit * DAY + number
        found.append(
            Exchange(task, Outcome.NOT_MODIFIED, at, 20, 304, wire, Page(task.request.url, 304, (("ETag", '"1"'),), b"", at))
        )
    return found


def _task(number: int, kind: Kind) -> Task:
    url = f"http://h{number % HOSTS}.test/{kind}/{number}.html"
    request = Request(url)
    return Task(urls.key(request), request, url, f"h{number % HOSTS}.test", kind, "column", RUN)


# ------------------------------------------------------------------ readings
def notice_of(number: int, word: str = "") -> Notice:
    """What a page says: a text of its own, long enough to be compared."""
    body = tuple(f"第{number}号文件{word}：为方便群众办事，自公布之日起延长窗口时间，第{line}条另行通知。" for line in range(4))
    draft = Draft(title=f"关于第{number}号事项的通知", published="2024-05-01", source="县政府办公室", body=body)
    return notice(draft, url=f"http://h.test/{number}", final_url=None, at=AT)


def as_linking(first: int) -> Callable[[int], Reading]:
    """Pages that hold a notice each, which links to a document."""

    def reading(place: int) -> Reading:
        number = first + place
        url = f"http://h{number % HOSTS}.test/attachment/{number}.html"
        draft = Draft(
            title=f"关于第{number}号", body=("附件印发给你们。",), attachments=(Attachment(url, "附件.pdf", "application/pdf"),)
        )
        made = notice(draft, url=f"http://h.test/{number}", final_url=None, at=AT)
        return Reading(TODAY, PageKind.NOTICE, notices=(made,))

    return reading


def as_file(word: str, first: int) -> Callable[[int], Reading]:
    """Documents that say this."""

    def reading(place: int) -> Reading:
        text = f"{word}{first + place}"
        packed = pack_pieces([Piece("page", "1", (text,))], (), text)
        digest = payload_digest(text.encode())
        return Reading(
            TODAY, PageKind.FILE, file=Content("application/pdf", 9, "pdf 1", 1, "", (), "a.pdf", "address", packed, digest)
        )

    return reading


def read(line: Line, reading: Callable[[int], Reading]) -> list[Settled]:
    """A reading for every capture that waits for one."""
    waiting = sa.select(t.readings.c.capture).where(t.readings.c.state == "pending").order_by(t.readings.c.capture)
    with line.database.read() as c:
        return [Settled(capture, reading(place)) for place, capture in enumerate(c.execute(waiting).scalars())]


def as_notice(word: str = "", first: int = 0) -> Callable[[int], Reading]:
    """Pages that hold one notice each."""
    return lambda place: Reading(RULES, PageKind.NOTICE, notices=(notice_of(first + place, word),))


def as_first_page(first: int) -> Callable[[int], Reading]:
    """Pages that hold the first half of a notice each, and say where the second is."""

    def reading(place: int) -> Reading:
        further = Request(f"http://h{(first + place) % HOSTS}.test/detail/{first + place}_2.html")
        return Reading(RULES, PageKind.NOTICE, notices=(notice_of(first + place),), continues=(further,))

    return reading


def as_list(rows: int, first: int = 0) -> Callable[[int], Reading]:
    """List pages of so many rows, with a next page each."""

    def reading(place: int) -> Reading:
        host = f"http://h{place % HOSTS}.test"
        listed = tuple(Row(f"{host}/rows/{first + place}/{row}.html", f"标题{row}", "2024-05-01") for row in range(rows))
        return Reading(RULES, PageKind.LIST, rows=listed, next_list=Request(f"{host}/list/{first + place}_1.html"), pager="named")

    return reading


# ------------------------------------------------------------------ counting
Step = Callable[[Line, Sequence[int], int], list[int]]


def new_pages(line: Line, numbers: Sequence[int], visit: int) -> list[int]:
    """Pages nobody knew: statements of keep and of settle."""
    return [_keep(line, looked_at(numbers)), _settle(line, as_notice(first=numbers[0]))]


def unchanged_pages(line: Line, numbers: Sequence[int], visit: int) -> list[int]:
    """Known pages that are as they were, by their server's word: statements of keep; there is nothing to read."""
    new_pages(line, numbers, visit)
    return [_keep(line, not_modified(line, numbers, visit + 1))]


def edited_pages(line: Line, numbers: Sequence[int], visit: int) -> list[int]:
    """Known pages with another text."""
    new_pages(line, numbers, visit)
    return [_keep(line, looked_at(numbers, visit=visit + 1, edited=True)), _settle(line, as_notice("（修订）", numbers[0]))]


def list_pages(line: Line, numbers: Sequence[int], visit: int) -> list[int]:
    """Pages of columns. Few rows, because a long list is asked for in parts."""
    return [_keep(line, looked_at(numbers, kind=Kind.LIST)), _settle(line, as_list(2, numbers[0]))]


def halves(line: Line, numbers: Sequence[int], visit: int) -> list[int]:
    """Notices that go on at another address."""
    return [_keep(line, looked_at(numbers)), _settle(line, as_first_page(numbers[0]))]


def attached(line: Line, numbers: Sequence[int], visit: int) -> list[int]:
    """Notices that link to a document each, which is read, and found swapped at the next visit; then the notices are as they were."""
    new = [_keep(line, looked_at(numbers)), _settle(line, as_linking(numbers[0]))]
    first = [_keep(line, looked_at(numbers, kind=Kind.ATTACHMENT)), _settle(line, as_file("甲", numbers[0]))]
    swapped = looked_at(numbers, kind=Kind.ATTACHMENT, visit=visit + 1, edited=True)
    second = [_keep(line, swapped), _settle(line, as_file("乙", numbers[0]))]
    gone = [
        _keep(line, [Exchange(_task(number, Kind.ATTACHMENT), Outcome.NOT_FOUND, AT + 9 * DAY, 20, 404) for number in numbers])
    ]
    return [
        _keep(line, not_modified(line, numbers, visit + 1)), max(new[1], first[1], second[1]), new[0], new[1], first[0], first[1],
        *second, *gone,
    ]  # fmt: skip


def failures(line: Line, numbers: Sequence[int], visit: int) -> list[int]:
    """Hosts that do not answer, pages that are not there."""
    outcomes = itertools.cycle((Outcome.TIMEOUT, Outcome.NETWORK_ERROR, Outcome.BUSY))
    tasks = [_task(number, Kind.DETAIL) for number in numbers]
    return [_keep(line, [Exchange(task, next(outcomes), AT, 20, detail="no answer") for task in tasks])]


def _keep(line: Line, exchanges: list[Exchange]) -> int:
    with statements() as found:
        line.keep(exchanges, FENCES)
    return len(found)


def _settle(line: Line, reading: Callable[[int], Reading]) -> int:
    items = read(line, reading)
    assert items
    with statements() as found:
        line.settle(items)
    assert read(line, reading) == []
    return len(found)


@pytest.mark.parametrize("step", [new_pages, unchanged_pages, edited_pages, list_pages, halves, attached, failures])
def test_a_batch_takes_as_many_statements_whatever_its_size(line: Line, step: Step) -> None:
    step(line, range(900, 902), 0)  # the first batch of a file tells it to the database
    first, counted = 1000, {}
    for size in BATCHES:
        counted[size] = step(line, range(first, first + size), 10 * size)
        first += size
    assert len({tuple(found) for found in counted.values()}) == 1, counted
    keeps, settles = ({size: found[place] for size, found in counted.items() if place < len(found)} for place in (0, 1))
    assert len(set(keeps.values())) == 1, keeps
    assert max(keeps.values()) <= KEEP
    assert len(set(settles.values())) <= 1, settles
    assert max(settles.values(), default=0) <= SETTLE
