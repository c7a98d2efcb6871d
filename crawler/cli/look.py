"""`show` and `history`: what the archive holds."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from crawler.cli import attached, lines, output, sheets, words
from crawler.cli.archive import reading
from crawler.cli.options import Json
from crawler.record.labels import FACTS, META, label_of
from crawler.record.serial import from_json
from crawler.repository import changes, query
from crawler.repository.query import DocumentView, VersionRow

FIRST = ("channel", "published", "source", "clicks")  # facts that stand before the others


class As(StrEnum):
    """How a document is shown."""

    RECORD = "record"
    NOTICE = "notice"
    JSON = "json"
    PROVENANCE = "provenance"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("show")(show)
    app.command("history")(history)


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="An id or its beginning, ID.N for a version, or the page's address.")],
    form: Annotated[As, typer.Option("--as", help="record, notice, json or provenance.")] = As.RECORD,
    as_json: Json = False,
) -> None:
    """One document.

    Example: gongkai show 7k3m --as notice
    """
    with reading(context) as c:
        public_id, number = query.resolve(c, name)
        found = query.document(c, public_id)
    version = query.version(found, number)
    if as_json or form is As.JSON:
        output.json_line(query.as_json(found, version))
    elif form is As.NOTICE:
        from crawler.parsers.notice import write_notice

        output.say(write_notice(from_json(version.record)).rstrip("\n"))
    elif form is As.PROVENANCE:
        _provenance(version)
    else:
        _record(found, version)


def _record(found: DocumentView, version: VersionRow) -> None:
    record = version.record
    output.say(record["title"], "bold")
    facts = [(FACTS[key], record.get(key)) for key in FIRST if record.get(key) is not None]
    facts += [(META.get(key, key), value) for key, value in record["meta"].items() if key != "labels"]
    known = {value for _, value in facts}
    facts += [
        (item["label"], item["value"])
        for item in record["meta"].get("labels", ())
        if item["value"] and item["value"] not in known
    ]
    facts += [(item["role"], item["name"]) for item in record.get("people", ())]
    for label, value in facts:
        output.say(f"  {output.fit(label, 8)}  {value}", "dim")
    output.say()
    for line in sheets.body_lines(record, output.width()):
        output.say(line)
    files = {item.number: item for item in found.attachments(version)}
    for number, item in enumerate(record["attachments"], 1):
        output.say(f"  附件 {number}  {item['name']}  {item['url'] or words.said('(no address)')}")
        if (file := files.get(number)) is not None:
            output.say(f"          {attached.line(file)}", "dim")
            for flag in file.flags:
                output.say(f"          {flag}", "dim")
            for each in file.says:
                output.say(f"          {label_of(each.field)}  {each.raw}  ({each.place})", "dim")
    read = record["provenance"].get("body")
    if read is not None and read["rule"].startswith("attached "):
        said = "; ".join(filter(None, (read.get("raw"), *read.get("refused", ()))))
        output.say(f"        {read['rule'].removeprefix('attached ')}: {said[:300]}", "dim")
    output.say()
    place = record["capture"]
    output.tell(f"{found.id}.{version.n}  {found.presence}  {found.url}", "dim")
    output.tell(
        f"seen {output.when(found.first_seen)} to {output.when(found.last_seen)} (Beijing time), {len(found.versions)} version(s)",
        "dim",
    )
    output.tell(f"bytes {place['file']} +{place['offset']} ({place['length']} bytes), {place['digest']}", "dim")
    if found.others:
        output.tell(f"work {found.work}: also {', '.join(public_id for public_id, _, _ in found.others)}", "dim")


def _provenance(version: VersionRow) -> None:
    for name, witness in version.record["provenance"].items():
        output.say(f"{output.fit(name, 20)}  {witness['rule']}", "bold")
        for label, key in (("read", "raw"), ("but", "disagrees")):
            if witness[key]:
                output.tell(f"{' ' * 20}  {label}: {witness[key][:200]}")
    output.say(f"{output.fit('rules', 20)}  {version.rules}")
    output.say(f"{output.fit('capture', 20)}  {json.dumps(version.record['capture'])}")


def history(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="An id or its beginning, or the page's address.")],
    as_json: Json = False,
) -> None:
    """A document's versions, ledger lines and looks.

    Example: gongkai history 7k3m
    """
    with reading(context) as c:
        public_id, _ = query.resolve(c, name)
        found = query.document(c, public_id)
        ledger = changes.read(c, changes.Only(document=found.row))
        seen = query.looks(c, found.row)
    if as_json:
        for version in found.versions:
            output.json_line(
                {
                    "version": version.n,
                    "first_seen": output.iso(version.first_seen),
                    "capture": version.capture,
                    "rules": version.rules,
                }
            )
        lines.changes(ledger, as_json=True)
        for look in seen:
            output.json_line(
                {"look": output.iso(look.at), "outcome": look.outcome, "status": look.status, "capture": look.capture}
            )
        return
    output.say(found.versions[-1].record["title"], "bold")
    output.tell(f"{found.id}  {found.presence}  {found.url}", "dim")
    output.tell("\nversions")
    for version in found.versions:
        output.tell(f"  {found.id}.{version.n}  first seen {output.when(version.first_seen)}  {version.capture}")
    output.tell("\nledger")
    lines.changes(ledger, as_json=False)
    output.tell(f"\nlooks ({len(seen)}, newest first)")
    output.table(
        [["", output.when(look.at), look.outcome, str(look.status or "-"), look.capture or ""] for look in seen[:30]],
        [0, 16, 14, 4],
    )
