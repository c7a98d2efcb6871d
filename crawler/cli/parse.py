"""`parse`: read saved pages, WARC files or standard input, without any configuration; keeps nothing."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from crawler.cli import output, saved, sheets, words
from crawler.cli.explain import explained, tell
from crawler.cli.saved import Item
from crawler.model import Kind, Page
from crawler.parsers.notice import read_notice, write_notice
from crawler.pipeline.readers import Job, Readers
from crawler.record.normalize import record
from crawler.record.notice import Record
from crawler.record.reading import Reading
from crawler.record.rules import ReadRules
from crawler.record.serial import as_json as as_values
from crawler.record.serial import record_of
from crawler.text.charset import decode


class As(StrEnum):
    """How a record is printed."""

    RECORD = "record"
    NOTICE = "notice"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("parse")(parse)


def parse(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Saved pages, WARC, ARC and WACZ files, or - for standard input; the bytes say which."
        ),
    ],
    listed: Annotated[bool, typer.Option("--list", help="Read them as list pages.")] = False,
    notice: Annotated[bool, typer.Option("--notice", help="Read text files in the sample notice's layout.")] = False,
    form: Annotated[As, typer.Option("--as", help="record, or notice: the sample notice's layout.")] = As.RECORD,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines on stdout and nothing else.")] = False,
    manifest: Annotated[Path | None, typer.Option(metavar="FILE", help="JSON Lines with file and page_url.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why: rules, witnesses, what was left out.")] = False,
) -> None:
    """Read saved pages; no configuration, nothing is kept.

    Example: gongkai parse page.html --json
    """
    problems: list[str] = []
    known = saved.addresses(manifest) if manifest else {}
    if notice:
        _notices(files, form, problems, as_json=as_json)
    elif explain:
        for item in saved.items(files, known, problems):
            tell(item.name, saved.as_written(explained(item.page), item), as_json=as_json)
    else:
        kind = Kind.LIST if listed else Kind.DETAIL
        workers = max(1, os.cpu_count() or 1)
        with Readers(workers) as readers, ThreadPoolExecutor(workers) as pool:
            jobs = (
                (item, Job(item.page, kind, ReadRules(), item.url or item.page.url, item.more))
                for item in saved.items(files, known, problems)
            )
            for item, reading in _in_order(pool, readers, jobs):
                _print(item, reading, form, listed=listed, as_json=as_json)
    for problem in problems:
        output.note(f"gongkai: {words.said(problem)}")
    if problems:
        raise typer.Exit(2)


def _in_order(pool: ThreadPoolExecutor, readers: Readers, jobs: Iterator[tuple[Item, Job]]) -> Iterator[tuple[Item, Reading]]:
    """Readings in the order of the files, a few ahead at a time."""
    from collections import deque
    from concurrent.futures import Future

    ahead: deque[tuple[Item, Future[Reading]]] = deque()
    for item, job in jobs:
        ahead.append((item, pool.submit(readers.read, job)))
        if len(ahead) > readers.workers * 4:
            first, future = ahead.popleft()
            yield first, future.result()
    while ahead:
        first, future = ahead.popleft()
        yield first, future.result()


# ------------------------------------------------------------------ output
def _print(item: Item, reading: Reading, form: As, *, listed: bool, as_json: bool) -> None:
    if reading.error is not None:
        _tell({**_named(item), "page_kind": "unreadable", "evidence": saved.as_written(reading.error, item)}, as_json=as_json)
    elif listed:
        _print_list(item, reading, as_json=as_json)
    elif not reading.notices:
        evidence = saved.as_written(reading.evidence, item)
        _tell({**_named(item), "page_kind": str(reading.page_kind), "evidence": evidence}, as_json=as_json)
    for notice in reading.notices:
        values = as_json_of(item, record_of(notice))
        if notice.part or len(reading.notices) > 1:
            values = {"file": item.name, "part": notice.part, **values}
        if as_json:
            output.json_line({**_named(item), **values})
        elif form is As.NOTICE:
            output.say(saved.as_written(write_notice(record_of(notice)), item).rstrip("\n"))
        else:
            _human(item, values)


def _named(item: Item) -> dict[str, Any]:
    """The file, and what in it says its address, where no manifest does."""
    return {"file": item.name, **({"address_by": item.told_by} if item.told_by else {})}


def as_json_of(item: Item, made: Record) -> dict[str, Any]:
    """A record as JSON; without a known address there is none to name."""
    values = as_values(made)
    if item.url is None:
        values["url"] = values["final_url"] = None
    return dict(saved.as_written(values, item))


def _tell(values: Mapping[str, Any], *, as_json: bool) -> None:
    """What is no notice."""
    if as_json:
        output.json_line(values)
    else:
        output.say(f"{values['file']}: {values['page_kind']}: {values['evidence']}")


def _print_list(item: Item, reading: Reading, *, as_json: bool) -> None:
    following = reading.next_list
    after = None
    if following is not None:
        after = (
            {"url": following.url}
            if following.method == "GET"
            else {"method": following.method, "url": following.url, "body": following.body.decode("utf-8", "replace")}
        )
    after = saved.as_written(after, item)
    if as_json:
        rows = [{"url": row.url, "title": row.title, "date": row.date} for row in reading.rows]
        output.json_line(
            {
                **_named(item),
                "rows": saved.as_written(rows, item),
                "next": after,
                "total_pages": reading.total_pages,
                "total_rows": reading.total_rows,
            }
        )
        return
    output.say(f"{item.name}: {reading.page_kind}, {reading.evidence}", "bold")
    output.table([[row.date or "-", row.title, saved.as_written(row.url, item)] for row in reading.rows], [16, 60])


def _human(item: Item, values: Mapping[str, Any]) -> None:
    output.say(values["title"], "bold")
    for label, key in (("栏目", "channel"), ("时间", "published"), ("来源", "source")):
        if values[key] is not None:
            output.say(f"  {label}  {values[key]}", "dim")
    for key, value in values["meta"].items():
        if key != "labels":
            output.say(f"  {key}  {value}", "dim")
    output.say()
    for line in sheets.body_lines(values, output.width()):
        output.say(line)
    output.say(f"\n{item.name}\n", "dim")


def _notices(files: list[str], form: As, problems: list[str], *, as_json: bool) -> None:
    """Text files in the sample's layout."""
    for name in files:
        try:
            body = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            draft = read_notice(decode(body).text)
        except OSError as error:
            problems.append(f"cannot read {name}: {error.strerror or error}")
            continue
        except ValueError as error:
            problems.append(f"{name}: {error}")
            continue
        made = record(draft, url=None, final_url=None, at=int(time.time() * 1000))
        if as_json:
            output.json_line({"file": name, **as_json_of(Item(name, Page("", 200, (), b"", 0), None), made)})
        elif form is As.NOTICE:
            output.say(write_notice(made).rstrip("\n"))
        else:
            _human(Item(name, Page("", 200, (), b"", 0), None), as_values(made))
