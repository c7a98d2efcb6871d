"""Crawls one archive under one configuration after another, and checks after each that nothing raised, is lost, or was told twice.

    python tests/tools/change_settings.py [--pairs 300] [--seed N] [--folder DIR] [--walk 25]

Each step is a pair of configurations: what was crawled under the first goes on under the second, by a restart or by taking it over while the
process runs. Every key of every table takes one of several values; sources are renamed, removed, turned off, broken; start addresses and
queues change; database and archive move; a run is left in the middle; the site edits a notice now and then. Time is simulated, the rest is
real: HTTP on loopback, archive, readers, SQLite. Exit code 1 when anything is not so.
"""

import argparse
import asyncio
import http.server
import itertools
import json
import logging
import random
import shutil
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from crawler.archive.reader import open_page
from crawler.archive.writer import Archive, owner_name
from crawler.config.load import survey
from crawler.config.shape import SettingsTable, SourceTable, Table
from crawler.config.values import Config
from crawler.fetcher.tls import PROFILES
from crawler.model import Capture, Millis, Original, RunKind, Task
from crawler.monitor.alarms import Alarms
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.line import Line
from crawler.pipeline.policy import Policy
from crawler.pipeline.readers import Readers
from crawler.repository import frontier, runs
from crawler.repository.database import Database, reading
from crawler.repository.migrations import upgrade
from crawler.scheduler import process as house
from crawler.scheduler.firing import fire_slot
from tests.tools.simulated import Simulated

DAY: Millis = 86_400_000
START: Millis = 1_725_000_000_000
HOSTS = ("alpha.test", "beta.test", "gamma.test")
PER_HOST = 5
MOST_TURNS = 40

