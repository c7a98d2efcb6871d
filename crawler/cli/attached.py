"""Documents that notices link to, on the terminal: as `show` lists them, their bytes and text, what differs between two states of one."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from crawler.cli import output
from crawler.errors import CannotError, DamagedRecord, UsageError
from crawler.record.content import pieces_of, text_lines
from crawler.record.content_diff import FileDifference, between
from crawler.repository import attached, query
from crawler.repository.attached import Attached, State
from crawler.repository.database import Connection

UNITS = {"pdf": "page", "ofd": "page", "sheet": "sheet", "presentation": "slide"}
LONGEST_NAME = 120
FORBIDDEN = frozenset('<>:"/\\|?*')


def line(item: Attached) -> str:
    """`1  物资清单.pdf  application/pdf, 24 kB, 2 pages, sha256:ABCD…  text`."""
    said = [item.media_type, output.size(item.bytes) if item.bytes is not None else None, _pages(item)]
    said.append(f"{item.digest[:19]}…" if item.digest else None)
    state = (
        item.state
        if item.reason is None
        else item.reason
        if item.reason.startswith("no_text")
        else f"{item.state}: {item.reason}"
    )
    gone = f"  gone since {output.when(item.gone)}" if item.gone is not None else ""
    return f"{', '.join(filter(None, said))}{'  ' if item.digest else ''}{state}{gone}"


def _pages(item: Attached) -> str | None:
    if not item.pages:
        return None
    word = next((unit for mark, unit in UNITS.items() if mark in (item.media_type or "")), "page")
    return output.plural(item.pages, word)


def one(c: Connection, name: str, number: int) -> tuple[Attached, int]:
    """(attachment `number` of a document's version, the version's row). Raises UsageError."""
    public_id, meant = query.resolve(c, name)
    found = query.document(c, public_id)
    version = query.version(found, meant)
    return attached.numbered(found.attachments(version), number), version.id


def held(item: Attached) -> str:
    """The capture that has its bytes. Raises UsageError."""
    if item.capture is None:
        raise UsageError(f"the archive has no bytes of attachment {item.number}: {item.state}: {item.reason}")
    return item.capture


def text(c: Connection, item: Attached) -> str:
    """What it says, its parts under their places. Raises UsageError when there is no text."""
    if item.digest is None or item.state != "text":
        raise UsageError(
            f"attachment {item.number} has no text: {item.reason or item.state}", remedy="without --text its bytes are written"
        )
    return "\n".join(text_lines(pieces_of(attached.text(c, item.digest)))) + "\n"


# ------------------------------------------------------------------ what differs
def differ(c: Connection, name: str, number: int, span: tuple[int | None, int | None], *, as_json: bool) -> None:
    """Show what differs between two states of an attachment, by default the last two. Raises UsageError; Exit(1) when something does."""
    item, version = one(c, name, number)
    states = attached.states(c, item, version)
    if not states:
        held(item)
    last = _state(states, span[1] if span[1] is not None else len(states), item)
    first = _state(states, span[0] if span[0] is not None else max(1, len(states) - 1), item)
    found = between(*(pieces_of(attached.text(c, state.digest)) for state in (first, last)))
    if as_json:
        output.json_line(
            {
                "attachment": item.number, "name": item.name, "states": len(states), "from": first.digest, "to": last.digest,
                "differences": [asdict(one) for one in found],
            }
        )  # fmt: skip
    else:
        _show(item, (first, last), found)
    if found or first.digest != last.digest:
        raise typer.Exit(1)


def _state(states: list[State], number: int, item: Attached) -> State:
    if not 1 <= number <= len(states):
        raise UsageError(f"attachment {item.number} had no state {number}", remedy=f"it had 1 to {len(states)}")
    return states[number - 1]


def _show(item: Attached, states: tuple[State, State], found: tuple[FileDifference, ...]) -> None:
    first, last = states
    output.say(item.name, "bold")
    output.say(f"{first.digest} seen {output.when(first.at)} → {last.digest} seen {output.when(last.at)}", "dim")
    for difference in found:
        place = f"{difference.place}!{difference.cell}" if difference.cell else difference.place
        output.say(place, "dim")
        before = [(f"[-{difference.before}-]", "red strike")] if difference.before is not None else []
        after = [(f"{{+{difference.after}+}}", "green underline")] if difference.after is not None else []
        output.pieces([("  ", ""), *before, *after])
    if not found:
        same = first.digest == last.digest
        output.note("one state" if first is last else "the same bytes" if same else "other bytes with the same text")
    else:
        output.note(output.plural(len(found), "difference"))


# ------------------------------------------------------------------ as files
def file_name(document: str, number: int, served: str, linked: str) -> str:
    """What an attachment is called in a folder: its notice's id, its number, and its name without whatever a path could be made of.

    No two are called alike: id and number stand before the name.
    """
    name = served if "." in served else linked
    safe = "".join(each if each.isprintable() and each not in FORBIDDEN else "_" for each in name).strip(" .") or "file"
    stem, dot, ending = safe.rpartition(".")
    short = f"{stem[:LONGEST_NAME]}{dot}{ending[:10]}" if stem else safe[:LONGEST_NAME]
    while len(short.encode()) > 200:
        stem = stem[:-1]
        short = f"{stem}{dot}{ending[:10]}" if stem else safe[:40]
    return f"{document}-{number}-{short}"


class Files:
    """A folder that an export puts documents into; how many it has `written`, and `lost`: those whose bytes are damaged."""

    def __init__(self, folder: Path, archive: Path) -> None:
        self.folder, self.archive = folder, archive
        self.written, self.lost = 0, list[str]()

    def put(self, c: Connection, item: Mapping[str, Any]) -> None:
        """Write the documents that an exported record links to. Raises CannotError: the folder cannot be written to, or has another file
        of that name."""
        from crawler.archive.reader import open_page
        from crawler.repository import selection

        for linked in item["attachments"]:
            held = linked.get("file")
            if held is None or held["capture"] is None:
                continue
            name = file_name(item["id"], held["attachment"], held["file_name"] or "", linked["name"])
            try:
                page = open_page(self.archive, *selection.one(c, held["capture"]))
                self.folder.mkdir(parents=True, exist_ok=True)
                self.written += write_new(self.folder / name, page.body)
            except DamagedRecord as error:
                self.lost.append(f"{name}: {error.message}")
            except FileExistsError as error:
                raise CannotError(
                    f"{self.folder / name} is there and has other bytes", remedy="name another folder with --files"
                ) from error
            except OSError as error:
                raise CannotError(
                    f"cannot write {self.folder / name}: {error.strerror or error}", remedy="choose another place with --files"
                ) from error


def write_new(path: Path, data: bytes) -> bool:
    """Write a file that is not there; False when it is there with these very bytes. Raises FileExistsError when it has others."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        if path.is_symlink() or path.read_bytes() != data:
            raise
        return False
    return True
