"""Trials side by side: each lane is a process with a site, a nursery and templates of its own."""

import logging
import multiprocessing
import random
import socketserver
from collections.abc import Callable
from queue import Empty
from typing import Any

import structlog

from tests.crash import trials
from tests.crash.world import Lane, lane

MOST = 60  # trials for one mutant


def work(asked: Any, found: Any, seed: int) -> None:
    """One lane: trials until there are none."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    socketserver.BaseServer.handle_error = lambda *_: None  # type: ignore[method-assign] # who asked is dead
    with lane() as held:
        while (trial := asked.get()) is not None:
            kind, index, mutant = trial
            if kind == "hunt":
                found.put(hunted(held, seed, mutant))
            else:
                found.put((kind, index, mutant, tried(held, kind, seed, index, mutant)))


def tried(held: Lane, kind: str, seed: int, index: int, mutant: str) -> list[str] | None:
    """What came of a trial; a fault of the harness's own is a violation too."""
    try:
        return trials.KINDS[kind](held, seed, index, mutant)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"[:500]]


def hunted(held: Lane, seed: int, name: str) -> tuple[str, int, str, list[str] | None]:
    """Trials under a mutant until one says that something does not hold: the mutant, how many, which one, what it said."""
    chance = random.Random(f"{seed} {name}")
    kinds = trials.HUNTS[name]
    for number in range(MOST):
        kind = kinds[number % len(kinds)]
        index = chance.randrange(trials.size(held, kind))
        if wrong := tried(held, kind, seed, index, name):
            return name, number + 1, f"{kind}:{index}", wrong
    return name, MOST, "", None


def run(listed: list[tuple[str, int, str]], seed: int, lanes: int, tell: Callable[..., None]) -> None:
    """Try them all; `tell` hears of each as soon as it is over."""
    context = multiprocessing.get_context("spawn")
    asked, found = context.Queue(), context.Queue()
    for trial in listed:
        asked.put(trial)
    workers = [context.Process(target=work, args=(asked, found, seed)) for _ in range(min(lanes, len(listed)))]
    for worker in workers:
        asked.put(None)
        worker.start()
    for _ in listed:
        while True:
            try:
                tell(*found.get(timeout=5))
                break
            except Empty:
                if not any(worker.is_alive() for worker in workers):
                    raise RuntimeError("a lane ended") from None
    for worker in workers:
        worker.join()
