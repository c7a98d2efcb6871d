"""The command: options, exit codes, and where its commands are. Errors end in one sentence with the remedy, never in a traceback.

Exit codes: 0 done; 1 done, and something is not well; 2 wrong usage or configuration; 3 could not; 130 interrupted.
"""

import contextlib
import errno
import gc
import importlib
import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from crawler.cli import streams, typed, words
from crawler.cli.__main__ import SERVING
from crawler.cli.command import Group, Interrupted, strict
from crawler.cli.output import safe
from crawler.errors import CannotError, GongkaiError, UsageError

VERSION = "0.1.0"
GARBAGE = (
    20_000,
    10,
    10,
)  # rows and records come and go by the thousand, and what they hold on to is freed without being looked for
COMMANDS = {  # name → module; a module is imported when its command is called
    "demo": "demo",
    "init": "init",
    "probe": "trial",
    "try": "trial",
    "crawl": "work",
    "run": "work",
    "reindex": "work",
    "audit": "evidence",
    "withhold": "withhold",
    "reparse": "reparse",
    "import": "intake",
    "extract": "handover",
    "checkpoint": "proof",
    "prove": "proof",
    "verify": "proof",
    "parse": "parse",
    "search": "search",
    "show": "look",
    "history": "look",
    "diff": "diff",
    "cite": "cite",
    "changes": "ledger",
    "stats": "stats",
    "export": "export",
    "sql": "sql",
    "health": "health",
    "alarms": "alarms",
    "backup": "backup",
    "sources": "sources",
    "frontier": "frontier",
    "fetch": "fetch",
    "serve": "serve",
}
DECORATION = ("rich", "click")
COMPLETING = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")  # where a shell that completes a command puts what is typed so far
READERS = (
    "search",
    "look",
    "ledger",
    "export",
    "diff",
    "cite",
    "stats",
    "sql",
)  # modules whose commands log nothing: structlog is not imported for them
PAGED = ("search", "show", "history", "diff", "changes", "stats")  # what a terminal shows page by page
HELP = {
    "demo": "A small government site in your machine: crawled, changed behind your back, crawled again.",
    "init": "Write a commented configuration.",
    "probe": "Look at a column and draft its source file.",
    "try": "Read one list page and three notices of a source; keep nothing.",
    "crawl": "One-off crawl, with progress, to its end.",
    "run": "The daemon.",
    "reindex": "Rebuild the database from the WARC files.",
    "audit": "Is the archive what was written?",
    "withhold": "Keep a document and show nothing of it.",
    "reparse": "Read archived pages again with today's rules; shown first.",
    "import": "Take in what others have captured: WARC, ARC, WACZ, saved pages.",
    "extract": "The very bytes of a capture.",
    "checkpoint": "Sign what the archive holds today.",
    "prove": "The proof that a capture was in the archive.",
    "verify": "Is a proof right? Is the archive what was signed?",
    "parse": "Read saved pages; keeps nothing.",
    "search": "Find records.",
    "show": "One document.",
    "history": "A document's versions, looks and ledger lines.",
    "diff": "What differs between two versions, word by word.",
    "cite": "How to cite a document, with its evidence.",
    "changes": "What happened, and what did not.",
    "stats": "How much there is, and of what.",
    "sql": "Ask in SQL, read-only, over the views.",
    "export": "Records, versions or changes, for other programs.",
    "health": "How every source is, and what is wrong with it.",
    "alarms": "Who is told: list, test.",
    "backup": "A copy of database and archive, also while the daemon runs.",
    "sources": "The columns: list, check, enable, disable, pause, resume.",
    "frontier": "What is due, what is dead: list, requeue.",
    "fetch": "The whole story of one exchange; keeps nothing.",
    "serve": "Pages and API over the archive.",
}


def _version(value: bool) -> None:
    if not value:
        return
    import platform
    import sqlite3
    from importlib.metadata import version

    libraries = " ".join(f"{name} {version(name)}" for name in ("httpx", "selectolax", "sqlalchemy", "apscheduler"))
    typer.echo(
        f"gongkai {VERSION} · Python {platform.python_version()} · SQLite {sqlite3.sqlite_version} · {libraries} · {platform.platform()}"
    )
    raise typer.Exit