# ------------------------------------------------------------------ the configurations
CHANNELS: Sequence[Mapping[str, Any]] = (
    {"kind": "log", "tell": ["new", "edit", "health"], "min_rank": 20},
    {"kind": "command", "command": ["true"], "tell": ["edit", "gone"], "query": "公告", "sources": ["a1"], "regions": ["21"]},
    {"kind": "webhook", "url": "http://127.0.0.1:9/"},
    {"kind": "dingtalk", "url_env": "NOT_SET", "sign_env": "NOT_SET"},
    {"kind": "email", "host": "127.0.0.1", "port": 9, "security": "none", "user": "u", "password_env": "P", "sender": "a@b.c", "to": ["d@e.f"]},
)  # fmt: skip
SETTINGS: Mapping[str, Sequence[Any]] = {
    "operator.name": ["测试", "Another"],
    "operator.contact": ["mailto:a@example.org", "https://example.org/"],
    "storage.keep_free": ["1MB", "0B"],
    "storage.file_size": [None, "1MB"],
    "storage.file_age": [None, "1h"],
    "network.delay": ["2s", "30s", "0s"],
    "network.deadline": ["60s", "5s"],
    "network.max_body": ["32MB", "1KB"],
    "network.patience": [None, "10s"],
    "audit.schedule": [None, "0 4 * * sun"],
    "audit.older_than": [None, "1d"],
    "audit.rate": [None, "1MB"],
    "proof.schedule": [None, "0 5 * * *"],
    "proof.key": [None, "data/other.key"],
    "serve.listen": [None, "127.0.0.1:8081"],
    "serve.names": [None, ["archive.test"]],
    "serve.read": [None, "token"],
    "serve.requests_per_minute": [None, 0],
    "network.queues_at_once": [20, 1],
    "network.allow_private": [["127.0.0.0/8"], ["127.0.0.1", "10.0.0.0/8"]],
    "schedule.timezone": ["Asia/Shanghai", "UTC", "America/New_York"],
    "schedule.lists": ["15 9-18 * * mon-fri", "* * * * *", "0 0 29 2 *"],
    "schedule.revisit_per_day": [2000, 0, 1],
    "watch.revisit": [["1d", "3d", "7d", "30d", "90d"], ["1d"], ["1h", "2h"], ["36500d"], ["1s"] * 12],
    "watch.gone_misses": [3, 1, 9],
    "watch.gone_after": ["14d", "0s", "400d"],
    "budget.requests": [None, 3],
    "budget.bytes": [None, "1KB"],
    "budget.time": [None, "1h"],
    "alarms.remind": ["3d", "0s"],
    "alarms.gather": ["5m", "0s"],
}
DETAILS: Sequence[Any] = (
    {},
    {"body": "#zoom"},
    {"body": "#nothing", "title": "h9", "published": "h9", "source": "h9", "channel": "h9"},
    {"parts": "p"},
    {"json": {"title": "a.b"}},
    [{"body": "p"}, {"body": "#zoom", "since": "2020-01-01"}],
)
SOURCE: Mapping[str, Sequence[Any]] = {
    "title": ["甲", "乙"],
    "enabled": [True, True, True, False],
    "tags": [[], ["fin", "old"]],
    "region": [None, "210200"],
    "level": [None, "city"],
    "verified": [None, "never live"],
    "schedule.lists": [None, "0 8 * * *"],
    "schedule.sweep": [None, "30 3 1 * *"],
    "list.hosts": [[], list(HOSTS), ["elsewhere.test"]],
    "list.other_hosts": [20, 0],
    "list.rows": [None, "ul > li", "table.none"],
    "list.link": [None, "a"],
    "list.title": [None, "a"],
    "list.date": [None, "span"],
    "list.min_items": [None, 1, 50],
    "list.next": ["auto", "none", {"kind": "parameter", "name": "page"}],
    "list.max_pages": [None, 1],
    "list.only": [None, "content", "nowhere"],
    "list.skip": [None, "content_3"],
    "detail": DETAILS,
    "politeness.queue": [None, "platform", "other-queue"],
    "politeness.delay": [None, "5s"],
    "politeness.window": [None, "08:00-20:00", "22:00-06:00"],
    "budget.requests": [None, 2],
    "budget.bytes": [None, "100MB"],
    "budget.time": [None, "6h"],
    "network.proxy": [None],
    "tls.profile": ["modern", *(name for name in PROFILES if name not in ("modern", "extra-intermediate"))],
    "tls.hosts": [[], list(HOSTS)],
    "expect.rows": [None, 3, 50],
    "expect.silence": [None, "1d"],
    "expect.fill": [{}, {"published": 1.0, "source": 0.5}],
}
NARROWS = {
    "list.hosts",
    "list.rows",
    "list.only",
    "list.skip",
    "list.next",
    "list.max_pages",
    "list.min_items",
    "budget.requests",
    "detail",
}
ELSEWHERE = {  # keys that are written by other means below, or that stand for themselves
    "storage.database", "storage.archive", "network.connect", "alarms.channels", "start", "pages", "tls.reason", "tls.certificates",
}  # fmt: skip


