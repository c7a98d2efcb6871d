"""A day of the daemon in simulated time, told by its log: a host dies and comes back, a source's file is broken and mended, the configuration
is read again, the disk is full and has room again.

    python -m tests.tools.day_of_daemon [--format text|json]

HTTP on loopback, archive, readers, database, timetable, reload and log are the real ones; only the clock is ours, and the disk is full because
storage.keep_free asks for more than there is. Exit code 1 when the log lacks a part of the story.
"""

import argparse
import asyncio
import http.server
import sys
import tempfile
import threading
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import structlog

from crawler.config.load import survey
from crawler.config.values import Config
from crawler.errors import CannotError
from crawler.model import Millis
from crawler.monitor.alarms import Alarms
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.policy import Policy
from crawler.pipeline.readers import Readers
from crawler.repository import frontier
from crawler.scheduler import process as house
from crawler.scheduler.clock import Clock, timetable
from crawler.scheduler.narrator import Narrator
from crawler.scheduler.reload import Reload
from tests.tools.change_settings import Process

BEIJING = timezone(timedelta(hours=8))
MORNING = int(datetime(2026, 3, 2, 8, 0, tzinfo=BEIJING).timestamp() * 1000)
TICK: Millis = 300_000
HOSTS = {"alpha": "www.alpha.test", "beta": "www.beta.test", "gamma": "www.gamma.test"}
STORY = (
    "running",
    "run",
    "breaker open",
    "health",
    "alarm sent",
    "breaker closed",
    "configuration taken over",
    "cannot go on",
    "ended",
)
log = structlog.get_logger()


class Host:
    """One host with a list of notices; `stop` makes it refuse connections."""

    def __init__(self, name: str, port: int = 0) -> None:
        self.name, self.notices = name, 6
        host = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, text = host.answer(self.path)
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._handler = Handler
        self.start(port)

    def start(self, port: int) -> None:
        """Answer on a port."""
        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        self._http.daemon_threads = True
        self.port = int(self._http.server_address[1])
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop answering."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str) -> tuple[int, str]:
        """Status and page."""
        if path == "/list.html":
            rows = "".join(
                f"<li><a href='/content_{n}.html'>关于第{n}号河道清淤工程施工的公告</a><span>2026-02-{10 + n}</span></li>"
                for n in reversed(range(self.notices))
            )
            return 200, f"<html><head><title>通知公告</title></head><body><ul>{rows}</ul></body></html>"
        if path.startswith("/content_"):
            n = int(path[9:-5])
            return 200, (
                f"<html><head><title>{self.name}</title></head><body><h1>关于第{n}号河道清淤工程施工的公告</h1><p>发布时间：2026-02-{10 + n} 来源：水务局</p>"
                f"<div id=zoom><p>现将第{n}号事项公告如下，欢迎监督，有意见的请在七日内书面提出。</p><p>联系电话见政务公开栏。</p></div></body></html>"
            )
        return 404, "<html><head><title>404</title></head><body>您访问的页面不存在</body></html>"