def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Configuration file; default config/gongkai.toml.", show_default=False)
    ] = None,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="On stderr what happens, looks too; twice: exchanges.")
    ] = 0,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only warnings on stderr.")] = False,
    log_format: Annotated[str, typer.Option(metavar="text|json", help="How logs are written.")] = "text",
    lang: Annotated[
        str | None, typer.Option(metavar="zh|en", help="Language of help and words; default by LANG.", show_default=False)
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback has answered
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Versions, for a bug report.")
    ] = False,
) -> None:
    """The archive of what governments publish.

    Example: gongkai demo
    """
    from crawler.cli.options import Globals

    if lang not in (None, *words.LANGUAGES):
        raise UsageError(f"--lang is zh or en, not {lang!r}")
    if log_format not in ("text", "json"):
        raise UsageError(f"--log-format is text or json, not {log_format!r}")
    if COMMANDS.get(context.invoked_subcommand or "") not in READERS:
        from crawler.cli import logs

        logs.set_up(-1 if quiet else verbose, log_format)
    if context.invoked_subcommand in PAGED:
        from crawler.cli.pager import paged

        context.with_resource(paged())
    context.obj = Globals(config, log_format, -1 if quiet else verbose)


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command line for these arguments: the module of the command that is called is imported, the others stay names."""
    called = _called([*arguments, *(os.environ[name] for name in COMPLETING if name in os.environ)])
    return _app({COMMANDS[called]} if called else set())


def _called(typed_so_far: Sequence[str]) -> str | None:
    """The name of the command that is called."""
    return next((word for text in typed_so_far for word in text.split() if word in COMMANDS), None)


def everything() -> typer.Typer:
    """The whole command line, every module imported: for tests and documents that walk it."""
    return _app(set(COMMANDS.values()))


def _app(wanted: Collection[str]) -> typer.Typer:
    """The command line with the commands of these modules; the others are names in the overview."""
    app = typer.Typer(cls=Group, pretty_exceptions_enable=False, no_args_is_help=True, rich_markup_mode=None)
    app.callback()(options)
    for module in dict.fromkeys(COMMANDS.values()):
        if module in wanted:
            with _plain():
                home = importlib.import_module(f"crawler.cli.{module}")
            home.register(app)
            strict(app)
            continue
        for name in (name for name, home in COMMANDS.items() if home == module):
            app.command(name, help=HELP[name])(_not_called)
    return app


@contextlib.contextmanager
def _plain() -> Iterator[None]:
    """While modules are imported there is neither rich nor click: structlog and httpx take them for tracebacks and a command of their own,
    which are a tenth of a start. What is styled here imports rich when it is."""
    hidden = [name for name in DECORATION if name not in sys.modules]
    modules: dict[str, Any] = sys.modules
    modules.update(dict.fromkeys(hidden))  # None there is how Python is told that there is no such module
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _not_called() -> None:
    """Stands for a command of another module in the overview."""
    raise AssertionError("a command that was not called")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    typed.remember(given)
    words.choose(given)
    try:
        code = _run(given)
        streams.flush()
    except SystemExit as left:  # of completion; and what typer makes of a reader that has left
        completing = any(name in os.environ for name in COMPLETING)
        code = left.code if completing and isinstance(left.code, int) else _left()
    except BrokenPipeError:
        code = _left()
    except UsageError as error:
        code = _complain(error, 2)
    except GongkaiError as error:
        code = _complain(error, 3)
    except (KeyboardInterrupt, Interrupted, typer.Abort):
        code = 0 if _serves(given) else _interrupted()
    except OSError as error:
        code = _complain(_of_system(error), 3)
    return code


def _run(given: Sequence[str]) -> int:
    """Call the command; the exit code it asks for. Its options' own errors print themselves."""
    app = build(given)
    _imported()
    try:
        command: Any = app
        if words.is_chinese():
            from crawler.cli.translated import translate

            command = translate(typer.main.get_command(app))
        code = command(args=list(given), prog_name="gongkai", standalone_mode=False)
    except Exception as error:
        show = getattr(error, "show", None)  # typer's own usage errors print themselves; their base class is not exported
        if show is None:
            raise
        _refuse(error, show)
        return 2
    return code if isinstance(code, int) else 0


def _refuse(error: Exception, show: Callable[[], None]) -> None:
    """Say what the library has against options and arguments, in the language that is spoken."""
    if not words.is_chinese():
        show()
        return
    from crawler.cli.translated import refused

    sys.stderr.write(refused(error))


def _of_system(error: OSError) -> CannotError:
    """What the system refused, in a sentence."""
    where = f"{error.filename}: " if error.filename else ""
    remedy = "free some space, or write elsewhere" if error.errno == errno.ENOSPC else "check that it is there and may be used"
    return CannotError(f"cannot go on: {where}{error.strerror or error}", remedy=remedy)


def _left() -> int:
    """Whoever read has seen enough."""
    streams.reader_left()
    return 0


def _serves(given: Sequence[str]) -> bool:
    """Is this command one that works until a signal ends it?"""
    return _called(given) in SERVING and "--check" not in given


def _interrupted() -> int:
    sys.stderr.write(words.said("interrupted") + "\n")
    return 130


def _imported() -> None:
    """What has been made by now stays: the collector need not look at it again."""
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()


def _complain(error: GongkaiError, code: int) -> int:
    """Say what went wrong on stderr; the exit code. What stdout still holds goes first, or nowhere."""
    with contextlib.suppress(OSError):
        streams.flush()
    logs = sys.modules.get("crawler.cli.logs")
    if logs is not None and logs.is_json():
        logs.structlog.get_logger().error(error.message, remedy=typed.suggested(error.remedy))
    else:
        sys.stderr.write(f"gongkai: {safe(typed.suggested(words.complaint(error)))}\n")
    return code
