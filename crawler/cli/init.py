"""`init`: a commented configuration to start from."""

import sys
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import output
from crawler.cli.options import file_of
from crawler.config.load import check_operator
from crawler.config.storage import DEFAULT, named_file
from crawler.errors import CannotError, UsageError

NAME, CONTACT = 'name = "Example Archive"', 'contact = "https://example.org/about-crawler"'


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    context: typer.Context,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Who asks: sent with every request.")] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="URL|MAILTO", help="A page about your crawler, or mailto:you@example.org.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where config/ is written.", show_default=False)] = None,
) -> None:
    """Write config/gongkai.toml, or the file that --config names, with comments, and the columns that come with gongkai, none of them turned on.

    Name and contact are required before anything is fetched.

    Example: gongkai init --name "Example Archive" --contact mailto:archive@example.org
    """
    target = _target(file_of(context), folder)
    if target.exists():
        raise UsageError(f"{target} is there already", remedy="edit it, or move it away first")
    if sys.stdin.isatty() and sys.stderr.isatty():
        name = name or typer.prompt("Name of your archive, sent with every request", err=True)
        contact = contact or typer.prompt("A page about your crawler, or mailto: address", err=True)
    check_operator(name, contact)
    text = resources.files("crawler.config").joinpath("example.toml").read_text("utf-8")
    text = text.replace(NAME, f"name = {_quoted(name)}" if name else f"# {NAME}   # required", 1)
    text = text.replace(CONTACT, f"contact = {_quoted(contact)}" if contact else f"# {CONTACT}   # required", 1)
    try:
        (target.parent / "sources").mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
        brought = _bring_columns(target.parent / "sources")
    except OSError as error:
        raise CannotError(
            f"cannot write {target}: {error.strerror or error}", remedy="choose another place with --folder or --config"
        ) from error
    columns = (
        f" and {output.plural(brought, 'column')}, none of them turned on, in {target.parent / 'sources'}" if brought else ""
    )
    output.tell(f"wrote {target}{columns}")
    missing = [flag for flag, value in (("operator.name", name), ("operator.contact", contact)) if not value]
    if missing:
        output.note(f"set {' and '.join(missing)} in it before the first crawl")
    came = "gongkai sources list · gongkai sources enable ID · " if brought else ""
    output.note(f"next: {came}a column of your own: gongkai probe URL")


def _target(named: Path | None, folder: Path | None) -> Path:
    """The file to be written. Raises UsageError when two are named."""
    if folder is None:
        return named_file(named)
    if named is not None:
        raise UsageError(f"--config names {named}, and --folder another place", remedy="give one of them")
    return folder / DEFAULT


def _bring_columns(folder: Path) -> int:
    """Write the source files that come with gongkai where there is none of that name; how many."""
    shipped = resources.files("crawler.config").joinpath("columns")  # in a wheel; in a clone they lie beside the package
    held = shipped if shipped.is_dir() else Path(__file__).parents[2] / "config" / "sources"
    if not held.is_dir():
        return 0
    count = 0
    for file in sorted(held.iterdir(), key=lambda file: file.name):
        target = folder / file.name
        if file.name.endswith(".toml") and not target.exists():
            target.write_text(file.read_text("utf-8"), "utf-8")
            count += 1
    return count


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
