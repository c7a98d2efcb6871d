"""Processes that keep looks in one archive by the real keep step: many revisits, small files, one dies and others adopt its file."""

import os
import random
import time
from pathlib import Path

from crawler.config.load import load
from crawler.model import Exchange, Kind, Outcome, Request, Run, RunKind, Task, Wire
from crawler.repository import runs
from crawler.scheduler import process as house


def exchange(who: str, number: int, payload: int) -> Exchange:
    """A look at a page that others may have shown already."""
    url = f"http://{who}.test/{number}"
    task = Task(f"GET {url}", Request(url), url, f"{who}.test", Kind.DETAIL, "demo", Run("demo", RunKind.ONCE, 5))
    body = random.Random(payload).randbytes(1500 + payload % 7 * 900)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    wire = Wire(b"GET / HTTP/1.1\r\n\r\n", head + body, "192.0.2.1", "length", whole=True, head=len(head))
    return Exchange(task, Outcome.OK, int(time.time() * 1000), 1, 200, wire, None, body)


def write(settings: str, who: str, looks: str, dies: str) -> None:
    """Keep looks, a few at once; adopt what others left. `dies`: "dies" ends in the middle, with looks that nobody was told of."""
    dice, kept = random.Random(who), 0
    with house.open_line(load(Path(settings)), "crawl") as line:
        line.archive.max_bytes = 60_000
        while kept < int(looks):
            batch = [exchange(who, kept + n, dice.randrange(2 + kept // 2)) for n in range(dice.randint(1, 5))]
            line.keep(batch, {})
            kept += len(batch)
            if dice.random() < 0.1:
                line.adopt()
        if dies == "dies":
            line.archive.append(exchange(who, 999_999, 1))
            os._exit(9)


def finish(settings: str) -> None:
    """Work what remains of all runs, as a daemon does."""
    config = load(Path(settings))
    with house.open_line(config, "run") as line:
        remain = line.ask(runs.open_ids)
        if remain:
            house.on_loop(house.work(config, line, remain, None))
