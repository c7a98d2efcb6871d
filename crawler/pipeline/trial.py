"""Looking without keeping: a column's list page and a few of its notices, asked for as politely as in a crawl. Nothing is archived.

Peeker (robots.txt, one hop after the other, pauses) ─▶ a child reads ─▶ Trial (what was found) ─▶ draft (a source's file, as text)
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape

from crawler.config.values import Config, Source
from crawler.errors import CannotError
from crawler.model import GOOD, Exchange, Kind, Millis, Outcome, Page, PageKind, Request, RobotsSaid
from crawler.pipeline import columns
from crawler.pipeline.peek import Peeker
from crawler.pipeline.readers import Job, Readers
from crawler.record.reading import Reading, Row
from crawler.record.rules import ReadRules
from crawler.record.serial import record_of
from crawler.text import charset, urls
from crawler.text.beijing import beijing

HOPS = 5
SAMPLES = 3
MOST_HOSTS = 20
MARKS = (  # of list pages, on which no article shows what made it
    ("createPageHTML", "TRS WCM (its pager)"),
    ("dataproxy.jsp", "Hanweb (its data proxy)"),
    ("<datastore", "Hanweb (its records)"),
    ("common_list_", "UCAP (its page names)"),
    ("/gkmlpt/", "NFCMS (its catalogue)"),
    ("wp_paging", "Sudy WebPlus (its pager)"),
    ("_wp3services", "Sudy WebPlus (its services)"),
    ("/cms/www/", "/cms/www (Hebei's sites)"),
    ("/eportal/", "EasySite"),
    ("ucap", "UCAP"),
    ("UCAP", "UCAP"),
    ("NFCMS", "NFCMS"),
    ("vsb_", "Boda VSB"),
    ("_vsb", "Boda VSB"),
    ("vsbscreen", "Boda VSB"),
    ("TRS_", "TRS WCM"),
    ("datasource", "Xinhua multi-site (its keys)"),
)
TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
META = re.compile(r"<meta\s[^>]*>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""(name|content)\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
TAGS = re.compile(r"<[^>]+>")
SEPARATOR = re.compile(r"\s*(?:[-_|—–>›»]+|\s{2,})\s*")
DULL = frozenset({"www", "gov", "cn", "com", "org", "edu", "net", "index", "list", "default", "col", "html", "htm", "cms", "web"})
PIECE = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of asking for one address: the last hop, the decision of robots.txt, and the addresses on the way."""

    exchange: Exchange
    robots: RobotsSaid
    hops: tuple[str, ...] = ()
    behind: str = ""  # why nobody knows what robots.txt says, where nothing is asked for that reason

    @property
    def page(self) -> Page | None:
        """The page, when there is one."""
        return self.exchange.page if self.exchange.outcome in GOOD else None

    @property
    def said(self) -> str:
        """What came of it, in words."""
        status = f" ({self.exchange.status})" if self.exchange.status else ""
        said = f"{self.exchange.outcome}{status}{f': {self.exchange.detail}' if self.exchange.detail else ''}"
        return f"{said} ({self.behind})" if self.behind else said


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a list and what its page said. `reading` None: there was no page."""

    row: Row
    visit: Visit
    reading: Reading | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One list page and a few of its notices. `second`: what came of the next page, as far as it was asked for."""

    source: str
    visit: Visit
    reading: Reading | None
    encoding: str = ""
    platform: str = ""
    site: str = ""
    column: str = ""
    samples: tuple[Sample, ...] = ()
    second: str = ""
    delay_ms: Millis = 0
    hints: tuple[str, ...] = field(default_factory=tuple)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows found."""
        return self.reading.rows if self.reading else ()

    @property
    def read(self) -> int:
        """How many of the samples are notices."""
        return sum(1 for sample in self.samples if sample.reading is not None and sample.reading.notices)


# ------------------------------------------------------------------ asking
async def visit(peeker: Peeker, request: Request, kind: Kind) -> Visit:
    """One address and its redirects, robots.txt first. Raises CannotError when the site asks not to be visited now."""
    hops: list[str] = []
    while True:
        story = await peeker.look(request, kind)
        exchange = story.exchanges[-1] if story.exchanges else None
        if exchange is None or exchange.task.kind is not kind:
            said = exchange.outcome if exchange else "no answer"
            raise CannotError(f"robots.txt of {urls.origin(request.url)} must be waited for ({said})", remedy="try again later")
        robots = exchange.robots or RobotsSaid("allow")
        if exchange.outcome is not Outcome.REDIRECTED or exchange.location is None or len(hops) >= HOPS:
            silent = peeker.silent.get(urls.origin(request.url)) if exchange.outcome is Outcome.DISALLOWED else None
            return Visit(exchange, robots, tuple(hops), silent.detail if silent else "")
        hops.append(exchange.location)
        request = Request(exchange.location)


@dataclass(frozen=True, slots=True)
class Column:
    """What is tried: a source's name, the page its column begins with, and how its pages are read."""

    source: str
    start: Request
    rules: ReadRules


