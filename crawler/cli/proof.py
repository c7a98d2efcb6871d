"""`checkpoint`, `prove`, `verify`: what an archive held is shown to those who need not trust its operator."""

import time
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from crawler.archive import proof as proofs
from crawler.archive.notes import PublicKey, opened, public_key
from crawler.archive.reader import find, read_record
from crawler.archive.tree import Tree
from crawler.cli import output
from crawler.cli.archive import reading
from crawler.cli.options import file_of
from crawler.cli.settings import configured
from crawler.config.storage import places_of
from crawler.errors import CannotError, UsageError
from crawler.model import capture_id
from crawler.repository import selection

SHOWN = 20  # faults that are told
PROOF, RECORD = ".proof.json", ".warc.gz"

Key = Annotated[
    str | None, typer.Option("--key", metavar="KEY", help="The public key, or a file that holds it; default the archive's own.")
]
Against = Annotated[
    list[Path] | None, typer.Option("--against", metavar="FILE", help="A checkpoint that was kept; may be given several times.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (checkpoint, prove, verify):
        app.command(command.__name__)(command)


def checkpoint(context: typer.Context) -> None:
    """Take everything that is committed into the tree and sign it: what is printed is worth keeping elsewhere.

    Example: gongkai checkpoint
    """
    from crawler.pipeline.checkpoints import sign
    from crawler.repository.database import Database
    from crawler.repository.migrations import check_schema

    config = configured(context)
    if not config.storage.archive.is_dir():
        raise CannotError(f"there is no archive at {config.storage.archive}", remedy="check storage.archive")
    database = Database(config.storage.database)
    try:
        check_schema(database)
        signed = sign(database, config.storage.archive, config.proof.key, lambda: time.time_ns() // 1_000_000)
    finally:
        database.close()
    output.say(proofs.read(signed.path).rstrip("\n"))
    output.note(f"{output.plural(signed.checkpoint.size, 'record')}, signed in {signed.path}; the public key: {signed.public}")


def prove(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A document, ID.N for a version, a capture (c-…), or the page's address.")
    ],
    since: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also that the tree of this earlier checkpoint is the beginning of today's."),
    ] = None,
    to: Annotated[Path, typer.Option(metavar="DIR", help="Where the proof and the record are written.")] = Path(),
) -> None:
    """The proof that a capture was in the archive when a checkpoint was signed, and the record it is about.

    Example: gongkai prove 7k3m --since checkpoint-2026-01-01.note --to proof
    """

    folder = places_of(file_of(context))[1]
    with reading(context) as c:
        capture, _ = selection.one(c, name)
    tree = Tree(folder)
    if not tree.public.is_file():
        raise UsageError("no checkpoint was signed yet", remedy="the daemon makes one a day; gongkai checkpoint makes one now")
    key = public_key(proofs.read(tree.public))
    made = proofs.prove(tree, key, (capture.file, capture.offset), proofs.read(since) if since else None)
    path = find(folder, capture.file)
    read_record(path, capture.offset, capture.length)  # what is no whole record proves nothing
    try:
        with path.open("rb") as file:
            file.seek(capture.offset)
            record = _first_member(file.read(capture.length))
        to.mkdir(parents=True, exist_ok=True)
        target = to / capture_id(capture.record_id)
        target.with_name(target.name + RECORD).write_bytes(record)
        target.with_name(target.name + PROOF).write_text(made.text(), "utf-8")
    except OSError as error:
        raise CannotError(f"cannot write {to}: {error.strerror or error}", remedy="choose another place with --to") from error
    output.say(f"{target}{PROOF}")
    output.say(f"{target}{RECORD}")
    output.note(f"the public key: {key}")


def _first_member(data: bytes) -> bytes:
    """The first record of a capture: behind it may stand the exact bytes of its answer."""
    unpacker = zlib.decompressobj(31)
    unpacker.decompress(data)
    return data[: len(data) - len(unpacker.unused_data)]


def verify(
    context: typer.Context,
    proof: Annotated[
        Path | None, typer.Argument(metavar="[PROOF]", help="A proof; none: the archive itself, every record of it.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The WARC record; default the file beside the proof.")
    ] = None,
    key: Key = None,
    against: Against = None,
) -> None:
    """Was this record in the archive when the checkpoint was signed? Is the archive still what was signed?

    A proof needs only its record and the public key: no archive, no configuration. Without a proof the archive's records are read and
    compared with checkpoints: those that you kept, or its own. Exit code 0: yes; 1: no, and why.

    Example: gongkai verify c-7k3m.proof.json --key gongkai-….pub --against checkpoint-2026-01-01.note
    """
    if proof is not None:
        faults = _of_proof(proof, record, key, against or [])
    elif record is not None:
        raise UsageError("--record belongs to a proof", remedy="gongkai verify PROOF --record FILE --key KEY")
    else:
        faults = _of_archive(context, key, against or [])
    for fault in faults[:SHOWN]:
        output.tell(fault, "red")
    if len(faults) > SHOWN:
        output.tell(f"… and {len(faults) - SHOWN} more")
    if faults:
        raise typer.Exit(1)


def _of_proof(proof: Path, record: Path | None, key: str | None, against: Sequence[Path]) -> list[str]:

    if key is None:
        raise UsageError("--key is needed", remedy="the public key, as its archive has published it, or a file that holds it")
    public = _key(key)
    made = proofs.read_proof(proofs.read(proof))
    place = record or proof.with_name(proof.name.removesuffix(PROOF) + RECORD)
    try:
        data = place.read_bytes()
    except OSError as error:
        raise CannotError(f"cannot read {place}: {error.strerror or error}", remedy="name the record with --record") from error
    faults = proofs.faults(made, data, public, [proofs.read(path) for path in against])
    if not faults:
        output.tell(f"proved: record {made.index} of {opened(made.checkpoint, public).size}, signed by {public.name}")
    return faults


def _of_archive(context: typer.Context, key: str | None, against: Sequence[Path]) -> list[str]:

    folder = places_of(file_of(context))[1]
    tree = Tree(folder)
    notes = list(against) or tree.notes()
    if not notes:
        raise UsageError("no checkpoint was signed yet", remedy="gongkai checkpoint signs one")
    faults = list(proofs.check_archive(folder, _key(key or str(tree.public)), [proofs.read(path) for path in notes]))
    if not faults:
        size = tree.state().size
        output.tell(f"sound: {output.plural(size, 'record')} as {output.plural(len(notes), 'checkpoint')} signed them")
    return faults


def _key(said: str) -> PublicKey:
    return public_key(proofs.read(Path(said)) if "+" not in said or Path(said).is_file() else said)
