"""`probe` and `try`: look at a column without keeping anything; draft its source file, or save fixtures of it."""

import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import guarded, output, words
from crawler.cli.options import Json
from crawler.cli.settings import configured
from crawler.config.choose import chosen
from crawler.config.fixtures import Saved, save
from crawler.config.load import SOURCE_ID
from crawler.config.values import Config, Source
from crawler.errors import CannotError, UsageError
from crawler.fetcher.fetcher import Fetcher
from crawler.model import Kind, Request
from crawler.pipeline import trial
from crawler.pipeline.peek import Peeker
from crawler.pipeline.readers import Job, Readers
from crawler.pipeline.trial import Sample, Trial
from crawler.politeness.worker import Pacing
from crawler.record.reading import Row
from crawler.record.rules import ReadRules
from crawler.record.serial import as_json, record_of
from crawler.scheduler import process as house
from crawler.text import urls

ROWS_SHOWN = 10
SCHEMA = Path("docs") / "source.schema.json"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("probe")(probe)
    app.command("try")(try_)


def probe(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of a column's list page.")],
    name: Annotated[str | None, typer.Option("--id", metavar="ID", help="The source's id; default: from the address.")] = None,
    dry: Annotated[bool, typer.Option("--print", help="Print the draft instead of writing it.")] = False,
    as_json: Json = False,
) -> None:
    """Look at a column and draft its source file. Six requests at most, and one for each redirect and for robots.txt of each further host; nothing is archived.

    Example: gongkai probe https://www.example.gov.cn/zwgk/tzgg/
    """
    if not urls.is_http(url):
        raise UsageError(f"{url!r} is no http or https address", remedy="give the whole address, scheme included")
    if name is not None and not SOURCE_ID.fullmatch(name):
        raise UsageError(f"{name!r} is no id of a source", remedy="small letters, digits and hyphens only")
    config = configured(context)
    known = trial.known_under(config, url)
    wanted = name or trial.draft_id(url)
    found = _look(config, wanted, Request(url), ReadRules(), None, second=True)
    if as_json:
        output.json_line(_as_json(found, url))
    else:
        _tell(found)
    if not found.rows:
        if not as_json:
            _account(found)
        raise typer.Exit(1)
    if known is not None:
        output.note(f"this column is source {known.id} already: gongkai try {known.id}")
        return
    id_ = _free_id(config, wanted, named=name is not None)
    text = _drafted(config, found, url)
    if dry or as_json:
        if not as_json:
            output.say()
            output.say(text.rstrip())
        return
    _write(config, id_, text)


