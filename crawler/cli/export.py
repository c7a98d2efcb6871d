"""`export`: records, versions or changes for other programs; or the evidence itself (`handover`)."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import exporting, known, output, sink, typed
from crawler.cli import narrowing as n
from crawler.cli.archive import reading
from crawler.cli.attached import Files
from crawler.cli.exporting import Form, Order, What, Written
from crawler.cli.options import file_of, first_moment, last_moment
from crawler.config.storage import places_of
from crawler.errors import CannotError, UsageError
from crawler.repository import exports
from crawler.repository.database import Connection
from crawler.repository.exports import State
from crawler.repository.search.question import Only, Question

After = Annotated[
    int | None, typer.Option(metavar="SEQ", min=0, help="Of changes: behind this line; the last manifest's cursor.")
]
FilesFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The documents that notices link to, as files there; none is overwritten.")
]
Texts = Annotated[bool, typer.Option("--texts", help="Of jsonl: with the texts of the documents that notices link to.")]


@dataclass(frozen=True, slots=True)
class More:
    """What else an export is asked for: behind which line of the ledger, with a mark, folders of tables and of documents, with texts."""

    after: int
    bom: bool
    tables: Path | None
    files: Path | None
    texts: bool

    def check(self, what: What, form: Form) -> None:
        """Raises UsageError for what does not go with such an export."""
        if self.files is not None and (what is What.CHANGES or form in (Form.PARQUET, Form.SQLITE)):
            raise UsageError("--files goes with records or versions as jsonl or csv", remedy="leave --files out, or export twice")
        if self.texts and (what is What.CHANGES or form is not Form.JSONL):
            raise UsageError("--texts goes with records or versions as jsonl", remedy="leave --texts or --as out")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export", context_settings={"ignore_unknown_options": True})(export)


def export(
    context: typer.Context,
    words: n.Words = None,
    to: Annotated[str, typer.Option(metavar="FILE", help="A file, or - for standard output.")] = "-",
    form: Annotated[Form, typer.Option("--as", help="jsonl: whole records; csv: a line each; parquet; sqlite.")] = Form.JSONL,
    versions: Annotated[bool, typer.Option("--versions", help="Every version, not only the current one.")] = False,
    changes: Annotated[bool, typer.Option("--changes", help="What happened: create, edit, gone, back, withhold …")] = False,
    after: After = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what was written when interrupted; called again, go on there.")
    ] = False,
    bom: Annotated[bool, typer.Option("--bom/--no-bom", help="Of csv: the mark by which spreadsheets know UTF-8.")] = True,
    bare: Annotated[bool, typer.Option("--bare", help="The file alone, without manifest and descriptor.")] = False,
    tables: Annotated[Path | None, typer.Option(metavar="DIR", help="Each table of a notice as a CSV file there.")] = None,
    files: FilesFolder = None,
    texts: Texts = False,
    source: Annotated[str | None, n.option("SOURCE", "A source's id, or words of its title or of the page's 来源.")] = None,
    since: Annotated[
        str | None, n.option("DAY", "Published on this day or later; of evidence: looks from then on, also 7d.")
    ] = None,
    until: Annotated[str | None, n.option("DAY", "Published on this day or earlier; of evidence: looks until then.")] = None,
    written: n.Written = None,
    seen: n.Seen = None,
    presence: n.Presence = None,
    region: n.Region = None,
    level: n.Level = None,
    channel: n.Channel = None,
    issuer: n.Issuer = None,
    category: n.Category = None,
    genre: n.Genre = None,
    validity: n.Validity = None,
    has: n.Has = None,
    as_of: n.AsOf = None,
    warc: Annotated[bool, typer.Option("--warc", help="Evidence: the looks' WARC records, to a folder.")] = False,
    cdxj: Annotated[bool, typer.Option("--cdxj", help="Evidence: an index of the archive's captures, sorted.")] = False,
    wacz: Annotated[bool, typer.Option("--wacz", help="Evidence: one WACZ file, for ReplayWeb.page.")] = False,
    pywb: Annotated[bool, typer.Option("--pywb", help="Evidence: a folder that pywb shows.")] = False,
    bag: Annotated[bool, typer.Option("--bag", help="Evidence: the WARC records in a bag (BagIt).")] = False,
) -> None:
    """Records as JSON Lines, CSV, Parquet or one SQLite file, ordered by id, narrowed as a search is; or the evidence itself.

    A file that is there is replaced when everything is written, and not before. Beside it stand FILE.manifest.json, what it was made of,
    and FILE.datapackage.json, its description.

    Example: gongkai export 预算 --since 2024 --as csv --to records.csv
    """
    only = Only(
        source=source, since=since, until=until, presence=presence, region=region, level=level, channel=channel, issuer=issuer,
        category=category, genre=genre, validity=validity, has=has, written=written, seen=seen,
    )  # fmt: skip
    bundles = [name for name, asked in (("warc", warc), ("cdxj", cdxj), ("wacz", wacz), ("pywb", pywb), ("bag", bag)) if asked]
    query = n.query_of(words or [])
    with _unless_interrupted(to, resume=resume and not bundles, is_folder=warc or pywb or bag):
        if bundles:
            _hand_over(context, bundles, query, to, source, (since, until))
            return
        what = _what(versions=versions, changes=changes, after=after, as_of=as_of)
        question = Question(query, only, as_of=last_moment(as_of) if as_of else None)
        _export(context, question, what, form, More(after or 0, bom, tables, files, texts), (to, resume, bare))


@contextlib.contextmanager
def _unless_interrupted(to: str, *, resume: bool, is_folder: bool) -> Iterator[None]:
    """On Ctrl-C say what is there of the export, and how it is had."""
    try:
        yield
    except KeyboardInterrupt:
        _tell_interrupted(to, resume=resume, is_folder=is_folder)
        raise typer.Exit(130) from None


def _tell_interrupted(to: str, *, resume: bool, is_folder: bool) -> None:
    again = typed.again()
    if resume:
        output.note(f"interrupted: what was written is kept beside {to} · {again} goes on")
    elif is_folder:
        output.note(f"interrupted: {to} is not whole · remove it, and {again} begins again")
    elif sink.is_file(to):
        output.note(f"interrupted: {to} is as it was · {again} begins again; with --resume it would go on")
    else:
        output.note(f"interrupted: what was written is not whole · {again} begins again")


def _export(
    context: typer.Context,
    question: Question,
    what: What,
    form: Form,
    more: More,
    place: tuple[str, bool, bool],
) -> None:
    """Write it, what stands beside it, and say so. `place`: where to, going on, alone."""
    to, resume, bare = place
    more.check(what, form)
    if form is Form.PARQUET:
        from crawler.cli import columnar

        columnar.check()
    with reading(context) as c:
        order = _order(context, c, question, what, form, more)
        state = exports.state(c)
        made = _write(c, order, to, state, resume=resume)
        if sink.is_file(to) and not bare:
            target = Path(to)
            told = exporting.manifest(order, target, made, state, f"gongkai {_version()}")
            exporting.beside(target, {"manifest": told, "datapackage": exporting.descriptor(order, target, made, state)})
    _tell(order, made, to)


def _what(*, versions: bool, changes: bool, after: int | None, as_of: str | None) -> What:
    if versions and changes:
        raise UsageError("--versions and --changes are two exports", remedy="ask for one at a time")
    if changes and as_of:
        raise UsageError("--changes has no --as-of", remedy="--after SEQ says from where changes are told")
    if after is not None and not changes:
        raise UsageError("--after is for --changes", remedy="add --changes, or leave it out")
    return What.VERSIONS if versions else What.CHANGES if changes else What.RECORDS


def _order(context: typer.Context, c: Connection, question: Question, what: What, form: Form, more: More) -> Order:
    """What is asked for. A source that is named by its id needs no index of words."""
    only = question.only
    said = {name: value for name in Only.__slots__ if (value := getattr(only, name)) is not None}
    said |= {"query": question.query} if question.query else {}
    said |= {"as_of": output.iso(question.as_of)} if question.as_of is not None else {}
    exact = None
    if only.source is not None and only.source.isascii():
        exact = known.source(context, c, only.source)
        question = Question(question.query, Only(**{**_values(only), "source": None}), as_of=question.as_of)
    choice = replace(exports.choose(c, question, exact), texts=more.texts)
    if choice.unindexed:
        output.note(f"{output.plural(choice.unindexed, 'document')} not looked through: the index of words has not come so far")
    put = Files(more.files, places_of(file_of(context))[1]) if more.files is not None else None
    return Order(what, form, choice, more.after, more.bom, more.tables, said, put)


def _values(only: Only) -> dict[str, str | None]:
    return {name: getattr(only, name) for name in Only.__slots__}


def _write(c: Connection, order: Order, to: str, state: State, *, resume: bool) -> Written:
    if resume and not sink.is_file(to):
        raise UsageError("--resume needs a file", remedy="name one with --to")
    if order.form in (Form.JSONL, Form.CSV):
        if not resume:
            return exporting.to_stream(c, order, to, state.last)
        with exporting.resumed(c, order, to, state.last) as (partial, made):
            sink.put(partial, Path(to).resolve())
        return made
    if not resume:
        return _library(order, to, state, (item for _, item in exporting.items(c, order)), state.last)
    with exporting.resumed(c, order, to, state.last) as (partial, made):
        return _library(order, to, state, exporting.spooled(partial), made.cursor)


def _library(order: Order, to: str, state: State, items: exporting.Items, cursor: int) -> Written:
    """A form that a library writes. Raises CannotError."""
    with sink.made(to) as path:
        try:
            if order.form is Form.PARQUET:
                from crawler.cli import columnar

                count = columnar.write(path, order.what, items)
            else:
                from crawler.cli import lite

                count = lite.write(path, order.what, items, exporting.sources_of(state))
                lite.note(
                    path, {"what": str(order.what), "narrowed": dict(order.said), "cursor": cursor, "schema": state.revision}
                )
        except sqlite3.Error as error:
            raise CannotError(f"cannot write {to}: {error}", remedy="is there room for it?") from error
        size, digest = exporting.digest_of(path)
    return Written(count, 0, cursor, size, digest)


def _hand_over(
    context: typer.Context, bundles: list[str], query: str, to: str, source: str | None, days: tuple[str | None, str | None]
) -> None:
    """The evidence. Raises UsageError."""
    from crawler.cli.handover import Bundle, hand_over

    if len(bundles) > 1:
        raise UsageError(f"--{bundles[0]} and --{bundles[1]} are two exports", remedy="ask for one at a time")
    if query:
        raise UsageError(f"--{bundles[0]} takes no query", remedy="narrow it with --source, --since and --until")
    span = first_moment(days[0]) if days[0] else None, last_moment(days[1]) if days[1] else None
    with reading(context) as c:
        chosen = known.source(context, c, source)
    hand_over(context, Bundle(bundles[0]), to, chosen, span)


def _version() -> str:
    from crawler.cli.main import VERSION

    return VERSION


def _tell(order: Order, made: Written, to: str) -> None:
    word = str(order.what).removesuffix("s")
    if to not in sink.STDOUT:
        output.note(f"{output.plural(made.count, word)} in {to}")
    if order.what is What.CHANGES:
        output.note(f"later ones: gongkai export --changes --after {made.cursor}")
    if order.tables is not None:
        output.note(f"{output.plural(made.tables, 'table')} in {order.tables}")
    if order.files is not None:
        output.note(f"{output.plural(order.files.written, 'file')} in {order.files.folder}")
        for lost in order.files.lost:
            output.note(f"not written, its bytes are damaged: {lost}")
        if order.files.lost:
            raise typer.Exit(1)
