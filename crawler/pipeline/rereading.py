"""`reparse`: what today's rules read otherwise in pages that other rules have read, shown and, if that is asked for, applied.

What is shown is what the settle step decides of the new readings, rolled back: one code path. Applied, they are settled like any other.
What would be a change at the site (an edit, a notice missing) cannot come of it: the present version of each document is read again from
its own capture, and nobody has looked at the page.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog

from crawler.model import ChangeKind, Millis
from crawler.pipeline.catch_up import Reading, index_all, settle_all
from crawler.pipeline.line import Line
from crawler.record.content import pieces_of, text_lines
from crawler.record.frame import unpacked
from crawler.record.serial import fields_of
from crawler.repository import attachments, readings, rereading, versions
from crawler.repository.database import Connection, is_fault
from crawler.repository.readings import DONE
from crawler.repository.settle import Item, Known, Settled, Writes

AT_ONCE = 200
BEFORE = 20  # equal characters that are shown before a difference
LONGEST = 160  # characters of a value that is shown
NOT_SHOWN = frozenset({"url", "final_url"})
NOTES = ".reparse-"

log = structlog.get_logger()
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is read again: of these sources (none: all), captured since then; whether what comes of it is kept; how many pages at once."""

    sources: tuple[str, ...] = ()
    since: Millis = 0
    apply: bool = False
    at_once: int = AT_ONCE


@dataclass(slots=True)
class Found:
    """What came of one capture. `state`: same, reread, come, gone, unreadable, undecided (it needs another reading, which only applying does).

    `changes`: (document, title, {field: [before, after]}); `come`: (address, title); `gone`: (document, title, what its page is read as);
    `filled`: [fields with a value before, after] of each of its documents.
    """

    capture: int
    source: str
    state: str = "same"
    changes: list[tuple[str, str, dict[str, list[str | None]]]] = field(default_factory=list)
    come: list[tuple[str, str]] = field(default_factory=list)
    gone: list[tuple[str, str, str]] = field(default_factory=list)
    filled: list[list[list[str]]] = field(default_factory=list)
    said: str = ""


def reread(line: Line, asked: Asked, watch: Callable[[int, int], None] = lambda *_: None) -> Generator[Found, None, None]:
    """Each capture that other rules have read, read by today's; `watch(done, all)`.

    An interrupted look goes on where it stood (its notes lie beside the archive), and so does an interrupted application: what was applied
    is read by today's rules, and what waits to be read again is anybody's.
    """
    names = asked.sources or tuple(line.ask(rereading.sources))
    rules = {name: line.policy.version(name) for name in names}
    total = line.ask(rereading.count, rules, asked.since)
    notes = _Notes(line.archive.folder, rules, asked) if not asked.apply else None
    done = 0
    with Reading(line) as reading, notes or contextlib.nullcontext():
        for name, version in rules.items():
            after: int | None = 0
            while after is not None:
                captures, after = line.ask(rereading.following, name, version, asked.since, after, asked.at_once)
                known = notes.known(captures) if notes else {}
                fresh = _some(line, reading, [number for number in captures if number not in known], apply=asked.apply)
                if notes:
                    notes.add(fresh)
                done += len(captures)
                watch(done, max(total, done))
                yield from [*known.values(), *fresh]
        if notes:
            notes.done()
    if asked.apply:
        settle_all(line)
        index_all(line)


def _some(line: Line, reading: Reading, captures: Sequence[int], *, apply: bool) -> list[Found]:
    if not captures:
        return []
    waiting = line.ask(readings.of, captures)
    settled = [_again(item) for item in reading.read(waiting)]
    found = _rehearsed(line, settled)
    if apply:
        line.do(readings.await_again, captures)
        line.settle(settled)
    return found


def _again(item: Settled) -> Settled:
    return Settled(item.capture_id, item.reading, item.made_of, item.hurt, again=True)


# ------------------------------------------------------------------ what it would come to
def _rehearsed(line: Line, settled: Sequence[Settled]) -> list[Found]:
    """What settling these would write; nothing is."""
    try:
        return line.do(_rehearse, line, settled)
    except Exception as error:
        if not is_fault(error):
            raise
        if len(settled) > 1:
            return [found for item in settled for found in _rehearsed(line, [item])]
        log.exception("a fault of this program: one page is left out", capture=settled[0].capture_id)
        return [Found(settled[0].capture_id, "", "undecided", said=f"fault: {type(error).__name__}: {error}"[:LONGEST])]


def _rehearse(c: Connection, line: Line, settled: Sequence[Settled]) -> list[Found]:
    kept = c.begin_nested()
    try:
        readings.await_again(c, [item.capture_id for item in settled])
        known, writes = line.decided(c, settled)
        return _told(c, known, writes)
    finally:
        kept.rollback()