def try_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="A configured source, turned on or not.")],
    keep: Annotated[
        bool, typer.Option("--save", help="Save the pages and what was read from them as the source's fixture.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where fixtures lie; default tests/sources.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Read one list page and three notices of a source; nothing is archived.

    Example: gongkai try demo --save
    """
    config = configured(context)
    (source,) = chosen(config, [name])
    if not source.start:
        raise UsageError(
            f"{source.id} has no list, only single pages", remedy=f"gongkai fetch {source.pages[0].url} looks at one"
        )
    found = _look(config, source.id, source.start[0], source.read, source, second=False)
    if as_json:
        output.json_line(_as_json(found, source.start[0].url))
    else:
        _tell(found)
        _table(found)
    if keep and found.visit.page is not None:
        _save(found, source, (to or config.root / "tests" / "sources") / source.id)
    if not found.rows:
        if not as_json:
            _account(found)
        raise typer.Exit(1)
    if found.read < len(found.samples):
        raise typer.Exit(1)


def _look(config: Config, name: str, start: Request, rules: ReadRules, source: Source | None, *, second: bool) -> Trial:
    network, own = config.network, source.politeness.delay_ms if source else None

    async def go() -> Trial:
        fetcher = Fetcher(replace(house.fetch_settings(config), spool=None))
        pacing = Pacing({}, network.delay_ms if own is None else own, network.deadline_ms / 1000, house.AGENT)
        try:
            with Readers(1) as readers:
                return await trial.look(
                    Peeker(fetcher, pacing, name), readers, trial.Column(name, start, rules), _watch, second=second
                )
        finally:
            await fetcher.aclose()

    return asyncio.run(go())


def _watch(url: str) -> None:
    if sys.stderr.isatty():
        output.err().print(words.said(f"  asking {output.safe(url)}"), style="dim", markup=False)


# ------------------------------------------------------------------ what is shown
def _fact(label: str, value: str, style: str = "") -> None:
    first, *rest = output.folded(output.safe(words.said(value)).replace("\n", " "), output.width() - 12) or [""]
    output.say(f"{output.fit(words.said(label), 12)}{first}", style)
    for line in rest:
        output.say(f"{' ' * 12}{line}", style)


def _tell(found: Trial) -> None:
    exchange, reading = found.visit.exchange, found.reading
    output.say(output.safe(exchange.task.request.url), "bold")
    for hop in found.visit.hops:
        _fact("redirected", hop)
    said = found.visit.robots
    asks = f", asks for {said.crawl_delay:g} s between requests" if said.crawl_delay else ""
    _fact("robots.txt", f"{said.decision}{f' ({said.line})' if said.line else ''}{asks}")
    _fact("answer", f"{found.visit.said}, {exchange.ms} ms" if exchange.ms else found.visit.said)
    if reading is None:
        return
    body = len(exchange.page.body) if exchange.page else 0
    _fact("page", " · ".join(filter(None, (found.platform or "unknown platform", found.encoding, output.size(body)))))
    if found.site or found.column:
        _fact("names", " · ".join(filter(None, (found.site, found.column))))
    dated = sum(1 for row in found.rows if row.date)
    left = sum(1 for row in found.rows if row.reason)
    _fact("rows", f"{len(found.rows)}, {dated} with a date" + (f", {left} not to be followed" if left else ""))
    pages = f", {reading.total_pages} pages" if reading.total_pages else ""
    total = f", {reading.total_rows} rows in all" if reading.total_rows else ""
    _fact("pager", f"{reading.pager or 'none'}{pages}{total}")
    if reading.next_list is not None:
        body_said = f"  {reading.next_list.body.decode('utf-8', 'replace')[:60]}" if reading.next_list.body else ""
        _fact("next page", f"{reading.next_list.method} {reading.next_list.url}{body_said}")
    if found.second:
        _fact("", found.second)
    _fact("politeness", f"one request at a time, {found.delay_ms / 1000:g} s after every answer")
    for number, sample in enumerate(found.samples, 1):
        _tell_sample(number, sample)


def _tell_sample(number: int, sample: Sample) -> None:
    output.say()
    output.say(f"{number}  {output.fit(sample.row.date or '-', 10)}  {sample.row.title}", "bold")
    reading = sample.reading
    if reading is None:
        _fact("", sample.visit.said, "dim")
        return
    if not reading.notices:
        why = reading.error or reading.evidence
        _fact("", f"no notice: {reading.page_kind}{f' ({why})' if why else ''}", "dim")
        return
    record = record_of(reading.notices[0])
    sure = dict(trial.confidence(reading))
    for label, name, value in (
        ("标题", "title", record.title),
        ("时间", "published", record.published),
        ("来源", "source", record.source),
        ("栏目", "channel", record.channel),
    ):
        _sure(label, value or "-", sure.get(name))
    text = "".join(record.body)
    _sure("正文", f"{len(text)} characters in {len(record.body)} paragraphs: {text[:40]}…" if text else "-", sure.get("body"))
    if record.meta:
        _fact("   公开信息", ", ".join(record.meta))
    if record.attachments:
        _fact("   附件", str(len(record.attachments)))
    if len(reading.notices) > 1:
        _fact("", f"and {len(reading.notices) - 1} more notices on the same page")
    if reading.continues:
        _fact("", f"continues on {len(reading.continues)} further pages, which a crawl reads")


def _sure(label: str, value: str, sure: float | None) -> None:
    mark = f"{sure:>4.0%} " if sure is not None else "     "
    first, *rest = output.folded(output.safe(words.said(value)).replace("\n", " "), output.width() - 17) or [""]
    output.say(f"   {output.fit(label, 9)}{mark}{first}")
    for line in rest:
        output.say(f"{' ' * 17}{line}")


def _table(found: Trial) -> None:
    if not found.rows:
        return
    output.say()
    shown: list[Row] = list(found.rows[:ROWS_SHOWN])
    beside = max(len(row.reason or urls.host(row.url)) for row in shown)
    room = min(64, output.width() - 10 - 4 - beside)
    if room >= 30:
        output.table([[row.date or "-", row.title, row.reason or urls.host(row.url)] for row in shown], [10, room])
    else:
        output.table([[row.date or "-", row.title] for row in shown], [10, output.width() - 12])
    if len(found.rows) > len(shown):
        output.tell(f"… and {len(found.rows) - len(shown)} more", "dim")


def _account(found: Trial) -> None:
    """What was tried, and what a person can write."""
    reading = found.reading
    output.say()
    if reading is None:
        output.tell("No list page could be read, so nothing was drafted.", "bold")
        said = found.visit.robots
        if said.decision == "disallow" and said.line.startswith("robots.txt: "):
            output.tell(
                "What robots.txt says is not known, and until it is nothing is asked for. Is the address right, http or https?"
            )
            guarded.note_closed([found.visit.behind])
        elif said.decision == "disallow":
            output.tell("robots.txt does not let us; that is its owner's decision, and there is no switch for it here.")
        return
    output.tell("No rows were found on this page, so nothing was drafted.", "bold")
    output.tell(
        "Tried: rows by repeating structure (the same kind of place, titled links), JSON, JSONP, XML, RSS and Atom by their shape."
    )
    output.tell(
        f"Found: {reading.page_kind}{f', {reading.evidence}' if reading.evidence else ''}{f', {reading.error}' if reading.error else ''}"
    )
    for hint in found.hints:
        output.tell(f"  · {hint}")
    output.tell("What you can write by hand in config/sources/<id>.toml:")
    output.tell(
        '  [list] rows = "…" (CSS, or for JSON a path of keys), link, title, date, where the rows are on the page after all'
    )
    output.tell(
        '  start = [{ url = "…", method = "POST", body = "…" }]   where a browser asks an API: its developer tools show the request'
    )


def _free_id(config: Config, wanted: str, *, named: bool) -> str:
    """A source's id that no file has. Raises UsageError when the user named one that is taken."""
    folder = config.path.parent / "sources"
    name = trial.free_id(config, wanted, lambda tried: (folder / f"{tried}.toml").exists())
    if named and name != wanted:
        raise UsageError(f"there is a source {wanted!r} already", remedy="choose another --id; no file is overwritten")
    return name


def _drafted(config: Config, found: Trial, url: str) -> str:
    """The source's file as it would be written."""
    folder, schema = config.path.parent / "sources", config.root / SCHEMA
    return trial.draft(found, url, int(time.time() * 1000), schema=os.path.relpath(schema, folder) if schema.exists() else "")


def _write(config: Config, name: str, text: str) -> None:
    folder = config.path.parent / "sources"
    target = folder / f"{name}.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise CannotError(f"cannot write {target}: {error.strerror or error}", remedy="--print shows the draft") from error
    output.say()
    output.tell(f"wrote {os.path.relpath(target)}")
    output.note(f"next: look at it · gongkai try {name} · set enabled = true")


def _save(found: Trial, source: Source, folder: Path) -> None:
    page = found.visit.page
    assert page is not None
    saved = [Saved("list", page, Kind.LIST, source.start[0].url)]
    for number, sample in enumerate((sample for sample in found.samples if sample.visit.page is not None), 1):
        assert sample.visit.page is not None
        saved.append(Saved(str(number), sample.visit.page, Kind.DETAIL, sample.row.url))
    day = time.strftime("%Y-%m-%d", time.gmtime())
    with Readers(1) as readers:
        files = save(
            folder,
            source.id,
            saved,
            lambda one: readers.read(Job(one.page, one.kind, source.read, one.public_url)),
            verified=f"gongkai try {source.id} --save, {day}",
        )
    output.note(f"saved {len(saved)} pages and what was read from them, {len(files)} files in {os.path.relpath(folder)}")


# ------------------------------------------------------------------ for programs
def _as_json(found: Trial, url: str) -> dict[str, object]:
    reading = found.reading
    return {
        "url": url,
        "outcome": str(found.visit.exchange.outcome),
        "status": found.visit.exchange.status,
        "detail": found.visit.behind or found.visit.exchange.detail or None,
        "redirects": list(found.visit.hops),
        "robots": {
            "decision": found.visit.robots.decision,
            "line": found.visit.robots.line,
            "crawl_delay": found.visit.robots.crawl_delay,
        },
        "platform": found.platform or None,
        "encoding": found.encoding or None,
        "site": found.site or None,
        "column": found.column or None,
        "page_kind": str(reading.page_kind) if reading else None,
        "evidence": reading.evidence if reading else None,
        "error": reading.error if reading else None,
        "rows": [{"url": row.url, "title": row.title, "date": row.date, "reason": row.reason} for row in found.rows],
        "pager": reading.pager or None if reading else None,
        "next": reading.next_list.url if reading and reading.next_list else None,
        "total_pages": reading.total_pages if reading else None,
        "total_rows": reading.total_rows if reading else None,
        "second_page": found.second or None,
        "delay_seconds": found.delay_ms / 1000,
        "samples": [
            {
                "url": sample.row.url,
                "said": sample.visit.said,
                "page_kind": str(sample.reading.page_kind) if sample.reading else None,
                "record": as_json(record_of(sample.reading.notices[0])) if sample.reading and sample.reading.notices else None,
                "confidence": dict(trial.confidence(sample.reading)) if sample.reading else {},
            }
            for sample in found.samples
        ],
        "hints": list(found.hints),
    }