def keys_of(model: type[Table], prefix: str = "") -> Iterator[str]:
    """Every dotted key of a table; tables that stand for themselves (channels, details, starts) are one key."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Table):
            yield from keys_of(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def unvaried() -> set[str]:
    """Keys that no configuration made here has: must be none."""
    return (set(keys_of(SettingsTable)) - SETTINGS.keys() - ELSEWHERE) | (set(keys_of(SourceTable)) - SOURCE.keys() - ELSEWHERE)


def toml(values: Mapping[str, Any]) -> str:
    """Tables of one level, keys as they come."""
    top = [f"{key} = {_value(value)}" for key, value in values.items() if "." not in key and value is not None]
    lines: dict[str, list[str]] = {}
    for key, value in values.items():
        if "." in key and value is not None:
            table, _, name = key.rpartition(".")
            lines.setdefault(table, []).append(f"{name} = {_value(value)}")
    return "\n".join([*top, *(f"[{table}]\n" + "\n".join(listed) for table, listed in lines.items())]) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_value(item)}' for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-" and value[:4].isdigit():
        return value  # a day
    return json.dumps(value, ensure_ascii=False)


class Writer:
    """Writes one random configuration after another into a folder. `plain`: by host, whether its whole column is read under the last."""

    def __init__(self, folder: Path, port: int, chance: random.Random) -> None:
        self.folder, self.port, self.chance = folder, port, chance
        self.path = folder / "config" / "gongkai.toml"
        self.places = 0
        self.database, self.archive = "data/0.db", "data/warc0"
        self.plain: dict[str, bool] = {}
        self.moves = Counter[str]()
        self.broken: set[str] = set()

    def move(self) -> None:
        """Database and archive go somewhere else, together or alone."""
        self.places += 1
        which = self.chance.choice([("database",), ("archive",), ("database", "archive")])
        if "database" in which:
            new = f"data{self.places}/gongkai.db"
            (self.folder / new).parent.mkdir()
            for end in ("", "-wal", "-shm"):
                if (self.folder / (self.database + end)).exists():
                    shutil.move(self.folder / (self.database + end), self.folder / (new + end))
            self.database = new
        if "archive" in which:
            if (self.folder / self.archive).exists():
                shutil.move(self.folder / self.archive, self.folder / f"warc{self.places}")
            self.archive = f"warc{self.places}"
        self.moves["moved"] += 1

    def write(self) -> None:
        """The next one."""
        chance = self.chance
        shutil.rmtree(self.path.parent, ignore_errors=True)
        (self.path.parent / "sources").mkdir(parents=True)
        values = {
            key: chance.choice(list(options))
            for key, options in SETTINGS.items()
            if chance.random() < 0.5 or key[:8] == "operator"
        }
        values["network.allow_private"] = values.get("network.allow_private", ["127.0.0.0/8"])
        target = f"127.0.0.1:{self.port}"
        values["network.connect"] = chance.choice([{"*": target}, dict.fromkeys(HOSTS, target)])
        values |= {"storage.database": f"sqlite:///{self.database}", "storage.archive": self.archive}
        for number, channel in enumerate(chance.sample(list(CHANNELS), chance.randrange(3))):
            values |= {f"alarms.channels.c{number}.{key}": value for key, value in channel.items()}
        self.path.write_text(toml(values), "utf-8")
        self.plain, self.broken = {}, set()
        narrow = (
            any(values.get(key) for key in ("budget.requests", "budget.bytes", "budget.time"))
            or values.get("network.max_body") == "1KB"
        )
        for host in HOSTS:
            self._source(host, narrow=narrow)

    def _source(self, host: str, *, narrow: bool) -> None:
        chance = self.chance
        if chance.random() < 0.12:
            self.moves["removed"] += 1
            return
        name = f"{host[0]}{chance.choice([1, 1, 1, 2, 3])}"
        file = self.path.parent / "sources" / f"{name}.toml"
        if chance.random() < 0.08:
            self.moves["broken"] += 1
            self.broken.add(name)
            file.write_text('title = "half', "utf-8")
            return
        few = chance.random() < 0.5  # half of them say little, so that whole columns are read too
        values = {key: chance.choice(list(options)) for key, options in SOURCE.items() if chance.random() < (0.1 if few else 0.5)}
        values["title"] = values.get("title", "甲")
        values["enabled"] = values.get("enabled", True)
        if values.get("tls.profile", "modern") != "modern":
            values["tls.reason"] = "an old server"
        lists = [
            f"http://{host}/xxgk/index.html",
            f"http://{host}/other/index.html",
            {"url": f"http://{host}/api", "method": "POST", "body": "q"},
        ]
        pages = [f"http://{host}/xxgk/content_{number}.html" for number in range(2)]
        match chance.randrange(6):
            case 0:
                values["pages"] = pages
            case 1:
                values |= {"start": lists[:2], "pages": pages}
            case number:
                values["start"] = [lists[min(number - 2, 2)]]
        file.write_text(toml(dict(sorted(values.items(), key=lambda item: "." in item[0]))), "utf-8")
        whole = not narrow and bool(values["enabled"]) and "start" in values and not NARROWS & values.keys()
        self.plain[host] = whole and not any(values.get(key) for key in ("budget.bytes", "budget.time"))


# ------------------------------------------------------------------ the site
class Site:
    """Three hosts, one column each under three addresses. `edits`: how often a notice was edited, by (host, number)."""

    def __init__(self) -> None:
        self.edits = Counter[tuple[str, int]]()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                host, path = self.headers["Host"].partition(":")[0], urllib.parse.urlsplit(self.path).path
                status, text = site.answer(host, path)
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, host: str, path: str) -> tuple[int, str]:
        """Status and page."""
        if path in ("/xxgk/index.html", "/other/index.html", "/api"):
            rows = "".join(
                f"<li><a href='http://{host}/xxgk/content_{n}.html'>关于第{n}号河道清淤工程施工的公告</a><span>2024-05-{10 + n}</span></li>"
                for n in reversed(range(PER_HOST))
            )
            return 200, f"<html><head><title>通知公告</title></head><body><ul>{rows}</ul></body></html>"
        if path.startswith("/xxgk/content_"):
            n = int(path[14:-5])
            text = (
                f"现将第{n}号事项第{self.edits[host, n] + 1}次公告如下，欢迎监督，有意见的请在七日内书面提出，逾期视为没有意见。"
            )
            return 200, (
                f"<html><head><title>{host}</title></head><body><h1>关于第{n}号河道清淤工程施工的公告</h1>"
                f"<p>发布时间：2024-05-{10 + n} 来源：{host}</p><div id=zoom><p>{text}</p><p>联系电话见政务公开栏，工作时间为周一至周五。</p></div></body></html>"
            )
        return 404, "<html><head><title>404</title></head><body>您访问的页面不存在</body></html>"


# ------------------------------------------------------------------ one process
class Process(Simulated):
    """What one process of the house does, step by step, with a clock of its own."""

    def __init__(self, config: Config, readers: Readers, now: Millis) -> None:
        super().__init__(now)
        database = Database(config.storage.database)
        upgrade(database)
        archive = Archive(config.storage.archive, owner=owner_name(), info={"software": "test"})
        self.line = Line(Policy(config), database, archive, readers, owner=archive.owner, clock=self.clock)
        self.line.begin("test")
        self.line.adopt()
        self.fetch_by(config)

    def take_over(self, config: Config) -> None:
        """Another configuration while it runs."""
        self.line.take_over(Policy(config, self.line.policy))
        self.fetch_by(config)

    def work(self, loop: asyncio.Runner, chance: random.Random, *, turns: int) -> bool:
        """Fire everything, and work it for so many turns; is everything done?"""
        config = self.line.policy.config
        for source in config.sources.values():
            if source.enabled:
                fire_slot(self.line, source, chance.choice([RunKind.LIST, RunKind.LIST, RunKind.SWEEP]), self.clock())
                fire_slot(self.line, source, RunKind.REVISIT, self.clock(), limit=config.schedule.revisit_per_day)
        for _ in range(turns):
            with self.line.database.read() as c:
                due = frontier.queues_due(c, self.clock(), 100)
            for queue in due:
                loop.run(self.hold(queue, self.line.policy.pacing(house.AGENT)))
            if turns < MOST_TURNS and chance.random() < 0.5:
                return False  # what was kept is not read: the next configuration's business
            settle_all(self.line)
            if not self.open_runs():
                break
            self.now += 60_000 if due else 3_600_000
        alarms = Alarms(config, self.line.database, house.fetch_settings(config), self.clock)
        loop.run(alarms.tell(waiting=False))
        return not self.open_runs()

    async def may_spend(self, task: Task) -> bool:
        """Within the budget?"""
        with self.line.database.read() as c:
            requests, size, started = runs.spent(c, task.run.id)
        budget = self.line.policy.budget(task.source)
        over = (
            (budget.requests is not None and requests >= budget.requests)
            or (budget.bytes is not None and size >= budget.bytes)
            or (budget.time_ms is not None and self.now - started >= budget.time_ms)
        )
        if over:
            self.give_up("budget", run=task.run.id)
        return not over

    def close(self, loop: asyncio.Runner) -> None:
        """The end of the process; its readers are the next one's."""
        loop.run(self.fetcher.aclose())
        self.line.close()
        self.line.database.close()


