"""The way out: `extract`, and what `export` hands over for other programs: WARC files, an index, WACZ, a layout for pywb, a bag."""

import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import attached, output
from crawler.cli.archive import reading
from crawler.cli.options import file_of
from crawler.errors import CannotError, UsageError
from crawler.model import Capture, Kind, Page
from crawler.record.content import pieces_of, text_lines
from crawler.repository.reader import is_missing

NAME = "gongkai"


class What(StrEnum):
    """What of a capture is extracted."""

    PAYLOAD = "payload"
    RESPONSE = "response"
    TEXT = "text"


class Bundle(StrEnum):
    """What is handed over."""

    WARC = "warc"
    CDXJ = "cdxj"
    WACZ = "wacz"
    PYWB = "pywb"
    BAG = "bag"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("extract")(extract)


def extract(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A document, ID.N for a version, a capture (c-…), or the page's address.")
    ],
    what: Annotated[
        What,
        typer.Option(
            "--as",
            help="payload: as a reader has it, decoded; response: as it came; text: in UTF-8, also of a PDF, Office or OFD file.",
        ),
    ] = What.PAYLOAD,
    to: Annotated[str, typer.Option(metavar="FILE", help="A file, or - for standard output.")] = "-",
    attachment: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The document that the notice links to, by its number in show.")
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="As --as text.")] = False,
) -> None:
    """The very bytes of a capture, or of a document that a notice links to.

    Example: gongkai extract 7k3m --attachment 1 --to list.pdf
    """
    from crawler.archive.reader import open_page, open_wire
    from crawler.config.storage import places_of
    from crawler.repository import selection

    folder = places_of(file_of(context))[1]
    what = What.TEXT if text else what
    with reading(context) as c:
        if attachment is not None:
            item, _ = attached.one(c, name, attachment)
            if what is What.TEXT:
                _put(attached.text(c, item).encode("utf-8", "replace"), to)
                return
            name = attached.held(item)
        capture, payload = selection.one(c, name)
    if what is What.RESPONSE:
        data = open_wire(folder, capture)
    else:
        page = open_page(folder, capture, payload)
        data = page.body
        if what is What.TEXT:
            data = _text_of(page).encode("utf-8", "replace")
    _put(data, to)


def _put(data: bytes, to: str) -> None:
    if to == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(to).write_bytes(data)
    except OSError as error:
        raise CannotError(f"cannot write {to}: {error.strerror or error}", remedy="choose another place with --to") from error
    output.note(f"{output.size(len(data))} in {to}")


def _text_of(page: Page) -> str:
    """A page's source in Unicode; of a document the text in it, read by a process of its own. Raises CannotError where there is none."""
    from crawler.parsers.files import what_file
    from crawler.pipeline.readers import Job, Readers
    from crawler.record.rules import ReadRules
    from crawler.record.serial import record_of
    from crawler.text.charset import decode

    if what_file(page) is None:
        return decode(page.body, page.header("content-type")).text
    with Readers(1) as readers:
        found = readers.read(Job(page, Kind.DETAIL, ReadRules(), page.url))
    lines = [line for notice in found.notices for line in record_of(notice).body]
    if not lines:
        raise CannotError(f"no text in it: {found.error or found.evidence}", remedy="--as payload gives the document itself")
    return "\n".join(lines) + "\n"


def hand_over(context: typer.Context, what: Bundle, to: str, source: str | None, span: tuple[int | None, int | None]) -> None:
    """Write a bundle of the looks of a source and a time. Raises UsageError, CannotError."""
    from crawler.archive import bundle, cdxj
    from crawler.cli import sink
    from crawler.repository import selection

    wanted = selection.Wanted(source, *span)
    if what is Bundle.CDXJ:
        with reading(context) as c, sink.written(to) as write:
            for line in cdxj.index(selection.captures(c, wanted)):
                write(line)
        return
    if to == "-":
        raise UsageError(
            f"--{what} does not go to standard output", remedy=f"name a {'file' if what is Bundle.WACZ else 'folder'} with --to"
        )
    with reading(context) as c:
        looks, pages = selection.look_records(c, wanted), selection.pages(c, wanted)
    target = Path(to)
    try:
        if what is Bundle.WACZ:
            count = _wacz(context, looks, [(page.url, page.at, page.title) for page in pages], target)
        else:
            folder = bundle.empty_folder(target)
            if what is Bundle.PYWB:
                place, index = bundle.pywb_layout(folder, NAME)
            else:
                place, index = (folder / "data" if what is Bundle.BAG else folder), None
                place.mkdir(exist_ok=True)
            captures = list(bundle.copy_looks(_files(context), looks, place))
            count = len(captures)
            if what is not Bundle.PYWB:
                _convert(context, captures, place)
            if index is not None:
                bundle.write_index(captures, index)
            if what is Bundle.BAG:
                bundle.bag(folder, {"Bag-Software-Agent": _software(), "Bagging-Date": datetime.now(UTC).strftime("%Y-%m-%d")})
    except OSError as error:
        raise CannotError(f"cannot write {to}: {error.strerror or error}", remedy="choose another place with --to") from error
    output.note(f"{output.plural(len(looks), 'look')}, {output.plural(count, 'capture')} in {to}")


def _wacz(context: typer.Context, looks: set[str], pages: list[tuple[str, int, str]], target: Path) -> int:
    from crawler.archive import bundle
    from crawler.archive.tree import Tree
    from crawler.cli.settings import configured

    config = configured(context)
    path = config.proof.key or Tree(config.storage.archive).key
    key = bundle.key_at(path)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".wacz-") as made:
        captures = list(bundle.copy_looks(_files(context), looks, Path(made)))
        _convert(context, captures, Path(made))
        partial = Path(made) / "whole.zip"
        bundle.write_wacz(
            Path(made), captures, pages, partial, bundle.Said(f"{NAME} {datetime.now(UTC):%Y-%m-%d}", _software(), key)
        )
        partial.replace(target)
    if key is not None:
        output.note(f"signed; its public key: {key.public}")
    elif is_missing(path):
        output.note("not signed: gongkai checkpoint makes the archive's key")
    else:
        output.note(f"not signed: the archive's key, {path}, is not for you to read")
    return len(captures)


def _convert(context: typer.Context, captures: Sequence[Capture], folder: Path) -> None:
    """The texts of the documents among these captures, as records that refer to them."""
    from crawler.archive import conversions
    from crawler.repository.attached import converted

    with reading(context) as c:
        found = (
            conversions.Conversion(record, url, at, extractor, "\n".join(text_lines(pieces_of(packed))) + "\n")
            for record, url, at, extractor, packed in converted(c, [capture.record_id for capture in captures])
        )
        conversions.write(found, folder, {"software": _software(), "format": "WARC File Format 1.1"})


def _files(context: typer.Context) -> list[Path]:
    from crawler.config.storage import places_of

    folder = places_of(file_of(context))[1]
    return sorted(path for pattern in ("*.warc.gz", "*.warc.gz.open") for path in folder.glob(pattern))


def _software() -> str:
    from crawler.cli.main import VERSION

    return f"gongkai {VERSION}"
