"""`init`: a commented configuration to start from."""

import sys
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from crawler.cli import output
from crawler.config.load import check_operator
from crawler.errors import CannotError, UsageError

NAME, CONTACT = 'name = "Example Archive"', 'contact = "https://example.org/about-crawler"'


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    name: Annotated[str | None, typer.Option(help="Who asks: sent with every request.")] = None,
    contact: Annotated[str | None, typer.Option(help="A page about your crawler, or mailto:you@example.org.")] = None,
    folder: Annotated[Path, typer.Option(help="Where config/ is written.")] = Path(),
) -> None:
    """Write config/gongkai.toml with comments; name and contact are required before anything is fetched.

    Example: gongkai init --name "Example Archive" --contact mailto:archive@example.org
    """
    target = folder / "config" / "gongkai.toml"
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
        target.write_text(text, "utf-8")
    except OSError as error:
        raise CannotError(
            f"cannot write {target}: {error.strerror or error}", remedy="choose another place with --folder"
        ) from error
    output.say(f"wrote {target}")
    missing = [flag for flag, value in (("operator.name", name), ("operator.contact", contact)) if not value]
    if missing:
        output.note(f"set {' and '.join(missing)} in it before the first crawl")
    output.note("next: put sources into config/sources/, then gongkai sources check · gongkai crawl SOURCE")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
