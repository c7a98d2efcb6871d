"""What commands say while they work: events on stderr, one a line, for people or (`--log-format json`) as JSON Lines and nothing else.

-v adds looks, -vv exchanges. What other libraries log, Python's warnings and a crash go the same way. A log that cannot be written (a pipe
that is closed, a full disk) stops nothing.
"""

import logging
import sys
import threading
from collections.abc import MutableMapping
from typing import Any

import structlog

EXCHANGES = 2  # -vv
LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"), (0, "debug"))
Event = MutableMapping[str, Any]


def set_up(verbosity: int, log_format: str) -> None:
    """Warnings, with 0 in JSON and for the daemon what happens, with 1 looks, with 2 exchanges; -1: warnings only."""
    as_json = log_format == "json"
    level = logging.DEBUG if verbosity >= 1 else logging.INFO if verbosity == 0 and as_json else logging.WARNING
    _configure(level, as_json=as_json, exchanges=verbosity >= EXCHANGES)


def set_up_daemon(verbosity: int, log_format: str) -> None:
    """As `set_up`; but a daemon says what happens unless it is told to be quiet."""
    level = logging.DEBUG if verbosity >= 1 else logging.INFO if verbosity == 0 else logging.WARNING
    _configure(level, as_json=log_format == "json", exchanges=verbosity >= EXCHANGES)


def _configure(level: int, *, as_json: bool, exchanges: bool) -> None:
    last: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
    )
    chosen: list[Any] = [] if exchanges else [_without_exchanges]
    stamp: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper("iso", utc=True)]
    structlog.configure(
        processors=[*chosen, *stamp, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Stderr(),
    )
    root = logging.getLogger()
    for handler in [held for held in root.handlers if isinstance(held, _Events)]:
        root.removeHandler(handler)
    root.addHandler(_Events(logging.WARNING))
    logging.captureWarnings(capture=True)
    if as_json:
        _catch_crashes()


def is_json() -> bool:
    """Is JSON Lines what stderr takes?"""
    return any(isinstance(step, structlog.processors.JSONRenderer) for step in structlog.get_config()["processors"])


def _without_exchanges(_: object, __: str, event: Event) -> Event:
    if event.get("event") == "exchange":
        raise structlog.DropEvent
    return event


class _Stderr:
    """Whatever stderr is by then."""

    def msg(self, line: str) -> None:
        """One line; what cannot be written is lost, and nothing else."""
        try:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        except UnicodeError:
            sys.stderr.write(f"{line.encode('ascii', 'backslashreplace').decode()}\n")
        except (OSError, ValueError):
            pass

    debug = info = warning = error = critical = fatal = msg


class _Events(logging.Handler):
    """What is logged by the standard library, Python's warnings among it, as one of our events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Its first line says what; where it comes from stands beside it."""
        name = next(word for least, word in LEVELS if record.levelno >= least)
        more = {"exc_info": record.exc_info} if record.exc_info else {}
        text = " ".join(record.getMessage().split())
        getattr(structlog.get_logger(), name)(text, logger=record.name, **more)


def _catch_crashes() -> None:
    """A traceback is a field of an event, wherever it comes from."""
    log = structlog.get_logger()
    sys.excepthook = lambda kind, error, trace: log.critical("crashed", exc_info=(kind, error, trace))
    threading.excepthook = lambda told: log.critical("crashed", thread=str(told.thread), exc_info=told.exc_value)
    sys.unraisablehook = lambda told: log.error(told.err_msg or "ignored", exc_info=told.exc_value)