class Day:
    """One archive, its files, and the daemon that works on it."""

    def __init__(self, folder: Path, readers: Readers) -> None:
        self.hosts = {name: Host(host) for name, host in HOSTS.items()}
        self.path, self.readers, self.loop = folder / "config" / "gongkai.toml", readers, asyncio.Runner()
        self.now = MORNING
        self.sources = self.path.parent / "sources"
        self.sources.mkdir(parents=True)
        self.settings()
        for name in HOSTS:
            self.source(name)
        self.begin()

    # -------------------------------------------------------------- the files
    def settings(self, delay: str = "2s", keep_free: str = "1MB") -> None:
        """Write the settings."""
        targets = ", ".join(f'"{HOSTS[name]}" = "127.0.0.1:{host.port}"' for name, host in self.hosts.items())
        self.path.write_text(
            f'[operator]\nname = "Example Archive"\ncontact = "mailto:archive@example.org"\n[storage]\nkeep_free = "{keep_free}"\n'
            f'[network]\ndelay = "{delay}"\nconnect = {{ {targets} }}\n[schedule]\nlists = "15 8-20 * * *"\n'
            '[alarms]\ngather = "0s"\n[alarms.channels.duty]\nkind = "command"\ncommand = ["true"]\ntell = ["health"]\n',
            "utf-8",
        )

    def source(self, name: str, more: str = "") -> None:
        """Write a source's file."""
        text = f'title = "{name} 通知公告"\nstart = "http://{HOSTS[name]}/list.html"\nenabled = true\n{more}'
        (self.sources / f"{name}.toml").write_text(text, "utf-8")

    # -------------------------------------------------------------- the daemon
    def begin(self) -> None:
        """Start it."""
        config = survey(self.path)
        self.process: Process | None = Process(config, self.readers, self.now)
        self.clock, self.next = Clock(self.process.line), dict[str, Millis]()
        self.narrator, self.reload = Narrator(self.process.line), Reload(config, self.take_over)
        log.info("running", sources=len(config.sources))
        self.narrator.begin()

    async def take_over(self, config: Config) -> None:
        """What the daemon does, without its engine."""
        assert self.process is not None
        self.process.line.take_over(Policy(config, self.process.line.policy))
        self.clock.config, self.next = config, {}

    def end(self) -> None:
        """SIGTERM, or the end of what cannot go on."""
        assert self.process is not None
        self.narrator.speak()
        self.process.close(self.loop)
        self.process = None
        log.info("ended")

    def tick(self) -> None:
        """Five minutes: what is due fires, what is there is worked, what happened is said."""
        if self.process is None:
            return
        process = self.process
        process.now = max(process.now, self.now)
        try:
            self._work(process)
        except CannotError as error:
            log.error("cannot go on", error=str(error))  # noqa: TRY400 - as the engine says it
            self.end()
            return
        self.narrator.speak()

    def _work(self, process: Process) -> None:
        config = process.line.policy.config
        for beat in timetable(config):
            if self.next.get(beat.id, 0) <= self.now:
                self.next[beat.id] = self.clock._claim(beat)
        process.line.archive.check_room(config.storage.keep_free)
        while True:
            with process.line.database.read() as c:
                due = frontier.queues_due(c, process.clock(), 100)
            for queue in due:
                self.loop.run(process.hold(queue, process.line.policy.pacing(house.AGENT)))
            settle_all(process.line)
            if not due:
                break
        alarms = Alarms(config, process.line.database, house.fetch_settings(config), process.clock)
        self.loop.run(alarms.tell())

    def read(self, *, signal: bool = False) -> None:
        """A changed file is seen, or SIGHUP comes."""
        self.loop.run(self.reload.read(say_nothing_changed=signal))


def events(day: Day) -> dict[str, Callable[[], None]]:
    """What happens when, Beijing time."""
    gamma = day.hosts["gamma"]

    def broken() -> None:
        (day.sources / "alpha.toml").write_text('title = "alpha 通知公告"\nstart = "http://www.al', "utf-8")
        day.read()

    def mended() -> None:
        day.source("alpha", "[list]\nmax_pages = 5\n")
        day.read()

    def slower() -> None:
        day.settings(delay="3s")
        day.read(signal=True)

    def wrong() -> None:
        day.settings(delay="soon")
        day.read()

    def full() -> None:
        day.settings(delay="3s", keep_free="900000GB")
        day.read()

    def room() -> None:
        day.settings(delay="3s")
        day.begin()

    return {
        "09:40": lambda: setattr(day.hosts["beta"], "notices", 7),
        "10:05": gamma.stop,
        "12:30": broken,
        "12:50": mended,
        "14:00": slower,
        "14:05": wrong,
        "14:06": slower,
        "15:20": lambda: gamma.start(gamma.port),
        "17:05": full,
        "17:40": room,
    }


def tell(format_: str, day_of: Callable[[], Millis], said: list[str]) -> None:
    """The log as the command writes it, with the simulated time, in Beijing."""

    def stamp(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        said.append(str(event["event"]))
        at = datetime.fromtimestamp(day_of() / 1000, UTC).astimezone(BEIJING)
        return {"timestamp": at.strftime("%m-%d %H:%M:%S"), **event}

    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if format_ == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, last],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stdout),
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given, said = parser.parse_args(), list[str]()
    now: list[Millis] = [MORNING]
    tell(given.format, lambda: now[0], said)
    with tempfile.TemporaryDirectory() as made, Readers(1) as readers:
        day = Day(Path(made), readers)
        happens = events(day)
        while day.now < MORNING + 13 * 3_600_000:
            minute = day.now + TICK
            for at in range(day.now, minute, 60_000):
                due = happens.pop(datetime.fromtimestamp(at / 1000, UTC).astimezone(BEIJING).strftime("%H:%M"), None)
                if due is not None:
                    now[0] = at
                    due()
            day.now = now[0] = minute
            day.tick()
        day.end()
    missing = [event for event in STORY if event not in said]
    if missing:
        print(f"the log does not tell of: {', '.join(missing)}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