# ------------------------------------------------------------------ what must hold
TWICE = {
    "a notice new twice": "SELECT document FROM changes WHERE kind = 'new' GROUP BY document HAVING count(*) > 1",
    "two documents of one place": "SELECT url FROM documents GROUP BY url, part HAVING count(*) > 1",
    "an edit told twice": "SELECT document FROM changes WHERE kind = 'edit' GROUP BY document, after HAVING count(*) > 1",
    "gone or missing, and is there": "SELECT h.document, h.kind, d.part, u.url FROM changes h JOIN documents d ON d.id = h.document JOIN urls u ON u.id = d.url WHERE h.kind IN ('gone', 'missing')",
    "told twice by a channel": "SELECT change FROM outbox GROUP BY change, channel, reminder HAVING count(*) > 1",
}
EDITS = """SELECT u.url, count(*) FROM changes h JOIN documents d ON d.id = h.document JOIN urls u ON u.id = d.url
    WHERE h.kind = 'edit' AND d.part = 0 GROUP BY u.url"""


class Check:
    """Remembers what there was; `after` says what does not hold."""

    def __init__(self) -> None:
        self.documents: set[str] = set()
        self.captures = self.lines = 0

    def after(self, process: Process, site: Site, writer: Writer, *, done: bool) -> Iterator[str]:
        """What is lost, told twice or in the wrong queue."""
        policy = process.line.policy
        with process.line.database.read() as c:
            documents = set(c.execute(sa.text("SELECT public_id FROM documents")).scalars())
            addresses = set(c.execute(sa.text("SELECT u.url FROM documents d JOIN urls u ON u.id = d.url")).scalars())
            captures, lines = (
                int(c.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()) for name in ("captures", "changes")
            )
            twice = {what: c.execute(sa.text(query)).all() for what, query in TWICE.items()}
            edits = {row[0]: int(row[1]) for row in c.execute(sa.text(EDITS))}
            placed = c.execute(sa.text("SELECT source, url, queue FROM urls")).all()
            waiting = c.execute(
                sa.text(
                    "SELECT r.source, u.url, f.queue FROM frontier f JOIN runs r ON r.id = f.run JOIN urls u ON u.id = f.url WHERE f.state = 'todo'"
                )
            ).all()
        if self.documents - documents or captures < self.captures or lines < self.lines:
            yield f"lost: documents {self.documents - documents}, captures {self.captures} → {captures}, lines {self.lines} → {lines}"
        self.documents, self.captures, self.lines = documents, captures, lines
        yield from (f"{what}: {rows[:3]}" for what, rows in twice.items() if rows)
        for (host, number), most in {(h, n): site.edits[h, n] for h in HOSTS for n in range(PER_HOST)}.items():
            if (told := edits.get(f"http://{host}/xxgk/content_{number}.html", 0)) > most:
                yield f"{host} {number}: edited {most} times, told {told} times"
        wrong = [
            row
            for row in (*placed, *waiting)
            if row.source in policy.config.sources and policy.queue(row.source, row.url) != row.queue
        ]
        if wrong:
            yield f"in another queue: {wrong[:2]}"
        for host in (host for host, plain in writer.plain.items() if plain and done):
            missing = {f"http://{host}/xxgk/content_{n}.html" for n in range(PER_HOST)} - addresses
            if missing:
                yield f"{host}: not found: {sorted(missing)}"


