"""Kills between the lease of a queue and the first answer: how long until another process asks, and is anything there twice?

    python -m tests.crash.leases [--kills 100] [--seed N] [--only sqlite|postgresql]

A crawl is forked (a real one spends its first second in importing Python's modules), holds its queue, and its server holds the answer; it is
killed at a random moment after the lease stands in the database. Another is forked at once: counted is from the kill to its first
request. Every fifth time the other was there before, waits, and must see the death by itself. Exit code 1 when one took more than two seconds or
anything is not so.
"""

import argparse
import contextlib
import logging
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
import structlog

from crawler.repository.database import reading
from tests.crash import check
from tests.crash.held import Held
from tests.crash.nursery import Nursery
from tests.crash.world import SHM, saved, small_site, write_config
from tests.tools.outages import Postgres

HOST, OTHER = "www.lanwan.test", "lanwan"
MOST = 2.0  # seconds
WINDOW = 0.15  # seconds after the lease in which the kill comes
AFRESH = 10  # kills of one archive


@dataclass
class Figures:
    """What came of the kills on one database."""

    kills: int = 0
    before_the_request: int = 0  # killed before the request had come to the server
    started: list[float] = field(default_factory=list)  # seconds, another that was started
    beside: list[float] = field(default_factory=list)  # seconds, another that was there
    wrong: list[str] = field(default_factory=list)

    def row(self, database: str) -> str:
        """A line of the table."""
        cells = [f"{statistics.median(some):.2f} / {max(some):.2f}" if some else "-" for some in (self.started, self.beside)]
        return f"| {database} | {self.kills} | {self.before_the_request} | {cells[0]} | {cells[1]} | {len(self.wrong)} |"


@dataclass
class Trial:
    """One archive, killed again and again."""

    folder: Path
    server: Held
    nursery: Nursery
    url: str  # of the database; none: SQLite in the folder
    settings: Path

    def start(self) -> tuple[int, Path]:
        """A crawl; its process and where it says something."""
        said = Path(tempfile.mkstemp(dir=self.folder, prefix="said-")[1])
        environment = {"GONGKAI_DATABASE": self.url} if self.url else {}
        words = ("--config", str(self.settings), "crawl", OTHER)
        return self.nursery.start(words, said, environment=environment), said

    @property
    def database(self) -> str:
        """Its address."""
        return self.url or f"sqlite:///{self.folder / 'data' / 'gongkai.db'}"

    def holder(self, c: sa.Connection) -> str | None:
        """Who holds the queue."""
        found: str | None = c.execute(sa.text("SELECT owner FROM queues WHERE name = :name"), {"name": HOST}).scalar()
        return found

    def leased(self, pid: int, seconds: float = 30) -> bool:
        """Wait until that process holds the queue."""
        engine = sa.create_engine(sa.make_url(self.database).set(drivername=_driver(self.database)), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as c:
                until = time.monotonic() + seconds
                while time.monotonic() < until:
                    if f"-{pid}-" in (self.holder(c) or ""):
                        return True
                    time.sleep(0.002)
        finally:
            engine.dispose()
        return False

    def wrong(self) -> list[str]:
        """What there is twice, or half, or was not worked to its end."""
        with reading(self.database) as c:
            queries = check.TWICE | check.NEVER | {"a queue held": "SELECT name FROM queues WHERE owner IS NOT NULL"}
            found = [what for what, query in queries.items() if c.execute(sa.text(query)).first()]
            documents = c.execute(sa.text("SELECT count(*) FROM documents")).scalar_one()
        return found + ([] if documents == len(self.server.site.notices[HOST]) else [f"{documents} documents"])


def _driver(url: str) -> str:
    return "sqlite" if url.startswith("sqlite") else "postgresql+psycopg"


def kill_once(trial: Trial, chance: random.Random, figures: Figures, *, beside: bool) -> None:
    """One kill; what came of it goes into the figures."""
    trial.server.hold(HOST)
    count = len(trial.server.seen)
    first, said = trial.start()
    if not trial.leased(first):
        os.kill(first, signal.SIGKILL)
        figures.wrong.append(f"no lease: {trial.nursery.wait(first, said)}")
        return
    second, also = trial.start() if beside else (0, said)
    time.sleep(chance.uniform(1.0, 1.5) if beside else chance.uniform(0, WINDOW))
    os.kill(first, signal.SIGKILL)
    killed = time.monotonic()
    trial.nursery.wait(first, said)
    figures.kills += 1
    before = len(trial.server.seen)
    figures.before_the_request += before == count
    if not beside:
        second, also = trial.start()
    asked = trial.server.wait(HOST, before, 30)
    took = (asked.at if asked else time.monotonic()) - killed
    (figures.beside if beside else figures.started).append(took)
    trial.server.hold()
    ended = trial.nursery.wait(second, also)
    if took > MOST:
        figures.wrong.append(f"kill {figures.kills}: {took:.2f} s")
    if ended.code != 0 or "Traceback" in ended.said:
        figures.wrong.append(f"kill {figures.kills}: the other ended with {ended.code}: {ended.said[-300:]}")


def series(nursery: Nursery, server: Held, folder: Path, url: str, kills: int, chance: random.Random, figures: Figures) -> None:
    """Kills on one archive."""
    trial = Trial(folder, server, nursery, url, write_config(folder, server.port))
    first, said = trial.start()
    if (ended := nursery.wait(first, said)).code != 0:
        raise RuntimeError(ended.said)
    for number in range(kills):
        kill_once(trial, chance, figures, beside=number % 5 == 4)
    figures.wrong += trial.wrong()


@contextlib.contextmanager
def server_of(database: str) -> Iterator["Postgres | None"]:
    """PostgreSQL, where it is asked for."""
    if database == "sqlite":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="gongkai-pg-", ignore_cleanup_errors=True) as data:
        postgres = Postgres(Path(data))
        try:
            yield postgres
        finally:
            postgres.server.cleanup()


def main(kills: int, seed: int, databases: tuple[str, ...]) -> int:
    """The table; the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    made = Path(tempfile.mkdtemp(prefix="gongkai-leases-", dir=SHM if SHM.is_dir() else None))
    bad = 0
    print(
        "| database | kills | of them before the request | started after: median / worst s | there before | wrong |\n|---|---|---|---|---|---|"
    )
    try:
        with small_site() as site, Nursery(saved(site, made)) as nursery:
            for database in databases:
                figures, chance = Figures(), random.Random(f"{seed} {database}")
                with server_of(database) as postgres:
                    for number, start in enumerate(range(0, kills, AFRESH)):
                        with Held(site) as server:
                            url = postgres.database() if postgres else ""
                            series(
                                nursery, server, made / f"{database}{number}", url, min(AFRESH, kills - start), chance, figures
                            )
                        print(figures.row(database), flush=True)  # so far
                print(*(f"  {line}" for line in figures.wrong), sep="\n", flush=True)
                bad += len(figures.wrong)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    sys.exit(main(given.kills, given.seed, (given.only,) if given.only else ("sqlite", "postgresql")))
