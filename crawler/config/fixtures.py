"""A source's fixture: pages as they came, and what must be read from them, in a folder that a person can read.

    <id>/meta.json       where each page came from: address, status, content type, time, kind, further pages
    <id>/list.html       a list page;    <id>/list.json  its rows and its next page
    <id>/1.html …        detail pages;   <id>/1.json …   what they are, and their records
    <id>/1.2.html …      further pages of the record of 1.html, in order

The ending of a page's file follows what it holds (.html, .data for JSON, .pdf …); meta.json names it. The program that reads a page
writes what is expected; a person looks at it once, and from then on a difference is a failure.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.errors import UsageError
from crawler.model import Kind, Page, Request
from crawler.parsers.page import read
from crawler.record.reading import Reading
from crawler.record.rules import ReadRules
from crawler.record.serial import as_json, record_of
from crawler.text import urls

FORMAT = 1
META = "meta.json"
ENDINGS = {"application/pdf": ".pdf", "application/json": ".data", "text/json": ".data", "text/plain": ".txt"}
NAME = re.compile(r"(?:list|[1-9]\d{0,3})(?:\.[1-9]\d{0,3})?")
UNSAID = ("capture", "further", "provenance")  # where a value was found may improve; the value must not


@dataclass(frozen=True, slots=True)
class Saved:
    """A page of a fixture. `name` is `list` or a number; `more` the further pages its record is made of, in order."""

    name: str
    page: Page
    kind: Kind
    public_url: str
    more: tuple[Page, ...] = ()


def read_saved(saved: Saved, rules: ReadRules) -> Reading:
    """The reading of a saved page, in this process."""
    more = {urls.key(Request(page.url)): page for page in saved.more}
    return read(saved.page, saved.kind, rules, saved.public_url, more=more)


# ------------------------------------------------------------------ writing
def save(
    folder: Path, source: str, saved: Sequence[Saved], reading: Callable[[Saved], Reading], *, verified: str = ""
) -> list[Path]:
    """Write a source's fixture into `folder` and say which files; what stood there under these names is replaced.

    `reading(saved)` is what is expected from now on: `read_saved` in this process, or a killable child for pages nobody has looked at.
    `verified` says how the pages were come by, in words. Raises UsageError for a name that is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    pages: dict[str, Any] = {}
    for one in saved:
        if not NAME.fullmatch(one.name) or "." in one.name:
            raise UsageError(f"{one.name!r} is no name of a page", remedy="list, 1, 2, 3 …")
        listed = [one.page, *one.more]
        files = [one.name + ("" if not at else f".{at + 1}") + _ending(page) for at, page in enumerate(listed)]
        for file, page in zip(files, listed, strict=True):
            (folder / file).write_bytes(page.body)
        (folder / f"{one.name}.json").write_text(_dump(expected(reading(one), one.kind)), "utf-8")
        written += [folder / file for file in files] + [folder / f"{one.name}.json"]
        pages[one.name] = {
            "kind": str(one.kind),
            "public_url": one.public_url,
            "pages": [_page_json(file, page) for file, page in zip(files, listed, strict=True)],
        }
    meta = {"format": FORMAT, "source": source, "verified": verified, "pages": pages}
    (folder / META).write_text(_dump(meta), "utf-8")
    return [*written, folder / META]


def _page_json(file: str, page: Page) -> dict[str, Any]:
    """Of the headers only the content type says anything about how a page is read."""
    return {"file": file, "url": page.url, "status": page.status, "content_type": page.header("content-type"), "at": page.at}


def _ending(page: Page) -> str:
    media_type = (page.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type in ENDINGS:
        return ENDINGS[media_type]
    return ".html" if not media_type or media_type.startswith("text/") or "html" in media_type or "xml" in media_type else ".bin"


def _dump(values: object) -> str:
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


def expected(reading: Reading, kind: Kind) -> dict[str, Any]:
    """What a fixture holds of a reading: rows and pager of a list; kind and records of a detail page."""
    said: dict[str, Any] = {"page_kind": str(reading.page_kind)}
    if reading.error is not None:
        return {**said, "error": reading.error}
    if kind is Kind.LIST:
        rows = [{"url": row.url, "title": row.title, "date": row.date} for row in reading.rows]
        following = reading.next_list
        said |= {"rows": rows, "next": following and _request(following)}
        return said | {"total_pages": reading.total_pages, "total_rows": reading.total_rows}
    records = [{"part": notice.part, **_without(as_json(record_of(notice)))} for notice in reading.notices]
    return said | {"records": records}


def _request(request: Request) -> dict[str, Any]:
    body = {"body": request.body.decode("utf-8", "replace")} if request.body else {}
    return {"url": request.url, "method": request.method, **body}


def _without(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if key not in UNSAID}


# ------------------------------------------------------------------ reading and comparing
def load(folder: Path) -> list[Saved]:
    """The pages of a fixture. Raises UsageError, naming the file, when it is none."""
    try:
        meta = json.loads((folder / META).read_text("utf-8"))
        if meta["format"] != FORMAT:
            raise UsageError(f"{folder / META}: format {meta['format']}, this program reads {FORMAT}")
        found = []
        for name, said in meta["pages"].items():
            first, *more = [_page(folder, page) for page in said["pages"]]
            found.append(Saved(name, first, Kind(said["kind"]), said["public_url"], tuple(more)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{folder} is no fixture: {error}", remedy="tests/tools/write_fixture.py writes one") from error
    return found


def verified(folder: Path) -> str:
    """How a fixture's pages were come by. Raises UsageError when it is none."""
    try:
        return str(json.loads((folder / META).read_text("utf-8"))["verified"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} is no fixture: {error}") from error


def _page(folder: Path, said: Mapping[str, Any]) -> Page:
    headers = (("content-type", said["content_type"]),) if said["content_type"] else ()
    return Page(said["url"], said["status"], headers, (folder / said["file"]).read_bytes(), said["at"])


def check(folder: Path, rules: ReadRules) -> list[str]:
    """What is read today from a fixture's pages, against what is expected: one line a difference, none when all is well.

    Raises UsageError when the folder is no fixture.
    """
    differences = []
    for saved in load(folder):
        file = folder / f"{saved.name}.json"
        try:
            wanted = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{file}: no expectation: {error}", remedy="tests/tools/write_fixture.py --again writes it"
            ) from error
        found = json.loads(json.dumps(expected(read_saved(saved, rules), saved.kind)))
        differences += [f"{file.name}: {line}" for line in _differences(wanted, found, "")]
    return differences


def _differences(wanted: object, found: object, path: str) -> list[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        return [line for key in keys for line in _differences(wanted.get(key), found.get(key), f"{path}.{key}" if path else key)]
    if isinstance(wanted, list) and isinstance(found, list):
        lines = [] if len(wanted) == len(found) else [f"{path}: {len(wanted)} expected, {len(found)} found"]
        pairs = enumerate(zip(wanted, found, strict=False))
        return lines + [line for at, (one, other) in pairs for line in _differences(one, other, f"{path}[{at}]")]
    return [] if wanted == found else [f"{path}: expected {wanted!r:.200}, found {found!r:.200}"]
