"""`serve`: the pages and the API."""

from typing import Annotated

import typer

from crawler.cli import output
from crawler.cli.main import VERSION
from crawler.cli.waiting import until_it_can
from crawler.config.values import Config
from crawler.errors import NoArchive, UsageError
from crawler.repository.database import reading


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    context: typer.Context,
    listen: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where; default serve.listen, 127.0.0.1:8080.")] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="While there is no configuration, or no archive yet, wait for it and say so.")
    ] = False,
) -> None:
    """Pages and API over the archive, until Ctrl-C. Needs GONGKAI_TOKEN, or a file named by
    GONGKAI_TOKEN_FILE, to be reached from elsewhere, and for whatever changes something.

    Example: gongkai serve --listen 127.0.0.1:8080
    """
    from crawler.cli.settings import configured
    from crawler.console.server import serve as answer

    def begin() -> Config:
        found = configured(context)
        if wait:
            with reading(found.storage.database):
                pass
        return found

    config = until_it_can(begin, (UsageError, NoArchive)) if wait else begin()
    if config is None:
        return
    for name, problems in config.broken.items():
        output.note(f"{name} is left out: {problems[0]}; gongkai sources check shows all that is wrong")
    host, port = where(listen) if listen else (config.serve.host, config.serve.port)
    answer(
        config, host, port, ready=lambda url: output.note(f"{url} · API {url}api/v1/records · Ctrl-C ends it"), version=VERSION
    )


def where(listen: str) -> tuple[str, int]:
    """(host, port). Raises UsageError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise UsageError(f"{listen!r} is no address to listen on", remedy="write 127.0.0.1:8080")
    return host.strip("[]") or "127.0.0.1", int(port)
