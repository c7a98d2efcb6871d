"""What `parse` reads: saved pages with their manifest, MHTML, standard input, WARC files of ours and of others, ARC and WACZ files.

Which of these a file is, its bytes say: standard input has no name, and a name may be anything.
"""

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from crawler.archive import foreign
from crawler.archive.groups import is_ours
from crawler.archive.members import members
from crawler.archive.opened import Opened, as_members, is_bundle, of_zip
from crawler.archive.reader import open_page
from crawler.archive.recover import walk
from crawler.archive.saved import read_saved
from crawler.archive.walking import begins_as_records, records
from crawler.cli import output, words
from crawler.errors import ArchiveError, DamagedRecord, UsageError
from crawler.model import ABOUT_THE_SITE, Capture, Kept, Kind, Outcome, Page

WARC = (".warc.gz", ".warc.gz.open", ".warc", ".arc.gz", ".arc")
NOWHERE_HOST = "http://nowhere.invalid"  # what a page without an address is read under (RFC 2606); it is never shown
NOWHERE = f"{NOWHERE_HOST}/-/-/-/-/-/-/-/-/"
PLACED = re.compile(r"http://nowhere\.invalid[^\s\"'<>]*")
GOOD = (Outcome.OK, Outcome.SAME_BYTES)


@dataclass(frozen=True, slots=True)
class Item:
    """One page to be read: the name it is printed under, the page, its public address if it is known, further pages of its record."""

    name: str
    page: Page
    url: str | None
    more: tuple[tuple[str, Page], ...] = ()
    told_by: str = ""  # what of the file itself says the address


def addresses(path: Path) -> dict[str, str]:
    """File (as written, and its base name) → page address. Raises UsageError naming the line."""
    found: dict[str, str] = {}
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the manifest {path}: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            file, address = entry["file"], entry.get("page_url")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(f"{path}:{number}: no JSON object with file and page_url: {error}") from error
        if address:
            found.setdefault(str(file), address)
            found.setdefault(os.path.basename(str(file)), address)  # noqa: PTH119 - a name in a list, not a path of this system
    return found


def items(files: list[str], known: Mapping[str, str], problems: list[str]) -> Iterator[Item]:
    """The pages of these files, in order; `problems` receives what cannot be read."""
    for name in files:
        with tempfile.TemporaryDirectory(prefix="gongkai-parse-") as scratch:
            try:
                path = _where(name, Path(scratch))
                yield from _of_file(Opened(path, name, ""), known, Path(scratch), problems)
            except OSError as error:
                problems.append(f"cannot read {name}: {error.strerror or error}")
            except ArchiveError as error:
                problems.append(words.complaint(error))


def _where(name: str, scratch: Path) -> Path:
    """The file as it can be read more than once: what is a pipe is copied."""
    path = Path(name)
    if name != "-" and (path.is_file() or path.is_dir()):
        return path
    with (scratch / "given").open("wb") as to:
        if name == "-":
            shutil.copyfileobj(sys.stdin.buffer, to)
        else:
            with path.open("rb") as source:
                shutil.copyfileobj(source, to)
    return scratch / "given"


def _of_file(held: Opened, known: Mapping[str, str], scratch: Path, problems: list[str]) -> Iterator[Item]:
    """The pages of one file. `scratch`: room for what must be unpacked."""
    name, wrong = held.name, list[str]()
    base = Path(name).name
    if is_bundle(held.path):
        for inner in of_zip(replace(held, name=base), scratch, wrong, Counter()):
            yield from _from_records(inner, inner.name, scratch, wrong)
    elif name.endswith(WARC) or begins_as_records(held.path):
        yield from _from_records(held, base, scratch, wrong)
    else:
        yield _item(name, held.path.read_bytes(), known.get(name) or known.get(base))
    problems += [problem.replace(str(held.path), name) for problem in wrong]


def _item(name: str, body: bytes, given: str | None) -> Item:
    """A saved page: its address is the manifest's, else its own, else none."""
    held = read_saved(body)
    address = given or held.url
    headers = (("content-type", held.type),) if held.type else ()
    page = Page(address or f"{NOWHERE}{quote(Path(name).name)}", 200, headers, held.body, held.at or int(time.time() * 1000))
    return Item(name, page, address, (), "" if given else held.told_by)