async def look(
    peeker: Peeker,
    readers: Readers,
    column: Column,
    watch: Callable[[str], None],
    *,
    second: bool,
) -> Trial:
    """One list page, up to three of its notices, and where `second` says so its next page. `watch` is told what is asked for."""
    source, start, rules = column.source, column.start, column.rules
    watch(start.url)
    first = await visit(peeker, start, Kind.LIST)
    delay = max(peeker.pacing.default_delay, int((first.robots.crawl_delay or 0) * 1000))
    page = first.page
    if page is None:
        return Trial(source, first, None, delay_ms=delay)
    reading = await asyncio.to_thread(readers.read, Job(page, Kind.LIST, rules, start.url, request=start))
    decoded = charset.decode(page.body, page.header("content-type"))
    samples = []
    for row in [row for row in reading.rows if row.reason is None][:SAMPLES]:
        watch(row.url)
        seen = await visit(peeker, Request(row.url), Kind.DETAIL)
        read = await asyncio.to_thread(readers.read, Job(seen.page, Kind.DETAIL, rules, row.url)) if seen.page else None
        samples.append(Sample(row, seen, read))
    following = await _second(peeker, readers, rules, reading, watch) if second else ""
    site, named = names(decoded.text)
    return Trial(
        source, first, reading, decoded.encoding, platform(decoded.text), site, named, tuple(samples), following, delay,
        hints(decoded.text, reading),
    )  # fmt: skip


async def _second(peeker: Peeker, readers: Readers, rules: ReadRules, first: Reading, watch: Callable[[str], None]) -> str:
    """What the next page shows, in words; empty when there is none."""
    following = first.next_list
    if following is None:
        return ""
    watch(following.url)
    then = await visit(peeker, following, Kind.LIST)
    if then.page is None:
        return f"page 2 could not be read: {then.said}"
    read = await asyncio.to_thread(readers.read, Job(then.page, Kind.LIST, rules, following.url, request=following))
    fresh = {row.url for row in read.rows} - {row.url for row in first.rows}
    return f"page 2 has {len(read.rows)} rows, {len(fresh)} of them new"


# ------------------------------------------------------------------ what a list page tells of itself
def platform(source: str) -> str:
    """What made the page, in words; empty when nothing shows it."""
    return next((name for mark, name in MARKS if mark in source), "")


def names(source: str) -> tuple[str, str]:
    """(site, column) as the page's metas name them, else from its title; empty where it names none."""
    metas: dict[str, str] = {}
    for tag in META.findall(source[:200_000]):
        said = {name.lower(): value for name, value in ATTRIBUTE.findall(tag)}
        if "name" in said and "content" in said:
            metas.setdefault(said["name"].lower(), _line(said["content"]))
    match = TITLE.search(source[:200_000])
    parts = [part for part in SEPARATOR.split(_line(match[1])) if part] if match else []
    site = metas.get("sitename") or (parts[-1] if len(parts) > 1 else "")
    column = metas.get("columnname") or (parts[0] if parts and parts[0] != site else "")
    return site, column


def _line(written: str) -> str:
    return " ".join(unescape(TAGS.sub(" ", written)).split())[:80]


def hints(source: str, reading: Reading) -> tuple[str, ...]:
    """What a person may try where no row was found, in words: what the page does instead of showing rows."""
    if reading.rows:
        return ()
    found = []
    kinds = {
        PageKind.SHELL: "the page is filled by script: a browser asks an API for its rows",
        PageKind.CHALLENGE: "the page is a challenge to browsers; no program of ours solves those",
        PageKind.LOGIN: "the page asks for a login",
        PageKind.ERROR: "the page says that there is none",
    }
    if reading.page_kind in kinds:
        found.append(kinds[reading.page_kind])
    apis = re.findall(
        r"""["']([^"'\s]{0,200}(?:dataproxy\.jsp|/api/|getList|queryList|search(?:\.do|/)|\.json)[^"'\s]{0,200})["']""", source
    )
    found += [f"its scripts name {address}: it may be the address of the rows" for address in dict.fromkeys(apis)][:5]
    links = len(re.findall(r"<a\s[^>]*href", source, re.IGNORECASE))
    found.append(
        f"{links} links stand on the page; none repeat in one place with titles" if links else "no link stands on the page"
    )
    return tuple(found)


