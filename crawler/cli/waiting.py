"""`--wait`: what cannot begin yet waits and says so, instead of being started over and over by whoever looks after it."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

import structlog

from crawler.errors import GongkaiError

T = TypeVar("T")
log = structlog.get_logger()
AGAIN = 2.0  # seconds


def until_it_can(begin: Callable[[], T], may_pass: tuple[type[GongkaiError], ...]) -> T | None:
    """What `begin` gives, as soon as it gives something; None when SIGTERM came before. Each reason is said once, until there is another."""
    ended, said = threading.Event(), ""

    def on(_: int, __: FrameType | None) -> None:
        ended.set()

    before = signal.signal(signal.SIGTERM, on)
    try:
        while not ended.is_set():
            try:
                return begin()
            except may_pass as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("waiting", reason=error.message, remedy=error.remedy or None)
            ended.wait(AGAIN)
    finally:
        signal.signal(signal.SIGTERM, before)
    return None