def unreadable(config: Config) -> list[str]:
    """Captures whose bytes are not at their place."""
    wrong, u = (
        [],
        "SELECT c.*, u.url AS address, p.record AS first FROM captures c JOIN urls u ON u.id = c.url LEFT JOIN captures p ON p.id = c.original",
    )
    with reading(config.storage.database) as c:
        rows = {row.record: row for row in c.execute(sa.text(u)).all()}
    for row in rows.values():
        held = rows[row.first] if row.first else None
        original = Original(held.record, held.address, held.at, held.payload_digest) if held else None
        try:
            open_page(config.storage.archive, _capture(row, original), _capture(held, None) if held else None)
        except Exception as error:
            wrong.append(f"{row.record}: {error}")
    return wrong


def _capture(row: Any, original: Original | None) -> Capture:
    return Capture(
        row.record, row.address, row.at, row.file, row.offset, row.length, row.type, row.payload_digest, row.media_type, row.status, original
    )  # fmt: skip


# ------------------------------------------------------------------ walking
def walk(
    folder: Path, steps: int, chance: random.Random, readers: Readers, loop: asyncio.Runner, figures: Counter[str]
) -> Iterator[str]:
    """One archive under `steps` + 1 configurations."""
    site, check, now = Site(), Check(), START
    writer = Writer(folder, site.http.server_address[1], chance)
    process: Process | None = None
    try:
        for step in range(steps + 1):
            if process is not None and chance.random() < 0.6:
                now = process.now
                process.close(loop)
                process = None
                if chance.random() < 0.3:
                    writer.move()
            writer.write()
            config = survey(writer.path)
            if config.broken.keys() != writer.broken:
                yield f"step {step}: not valid: {[problem for problems in config.broken.values() for problem in problems]}"
            if process is None:
                process = Process(config, readers, now)
                figures["restarts"] += step > 0
            else:
                process.take_over(config)
                figures["taken over"] += 1
            process.now += chance.choice([3_600_000, DAY, 5 * DAY, 40 * DAY])
            if chance.random() < 0.3:
                site.edits[chance.choice(HOSTS), chance.randrange(PER_HOST)] += 1
            done = process.work(loop, chance, turns=MOST_TURNS if chance.random() < 0.7 else chance.randrange(1, 4))
            figures["left in the middle"] += not done
            figures["pairs"] += step > 0
            yield from (f"step {step}: {wrong}" for wrong in check.after(process, site, writer, done=done))
        if process is not None:
            process.close(loop)
        yield from unreadable(survey(writer.path))
        figures.update(writer.moves)
        figures["documents"] += len(check.documents)
        figures["captures"] += check.captures
        figures["edits"] += sum(site.edits.values())
    finally:
        site.http.shutdown()
        site.http.server_close()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--walk", type=int, default=25, help="configurations that one archive goes through")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    if missing := unvaried():
        print(f"no configuration varies {', '.join(sorted(missing))}")
        return 1
    figures, wrong = Counter[str](), 0
    with tempfile.TemporaryDirectory(dir=given.folder) as made, Readers(1) as readers, asyncio.Runner() as loop:
        for number in itertools.count():
            if figures["pairs"] >= given.pairs:
                break
            chance, folder = random.Random(f"{given.seed} {number}"), Path(made) / str(number)
            folder.mkdir()
            try:
                for said in walk(folder, min(given.walk, given.pairs - figures["pairs"]), chance, readers, loop, figures):
                    print(f"walk {number}: {said}")
                    wrong += 1
            except Exception:
                print(f"walk {number}:\n{traceback.format_exc()}")
                wrong += 1
                figures["pairs"] += 1
            shutil.rmtree(folder, ignore_errors=True)
    print(f"seed {given.seed}: " + ", ".join(f"{count} {name}" for name, count in figures.items()) + f"; {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