# ------------------------------------------------------------------ drafting
def draft_id(url: str) -> str:
    """A source's id from its address: what tells in the host's name, and the last telling part of the path."""
    host = [piece for piece in PIECE.findall(urls.host(url).lower()) if piece not in DULL]
    path = [
        piece
        for part in re.split(r"[/?&=]", url.split("://", 1)[-1].partition("/")[2].lower())
        if (piece := "-".join(PIECE.findall(re.sub(r"\.\w{2,5}$", "", part)))) and piece not in DULL
    ]
    pieces = [*reversed(host), *path[-1:]] or ["source"]
    return re.sub(r"-+", "-", "-".join(pieces))[:60].strip("-")


def draft(trial: Trial, url: str, at: Millis, *, schema: str = "") -> str:
    """The text of a source's file, with comments: nothing in it that was not seen."""
    rows, reading = trial.rows, trial.reading
    title = " ".join(filter(None, (trial.site, trial.column))) or urls.host(url)
    pager = (reading.pager if reading else "") or "none"
    pages = f", {reading.total_pages} pages" if reading and reading.total_pages else ""
    total = f", {reading.total_rows} rows in all" if reading and reading.total_rows else ""
    notices = f"; {trial.read} of {len(trial.samples)} notices read" if trial.samples else ""
    day = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
    dated = sum(1 for row in rows if row.date)
    hosts = sorted({urls.host(row.url) for row in rows if row.reason is None and urls.is_http(row.url)} - columns.WALLED)[
        :MOST_HOSTS
    ]
    lines = [
        *([f"#:schema {schema}"] if schema else []),
        f"# Drafted by gongkai probe, {beijing(at)} (Beijing time). Look at it, at the site's robots.txt and at its terms, then turn it on.",
        f"title = {quoted(title)}",
        f"start = [{quoted(url)}]",
        "enabled = false",
        '# region = "110000"     # GB/T 2260',
        '# level = "county"      # central, province, city, county, town',
        f"verified = {quoted(f'probed {day}: {len(rows)} rows, {dated} dated, pager {pager}{pages}{total}{notices}')}",
        "",
        "[list]                   # auto: rows and pager are found by the page's structure",
        *(
            [
                f"hosts = [{', '.join(map(quoted, hosts))}]   # where its rows lead; beyond these and its own domain at most other_hosts a run"
            ]
            if hosts
            else []
        ),
        "# other_hosts = 20",
        '# rows = "ul.list > li"  # CSS; for JSON a path of keys',
        '# link = "a"',
        '# date = "span"',
        "",
        "[politeness]",
        f'delay = "{max(trial.delay_ms, 1000) / 1000:g}s"'
        + ("" if not trial.visit.robots.crawl_delay else "             # robots.txt asks for it"),
        "",
        "[expect]",
        f"rows = {max(1, len(rows) * 2 // 3)}                # of its first page; it has {len(rows)} today, fewer is suspect",
    ]
    return "\n".join(lines) + "\n"


def quoted(written: str) -> str:
    """A TOML string."""
    plain = "".join(char for char in written if ord(char) >= 32 and ord(char) != 127)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def known_under(config: Config, url: str) -> Source | None:
    """The source that starts at this address already."""
    key = urls.canonical(url)
    return next((s for s in config.sources.values() if any(urls.canonical(start.url) == key for start in s.start)), None)


def free_id(config: Config, wanted: str, taken: Callable[[str], bool]) -> str:
    """The wanted id, or with a number behind it when it is taken."""
    names: Mapping[str, Source] = config.sources
    found, number = wanted, 2
    while found in names or taken(found):
        found, number = f"{wanted}-{number}", number + 1
    return found


def confidence(reading: Reading) -> Sequence[tuple[str, float]]:
    """(field, share of right ones with such evidence) of a notice's fields that were measured."""
    if not reading.notices:
        return ()
    provenance = record_of(reading.notices[0]).provenance
    return [(name, witness.confidence) for name, witness in provenance.items() if witness.confidence is not None]