def as_written(values: Any, item: Item) -> Any:
    """What is printed of a page without an address: its relative addresses as the page has them, no address that nobody wrote."""
    if item.url is not None:
        return values
    if isinstance(values, str):
        return PLACED.sub(lambda match: _relative(match[0], item.page.body), values) if NOWHERE_HOST in values else values
    if isinstance(values, Mapping):
        return {name: as_written(value, item) for name, value in values.items()}
    return [as_written(value, item) for value in values] if isinstance(values, list | tuple) else values


def _relative(address: str, body: bytes) -> str:
    path = address.removeprefix(NOWHERE_HOST)
    folders, own = NOWHERE.removeprefix(NOWHERE_HOST).strip("/").split("/"), path.strip("/").split("/")
    shared = next(
        (n for n, (one, other) in enumerate(zip(folders, own, strict=False)) if one != other), min(len(folders), len(own))
    )
    if not shared:
        return path
    near = "../" * (len(folders) - shared) + "/".join(own[shared:])
    forms = (near, f"./{near}", unquote(near), f"./{unquote(near)}")
    return next((form for form in forms if _stands(form, body)), near)


def _stands(form: str, body: bytes) -> bool:
    """Does the page have an address in just this form?"""
    raw = form.replace("&", "&amp;").encode()
    return any(mark + each in body for each in (form.encode(), raw) for mark in (b'"', b"'", b"="))


def _from_records(held: Opened, base: str, scratch: Path, problems: list[str]) -> Iterator[Item]:
    """The pages of a WARC file: of ours what was looked at as a page, of others every answer. What is damaged is named, and the rest read.
    `base`: what its pages are printed under."""
    try:
        if is_ours(held.path):
            yield from _own(held, base, as_members(held, scratch), problems)
            return
        for found in foreign.pages(held.path):
            if found.page is None:
                problems.append(f"{held.name}, record {found.number}: {found.trouble}")
            else:
                if found.note:
                    output.note(f"{held.name}, record {found.number}: read by what its bytes are: {found.note}")
                yield Item(f"{base}:{found.number}", found.page, found.url)
    except ArchiveError as error:
        problems.append(words.complaint(error).replace(str(held.path), held.name))


def _own(held: Opened, base: str, packed: Opened, problems: list[str]) -> Iterator[Item]:
    """The pages of a file of ours, each with the further pages its run looked at; a revisit is read through its original in the same file.
    `packed`: the file with a gzip member for each record, as we write it."""
    path, places = packed.path, _places(held, packed)
    answers: dict[str, Capture] = {}
    pieces: dict[tuple[str, int, str], list[Kept]] = {}
    looks = []
    for look in walk(path):
        if look.capture is None or look.task.kind in ABOUT_THE_SITE:
            continue
        if look.capture.type == "response":
            answers[look.capture.record_id] = look.capture
        if look.task.kind is Kind.CONTINUATION:
            pieces.setdefault((look.task.source, look.task.run.slot, look.task.via or ""), []).append(look)
        elif look.outcome in GOOD:
            looks.append(look)

    def page(look: Kept) -> Page | None:
        assert look.capture is not None
        original = answers.get(look.capture.original.record_id) if look.capture.original else None
        try:
            return open_page(path.parent, look.capture, original)
        except DamagedRecord as error:
            problems.append(f"{held.name} at {places.get(look.capture.offset, look.capture.offset)}: {error}")
            return None

    for look in looks:
        assert look.capture is not None
        read = page(look)
        found = pieces.get((look.task.source, look.task.run.slot, look.task.key), [])
        more = tuple((piece.task.key, there) for piece in found if piece.outcome in GOOD and (there := page(piece)) is not None)
        if read is not None:
            yield Item(f"{base}:{places.get(look.capture.offset, look.capture.offset)}", read, look.task.public_url, more)


def _places(held: Opened, packed: Opened) -> dict[int, int]:
    """Where a record stands in the file that was given: its offset, or its number where it shares a member; {} when it is as we write it."""
    if packed.path == held.path:
        return {}
    with packed.path.open("rb") as file:
        return {
            member.offset: raw.number if raw.offset is None else raw.offset
            for member, raw in zip(members(file, 0), records(held.path), strict=False)
        }
