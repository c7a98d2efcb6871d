"""Figures that cost the more, the more there is, and that nobody needs to the second: counted once for all who ask within a while."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

LASTS_S = 20.0
Value = TypeVar("Value")


class Remembered:
    """Values by name, made anew when they are older than `lasts` seconds. Meanwhile whoever else asks gets the old one: one thread counts."""

    def __init__(self, lasts: float = LASTS_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._lasts, self._clock = lasts, clock
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._held: dict[str, tuple[float, Any]] = {}

    def of(self, name: str, make: Callable[[], Value]) -> Value:
        """The value of this name; `make` counts it where it must."""
        with self._guard:
            lock = self._locks.setdefault(name, threading.Lock())
            had = self._held.get(name)
        if had is not None and (self._clock() - had[0] < self._lasts or not lock.acquire(blocking=False)):
            return had[1]  # type: ignore[no-any-return]
        if had is None:
            lock.acquire()
        try:
            known = self._held.get(name)
            if known is not None and self._clock() - known[0] < self._lasts:
                return known[1]  # type: ignore[no-any-return]
            made = make()
            self._held[name] = self._clock(), made
            return made
        finally:
            lock.release()
