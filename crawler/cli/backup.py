"""`backup`: a copy of everything, of one moment, also while the daemon runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import output, typed
from crawler.cli.options import Json
from crawler.cli.progress import Bar
from crawler.cli.settings import configured
from crawler.pipeline import backup as copying


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("backup")(backup)


def backup(
    context: typer.Context,
    to: Annotated[
        Path, typer.Argument(metavar="TO", help="A folder: a new one, an empty one, or one that holds an earlier backup.")
    ],
    as_json: Json = False,
) -> None:
    """Copy database, WARC files and configuration, also while the daemon runs; what an earlier backup there has is not copied again.

    The copy is an archive: with GONGKAI_CONFIG, GONGKAI_DATABASE and GONGKAI_ARCHIVE naming what is in it, every command works on it.

    Example: gongkai backup /mnt/backup/gongkai
    """
    config = configured(context)
    try:
        with Bar("backup", quiet=as_json or not sys.stderr.isatty()) as bar:
            done = copying.backup(config, to, bar.count)
    except KeyboardInterrupt:
        output.note(f"interrupted: {to} is not whole yet · {typed.again()} goes on")
        raise typer.Exit(130) from None
    if as_json:
        output.json_line(
            {
                "database": str(done.database),
                "files": done.files,
                "kept": done.kept,
                "bytes": done.bytes,
                "configuration": str(to / "config"),
            }
        )
        return
    output.tell(
        f"done: {done.database}, {done.files} WARC files ({done.files - done.kept} copied, {done.kept} there already), {output.size(done.bytes)}"
    )
    if done.database.suffix == ".dump":
        output.note(f"restore: pg_restore --dbname=NEW {done.database}, and {to / 'data' / 'warc'} as the archive")
    else:
        output.note(f"restore: put config/ and data/ of {to} where they were; gongkai health then says whether all is well")
