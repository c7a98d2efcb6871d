"""`reparse`: read archived pages again with today's rules; shown first, applied when that is asked for."""

import sys
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import Annotated

import typer

from crawler.cli import output, typed, words
from crawler.cli.archive import refuse_new_folder
from crawler.cli.options import Json, first_moment
from crawler.cli.progress import Bar
from crawler.cli.settings import configured
from crawler.errors import UsageError
from crawler.pipeline.rereading import Asked, Found, reread
from crawler.repository import rereading
from crawler.scheduler import process as house

EXAMPLES = 3  # of each field
NAMED = 10  # pages of a kind that are named


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("reparse")(reparse)


def reparse(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Option("--source", metavar="ID", help="Only of this source; may be given again.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="Only pages captured since then: 7d, 12h, or a day.")] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Keep what is read now: lines `reread` in the ledger, never an edit.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read the archive's pages again with today's rules: what every field would be, what documents would come or go.

    Only pages that other rules have read. Nothing is fetched, and without --apply no document is changed. An interrupted one goes on where it stood:
    how far it came is written in the archive, with --apply or without.

    Example: gongkai reparse --source demo --since 30d
    """
    config = configured(context)
    if not config.storage.archive.is_dir():
        raise UsageError(f"there is no archive at {config.storage.archive}", remedy="check storage.archive")
    refuse_new_folder(config.storage)
    asked = Asked(tuple(dict.fromkeys(names or ())), first_moment(since) if since else 0, apply)
    report = Report()
    try:
        with house.open_line(config, "reparse") as line, Bar("reparse", quiet=as_json or not sys.stderr.isatty()) as bar:
            known = line.ask(rereading.sources)
            for name in asked.sources:
                if name not in known and name not in config.sources:
                    raise UsageError(f"unknown source {name!r}", remedy="gongkai sources list names them")
            for found in reread(line, asked, bar.count):
                report.add(found)
                if as_json and found.state != "same":
                    output.json_line(asdict(found))
    except KeyboardInterrupt:
        pages = output.plural(sum(report.states.values()), "page")
        output.note(f"interrupted: {pages} read again · {typed.again()} goes on where it stood")
        raise typer.Exit(130) from None
    if as_json:
        output.json_line(report.as_json(applied=apply))
    else:
        _tell(report, applied=apply)
    if report.states["unreadable"]:
        raise typer.Exit(1)


@dataclass(slots=True)
class Report:
    """What was found, added up. `fields`: field → (changed, appeared, vanished); `fills`: source → how many documents, fields before, after."""

    states: Counter[str] = field(default_factory=Counter)
    fields: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    examples: dict[str, list[tuple[str, str | None, str | None]]] = field(default_factory=lambda: defaultdict(list))
    documents: Counter[str] = field(default_factory=Counter)
    named: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    fills: dict[str, tuple[Counter[str], Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: (Counter(), Counter()))
    )

    def add(self, found: Found) -> None:
        """One capture."""
        self.states[found.state] += 1
        self.documents.update({"come": len(found.come), "gone": len(found.gone), "reread": len(found.changes)})
        self._name("come", [f"{url}  {title}" for url, title in found.come])
        self._name("gone", [f"{public_id}  {title}  ({why})" for public_id, title, why in found.gone])
        self._name(found.state, [found.said] if found.said else [])
        for public_id, _, changes in found.changes:
            for name, (before, after) in changes.items():
                self.fields[name][0 if before and after else 1 if after else 2] += 1
                if len(self.examples[name]) < EXAMPLES:
                    self.examples[name].append((public_id, before, after))
        old, new = self.fills[found.source]
        for held, read in found.filled:
            old.update([*held, ""])
            new.update([*read, ""])

    def _name(self, kind: str, lines: list[str]) -> None:
        self.named[kind] += lines[: max(0, NAMED - len(self.named[kind]))]

    def moved(self) -> list[tuple[str, str, float, float]]:
        """(source, field, share of documents that have it before, after) where they differ."""
        return [
            (source, name, old[name] / old[""], new[name] / new[""])
            for source, (old, new) in sorted(self.fills.items())
            for name in sorted(old.keys() | new.keys())
            if old[name] != new[name]
        ]

    def as_json(self, *, applied: bool) -> dict[str, object]:
        """All of it, for programs."""
        return {
            "applied": applied, "captures": sum(self.states.values()), "states": dict(self.states), "documents": dict(self.documents),
            "fields": {name: dict(zip(("changed", "appeared", "vanished"), counts, strict=True)) for name, counts in sorted(self.fields.items())},
            "fill": [{"source": source, "field": name, "before": round(old, 4), "after": round(new, 4)} for source, name, old, new in self.moved()],
        }  # fmt: skip


def _tell(report: Report, *, applied: bool) -> None:
    total = sum(report.states.values())
    if not total:
        output.tell("everything was read by today's rules")
        return
    for name, (changed, appeared, vanished) in sorted(report.fields.items(), key=lambda item: -sum(item[1])):
        output.say(f"{name:22} " + words.said(f"changed {changed}, appeared {appeared}, vanished {vanished}"), "bold")
        for public_id, before, after in report.examples[name]:
            output.say(f"    {public_id}  {_one_line(before)} → {_one_line(after)}")
    moved = report.moved()
    if moved:
        output.tell("share of documents that have a field:", "bold")
        output.table([[source, name, f"{old:.1%}", f"{new:.1%}"] for source, name, old, new in moved], [24, 22, 8, 8])
    for which, title in (
        ("come", "documents that have come" if applied else "documents that would come"),
        ("gone", "documents whose pages show them no more; they stay as they are"),
    ):
        if report.documents[which]:
            output.tell(f"{title}: {report.documents[which]}", "bold")
            for line in report.named[which]:
                output.say(f"    {line}")
    for kind in ("unreadable", "undecided"):
        for text in report.named[kind]:
            output.note(f"{kind}: {text}")
    counted = [
        output.plural(total, "page"),
        f"{report.documents['reread']} {'reread' if applied else 'would be reread'}",
        f"{report.states['same']} the same",
        *([f"{report.states['unreadable']} unreadable"] if report.states["unreadable"] else []),
        *([f"{report.states['undecided']} to be told when applied"] if report.states["undecided"] and not applied else []),
    ]
    output.tell(f"{'applied' if applied else 'nothing was changed'}: {', '.join(counted)}")
    if not applied and (report.documents["reread"] or report.documents["come"]):
        output.note("next: gongkai reparse --apply")


def _one_line(text: str | None) -> str:
    return "–" if text is None else text.replace("\n", " ⏎ ").replace("\t", " | ")
