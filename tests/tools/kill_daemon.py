"""Kills daemons and crawls at random while they work one archive, then checks that nothing is lost and nothing stands twice.

    python tests/tools/kill_daemon.py [--kills 50] [--copies 3] [--folder DIR] [--seed N]

A witness process holds a WARC file open from beginning to end: no recovery may touch it. Exit code 1 when anything is not so.
"""

import argparse
import asyncio
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crawler.archive.reader import open_page
from crawler.config.load import load
from crawler.demo.site import Site
from crawler.demo.story import write_config
from crawler.model import Capture, Original
from crawler.pipeline.catch_up import settle_all
from crawler.repository.database import Connection, reading
from crawler.scheduler import process as house

WITNESS = """
import sys
from pathlib import Path
from crawler.archive.writer import Archive, owner_name
from crawler.model import Exchange, Kind, Outcome, Request, Run, RunKind, Task
archive = Archive(Path(sys.argv[1]), owner=owner_name(), info={"software": "witness"})
task = Task("GET http://witness.test/", Request("http://witness.test/"), "http://witness.test/", "witness.test", Kind.DETAIL, "adhoc", Run("adhoc", RunKind.ONCE, 1))
archive.append(Exchange(task, Outcome.NETWORK_ERROR, 1, 1, detail="never asked"))
archive.sync()
print(archive._open.path, flush=True)
sys.stdin.read()
"""


def start(path: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """The real command, in a session of its own so that its children die with it."""
    command = [sys.executable, "-m", "crawler.cli", "--config", str(path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)


def kill(process: "subprocess.Popen[bytes]") -> str:
    """SIGKILL, as a power cut would; what it had said."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    return (process.communicate()[1] or b"").decode("utf-8", "replace")


def storm(path: Path, kills: int, chance: random.Random) -> tuple[int, list[str]]:
    """Kill a daemon, and the crawl beside it, `kills` times; (kills, complaints that are no consequence of a kill)."""
    done, complaints = 0, []
    while done < kills:
        daemon, crawl = start(path, "-q", "run"), start(path, "-q", "crawl")
        time.sleep(chance.uniform(0.3, 2.5))
        for process in (daemon, crawl):
            said = kill(process)
            done += 1
            if "Traceback" in said or "gongkai:" in said:
                complaints.append(said)
    return done, complaints


def finish(path: Path) -> None:
    """Let one more crawl work everything to its end, and settle whatever is left."""
    config = load(path)
    with house.open_line(config, "finish") as line:
        with line.database.write() as c:
            c.execute(sa.text("UPDATE queues SET leased_until = 0"))
            open_runs = list(c.execute(sa.text("SELECT id FROM runs WHERE ended IS NULL")).scalars())
        ids = [*open_runs, *house.fire(config, line, house.Wish())]
        asyncio.run(house.work(config, line, ids, lambda _: None))
        settle_all(line)


def check(path: Path, site: Site) -> list[str]:
    """Everything that must hold; what does not."""
    wrong = []
    config = load(path)
    with reading(config.storage.database) as c:
        found = set(c.execute(sa.text("SELECT u.url FROM documents d JOIN urls u ON u.id = d.url")).scalars())
        missing = set(site.urls()) - found
        if missing:
            wrong.append(f"{len(missing)} pages missing: {sorted(missing)[:3]}")
        for what, query in {
            "captures twice": "SELECT record FROM captures GROUP BY record HAVING count(*) > 1",
            "places twice": 'SELECT file FROM captures GROUP BY file, "offset" HAVING count(*) > 1',
            "versions twice": "SELECT document FROM versions GROUP BY document, n HAVING count(*) > 1",
            "documents twice": "SELECT url FROM documents GROUP BY url, part HAVING count(*) > 1",
            "slots twice": "SELECT source FROM runs GROUP BY source, kind, slot HAVING count(*) > 1",
            "edits of an unchanged site": "SELECT seq FROM changes WHERE kind IN ('edit', 'gone', 'missing')",
            "readings pending": "SELECT capture FROM readings WHERE state <> 'done'",
            "robots.txt believed without a look": "SELECT origin FROM origins o WHERE NOT EXISTS (SELECT 1 FROM looks l JOIN urls u ON u.id = l.url"
            " WHERE u.url = o.origin || '/robots.txt' AND l.at <= o.fetched)",
            "runs open": "SELECT id FROM runs WHERE ended IS NULL",
        }.items():
            rows = c.execute(sa.text(query)).all()
            if rows:
                wrong.append(f"{what}: {len(rows)}")
        wrong += damaged(c, config.storage.archive)
    return wrong


def _held(row: sa.Row[*tuple[Any, ...]]) -> Original:
    return Original("", row[2], 0, row[8])


def damaged(c: Connection, folder: Path) -> list[str]:
    """Captures whose bytes are not at their place with the right digest."""
    wrong = []
    rows = c.execute(
        sa.text(
            'SELECT c.id, c.record, u.url, c.at, c.file, c."offset", c.length, c.type, c.payload_digest, c.media_type, c.status, c.original '
            "FROM captures c JOIN urls u ON u.id = c.url"
        )
    ).all()
    held = {
        row[0]: Capture(*row[1:7], row[7], row[8], row[9], row[10], _held(row) if row[7] == "revisit" else None)  # type: ignore[call-arg] # a row's length
        for row in rows
    }
    for row in rows:
        try:
            open_page(folder, held[row[0]], held.get(row[11]))
        except Exception as error:
            wrong.append(f"capture {row[0]}: {error}")
    return wrong


def main(kills: int, copies: int, folder: Path, seed: int) -> int:
    """Run the storm; the exit code."""
    chance = random.Random(seed)
    with Site(copies=copies) as site:
        path = write_config(folder, site.port)
        archive = load(path).storage.archive
        witness = subprocess.Popen([sys.executable, "-c", WITNESS, str(archive)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert witness.stdout is not None
        live = Path(witness.stdout.readline().decode().strip())
        before = (hashlib.sha256(live.read_bytes()).hexdigest(), live.stat().st_ino)
        began = time.monotonic()
        done, complaints = storm(path, kills, chance)
        torn = len(list(archive.glob("*.torn")))
        finish(path)
        wrong = check(path, site) + complaints
        if not live.exists() or (hashlib.sha256(live.read_bytes()).hexdigest(), live.stat().st_ino) != before:
            wrong.append("a live file was touched by a recovery")
        witness.communicate()
        with reading(load(path).storage.database) as c:
            looks = c.execute(sa.text("SELECT count(*) FROM looks")).scalar_one()
            captures = c.execute(sa.text("SELECT count(*) FROM captures")).scalar_one()
    print(
        f"{done} kills in {time.monotonic() - began:.0f} s: {looks} looks, {captures} captures, {torn} torn tails set aside, {len(wrong)} faults"
    )
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--copies", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(main(given.kills, given.copies, given.folder or Path(tempfile.mkdtemp(prefix="gongkai-kills-")), given.seed))