def _told(c: Connection, known: Known, writes: Writes) -> list[Found]:
    made = {version.id: version for version in writes.versions}
    again = {
        change.document: (change.before, made[change.after])
        for change in writes.changes
        if change.kind is ChangeKind.REREAD and change.before is not None and change.after is not None
    }
    new = {document.id for document in writes.made}
    captures = {item.capture.id for item in known.items}
    held = {
        document.id: again[document.id][0] if document.id in again else document.current.version
        for listed in known.documents.values()
        for document in listed
        if document.id not in new and document.current is not None and document.current.capture in captures
    }
    before = versions.records(c, {number for number in held.values() if number is not None})
    files = _files_told(c, writes)
    found = []
    for item in known.items:
        one = _unsettled(known, item)
        for document in known.documents.get(item.address.id, ()) if one.state == "same" else ():
            assert document.current is not None
            if document.current.capture != item.capture.id:
                continue
            if document.id in new:
                one.come.append((item.address.public_url, document.current.title))
                continue
            old = before[held[document.id] or 0]
            if not _sees(known, item, document.part):
                one.gone.append((document.public_id, document.current.title, _read_as(item)))
            elif document.id in again:
                values = unpacked(again[document.id][1].notice.packed)
                one.changes.append((document.public_id, document.current.title, differences(old, values)))
                one.filled.append([filled(old), filled(values)])
            else:
                one.filled.append([filled(old), filled(old)])
        if item.capture.id in files:
            one.changes.append((item.address.public_url, item.settled.reading.evidence, files[item.capture.id]))
        if one.state == "same":
            one.state = "gone" if one.gone else "come" if one.come else "reread" if one.changes else "same"
        found.append(one)
    return found


def _files_told(c: Connection, writes: Writes) -> dict[int, dict[str, list[str | None]]]:
    """Capture → what is read otherwise of the file it showed: its text, and what else our readers say of it."""
    again = {item.capture: item.content for item in writes.contents if item.again}
    before = attachments.by_digest(c, {content.digest for content in again.values()})
    found = {}
    for capture, content in again.items():
        old, new = map(_file_values, (before[content.digest].read, attachments.read_of(content)))
        found[capture] = {
            f"file.{name}": _narrowed(_shown(old[name]), _shown(new[name])) for name in old if old[name] != new[name]
        }
    return found


def _file_values(read: Mapping[str, Any]) -> Values:
    return {**read, "text": "\n".join(text_lines(pieces_of(read["text"])))}


def _unsettled(known: Known, item: Item) -> Found:
    """An item before anything is told of its documents."""
    row, reading = known.readings[item.capture.id], item.settled.reading
    if reading.error is not None:
        return Found(
            item.capture.id, item.address.source, "unreadable", said=f"{item.address.public_url}: {reading.error[:LONGEST]}"
        )
    return Found(item.capture.id, item.address.source, "same" if row.state == DONE else "undecided")


def _sees(known: Known, item: Item, part: int) -> bool:
    if not item.settled.reading.notices:
        return False
    facts = known.readings[item.capture.id].facts
    return part in (json.loads(facts) if facts else (0,))


def _read_as(item: Item) -> str:
    reading = item.settled.reading
    return f"{reading.page_kind}: {reading.evidence[:LONGEST]}" if not reading.notices else "a page of other notices"


def differences(before: Values, after: Values) -> dict[str, list[str | None]]:
    """Field → its value before and after, as far as they are shown; fields of `meta` one by one. Provenance and addresses are none."""
    old, new = _flat(before), _flat(after)
    names = dict.fromkeys([*old, *new])
    return {name: _narrowed(_shown(old.get(name)), _shown(new.get(name))) for name in names if old.get(name) != new.get(name)}


def filled(values: Values) -> list[str]:
    """The fields of a record that have a value."""
    return [name for name, value in _flat(values).items() if value not in (None, "", [], {})]


def _flat(values: Values) -> dict[str, Any]:
    found = {name: value for name, value in fields_of(values).items() if name not in NOT_SHOWN and name != "meta"}
    return {**found, **{f"meta.{name}": value for name, value in (values.get("meta") or {}).items()}}


def _shown(value: Any) -> str | None:
    if value in (None, "", [], {}):
        return None
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = "\n".join(value)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text


def _narrowed(old: str | None, new: str | None) -> list[str | None]:
    """Both from a little before their first difference on, and no longer than can be shown."""
    start = 0
    if old is not None and new is not None:
        same = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new)))
        start = max(0, same - BEFORE)
    return [None if text is None else _cut(text, start) for text in (old, new)]


def _cut(text: str, start: int) -> str:
    shown = text[start : start + LONGEST]
    return f"{'…' if start else ''}{shown}{'…' if start + LONGEST < len(text) else ''}"


# ------------------------------------------------------------------ notes of a look that may be interrupted
class _Notes:
    """What a look has found so far, one line a capture, beside the archive; gone when it is done. Where nothing may be written there
    are none, and an interrupted look begins anew."""

    def __init__(self, folder: Path, rules: Mapping[str, str], asked: Asked) -> None:
        key = json.dumps([sorted(rules.items()), asked.since], sort_keys=True)
        self._path = folder / f"{NOTES}{hashlib.sha256(key.encode()).hexdigest()[:12]}.jsonl"
        self._held: dict[int, dict[str, Any]] = {}
        self._file: Any = None

    def __enter__(self) -> "_Notes":
        with contextlib.suppress(OSError):
            for text in self._path.read_text("utf-8").splitlines() if self._path.exists() else ():
                with contextlib.suppress(ValueError):  # the last line may be cut
                    self._held[json.loads(text)["capture"]] = json.loads(text)
            self._file = self._path.open("a", encoding="utf-8")
            self._file.write("\n")  # behind a line that may be cut
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def known(self, captures: Sequence[int]) -> dict[int, Found]:
        """Those of these captures that were looked at already."""
        return {number: Found(**self._held.pop(number)) for number in captures if number in self._held}

    def add(self, found: Sequence[Found]) -> None:
        """These were looked at."""
        if self._file is not None:
            self._file.writelines(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in found)
            self._file.flush()

    def done(self) -> None:
        """Everything was looked at."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
