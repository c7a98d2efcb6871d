"""`demo`: a small government site in your machine, crawled, changed behind your back, crawled again."""

import asyncio
import os
import shutil
import sys
import tempfile
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import lines, output, words
from crawler.cli.main import VERSION
from crawler.cli.progress import Bar
from crawler.config.load import load
from crawler.config.values import Config
from crawler.demo.site import HOSTS, Site
from crawler.demo.story import IDS, write_config
from crawler.errors import UsageError
from crawler.model import Millis, now_ms
from crawler.pipeline import readers
from crawler.pipeline.line import Line
from crawler.repository import changes, query
from crawler.repository.database import reading
from crawler.repository.progress import Progress
from crawler.repository.search.attached import excerpt
from crawler.repository.search.find import find
from crawler.repository.search.question import Question
from crawler.scheduler import process as house
from crawler.text.asked import phrases

READERS = 2  # reading processes that go from crawl to crawl
ROUNDS = 3  # looks at what is due again, a second apart
RULE = "─" * 72


@dataclass(frozen=True, slots=True)
class Seen:
    """What one crawl did."""

    progress: Progress
    seconds: float


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the demo's archive is kept; default a new temporary folder.", show_default=False
        ),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="At its end, open the pages over the demo's archive, until Ctrl-C.")
    ] = False,
) -> None:
    """A small government site in your machine: crawled, changed behind your back, crawled again.

    Example: gongkai demo --serve
    """
    home = _home(folder)
    began = time.monotonic()
    readers.keep(READERS)
    with Site(has_papers=True) as site:
        path = write_config(home, site.port)
        config = load(path)
        _act(
            "1",
            f"Three columns of three invented town halls, in the layouts of ten publishing systems, answer on 127.0.0.1:{site.port}: {', '.join(HOSTS)}.",
        )
        _tell_crawl(_crawl(config, "first crawl"), config)
        _tell_work(config)
        _tell_papers(config)
        since = now_ms()
        site.change()
        _act("2", "Behind our back the town halls edit a figure, take a notice down, publish another; one column falls silent.")
        _tell_crawl(_crawl(config, "second crawl"), config)
        _revisit(config)
        _act("3", "What the archive noticed (Beijing time):")
        _tell_changes(config, since)
    _farewell(config, path, time.monotonic() - began)
    if serve:
        readers.keep(0)
        _serve(config)


def _serve(config: Config) -> None:
    """The pages over what was just crawled, on a port that is free; a browser is opened where somebody sits at a terminal."""
    from crawler.console.server import serve as answer

    def ready(url: str) -> None:
        output.tell(f"\nRead it at {url} (Ctrl-C ends it)", "bold")
        if sys.stdout.isatty():
            webbrowser.open(url)

    answer(config, "127.0.0.1", 0, ready=ready, version=VERSION)


def _home(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="gongkai-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", remedy="give the demo a folder of its own")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _act(number: str, text: str) -> None:
    output.say(f"\n{number}  {words.said(text)}", "bold")


def _crawl(config: Config, name: str) -> Seen:
    with house.open_line(config, "crawl") as line, Bar(name, quiet=False) as bar:
        return _work(config, line, house.fire(config, line, house.Wish()), bar)


def _work(config: Config, line: Line, runs: list[int], bar: Bar) -> Seen:
    began = time.monotonic()
    progress, interrupted = asyncio.run(house.work(config, line, runs, bar.show))
    if interrupted:
        raise KeyboardInterrupt
    return Seen(progress, time.monotonic() - began)


def _revisit(config: Config) -> None:
    """Look again at what is due, a second apart: in life the ladder is 1, 3, 7, 30, 90 days."""
    for _ in range(ROUNDS):
        _wait_until(now_ms() + 1100)
        with house.open_line(config, "crawl") as line, Bar("looking again", quiet=False) as bar:
            runs = house.revisit(config, line, tuple(IDS.values()), 1000)
            if runs:
                _work(config, line, runs, bar)


def _wait_until(moment: Millis) -> None:
    time.sleep(max(0, moment - now_ms()) / 1000)


# ------------------------------------------------------------------ what is told
def _tell_crawl(seen: Seen, config: Config) -> None:
    p = seen.progress
    with reading(config.storage.database) as c:
        totals = query.totals(c)
    output.tell(
        f"   {p.lists} list pages and {p.details} notices looked at in {seen.seconds:.1f} s: {p.new} new, {p.edit} edited, {p.failed} failed. "
        f"The archive holds {totals['documents']} documents, {totals['versions']} versions, {totals['captures']} captures."
    )


def _tell_work(config: Config) -> None:
    """One notice in three disguises is one work."""
    with reading(config.storage.database) as c:
        hits = find(c, Question("长兴岛经济区", limit=10))
        shown = query.document(c, hits.rows[0].id) if hits.rows else None
    output.tell(
        f"   Asked for 长兴岛经济区 (simplified), it finds {len(hits.rows)} documents in three scripts"
        + (" and knows that they are one work:" if shown else ":")
    )
    for hit in hits.rows:
        output.say(f"     {hit.id}  {output.fit(hit.source, 9)} {hit.title[:36]}", "dim")
    if shown:
        output.tell(f"     work {shown.work}: {1 + len(shown.others)} copies", "dim")


def _tell_papers(config: Config) -> None:
    """Words that stand only in a document that a notice links to."""
    with reading(config.storage.database) as c:
        for asked in ("塔吊两台", "1200.5"):
            answer = find(c, Question(asked, limit=3))
            for hit in answer.rows:
                found = excerpt(hit.record, hit.files, phrases(asked))
                output.tell(f"   Asked for {asked}, it finds {hit.id}" + (f" in {found.at}" if found.at is not None else ""))


def _tell_changes(config: Config, since: Millis) -> None:
    with reading(config.storage.database) as c:
        found = [change for change in changes.read(c, changes.Only(since=since)) if change.kind != "missing"]
    lines.changes(found, as_json=False)


def _farewell(config: Config, path: Path, seconds: float) -> None:
    gongkai = (
        "gongkai"
        if shutil.which("gongkai")
        else ".venv/bin/gongkai"
        if Path(".venv/bin/gongkai").exists()
        else "python -m crawler.cli"
    )
    command = f"{gongkai} --config {os.fspath(path)}"
    with reading(config.storage.database) as c:
        edit = next((change for change in changes.read(c, changes.Only(kind="edit")) if change.document), None)
    output.say(f"\n{RULE}")
    output.tell(f"Done in {seconds:.0f} s. Everything is kept in {path.parent.parent}; look further:")
    for tail in (
        "search 社区食堂",
        f"history {edit.document}" if edit else "changes",
        f"show {edit.document} --as notice" if edit else "sources",
        "export --to records.jsonl",
    ):
        output.say(f"  {command} {tail}", "cyan")
    output.tell("\nDays are seconds here: a notice counts as gone after 2 misses and 1 s (in life 3 misses and 14 days).", "dim")
