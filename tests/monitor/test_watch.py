"""Sources watched over months: real HTTP on loopback, robots.txt, archive, readers and database; only the clock is ours.

Ten failures must be alarmed by their names within two runs, and 200 healthy runs, with weekends, 春节, 国庆, a notice withdrawn and a
server that does not answer for one run now and then, must give no alarm. Of those the suite has the first forty, with 国庆 in them;
`pytest -m long tests/monitor/test_watch.py` has them all.
"""

import asyncio
import http.server
import itertools
import os
import random
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from crawler.config.load import load
from crawler.model import RunKind
from crawler.monitor.health import learn_silence
from crawler.monitor.workdays import is_working, working_days
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.line import Line
from crawler.politeness.worker import Pacing
from crawler.repository import changes, frontier, runs
from crawler.repository.changes import ChangeView
from crawler.scheduler import process as house
from crawler.scheduler.firing import fire_slot
from tests.tools.simulated import Simulated

PER_PAGE = 10
BEFORE = 24  # notices there are before the first day
FIRST_DAY = date(2024, 8, 26)
FRAME = "<div class='menu'><a href='/'>首页</a><a href='/zwgk/'>政务公开</a></div>{}<div class='foot'>主办：石桥县人民政府办公室 网站标识码：5100000088</div>"
CHALLENGE = "<html><head><script>$_ts=window['$_ts'];if(!$_ts)$_ts={};$_ts.nsd=70123;</script></head><body></body></html>"
LOGIN = "<html><head><title>统一身份认证</title></head><body><form><p>请登录</p><input name=u><input type=password name=p></form></body></html>"
MISSING = "<html><head><title>404</title></head><body>您访问的页面不存在</body></html>"
SUBJECTS = (
    "河道清淤工程施工公告",
    "农村公路养护资金分配方案公示",
    "图书馆延长开放时间的通知",
    "小学食堂招标结果公告",
    "旧楼加装电梯补助名单",
)


@dataclass
class Notice:
    """One notice of a column."""

    number: int
    day: date

    @property
    def title(self) -> str:
        """Long enough to be one, different from all others."""
        return f"石桥县关于第{self.number}号{SUBJECTS[self.number % len(SUBJECTS)]}"


@dataclass
class Column:
    """One column of an invented county, on a host of its own. `mode` says what is wrong with it today."""

    host: str
    rate: float  # notices a working day
    dice: random.Random
    mode: str = "well"
    notices: list[Notice] = field(default_factory=list)
    earlier: str = ""  # its first page as it was some days ago
    today: date = FIRST_DAY

    def publish(self, day: date, *, most: int = 3) -> None:
        """What an office publishes on a day: nothing on weekends and holidays."""
        self.today = day
        if not is_working(day):
            return
        for _ in range(most):
            if self.dice.random() < self.rate / most:
                number = self.notices[0].number + 1 if self.notices else 1000
                self.notices.insert(0, Notice(number, day))

    def answer(self, path: str) -> tuple[int, str, dict[str, str]]:
        """Status, page, headers."""
        if path == "/robots.txt":
            return 404, "", {}
        if path.startswith("/xxgk/content_"):
            return self._detail(int(path[14:-5]))
        if path == "/login.html":
            return 200, LOGIN, {}
        if not path.startswith("/xxgk/index"):
            return 404, MISSING, {}
        page = int(path[12:-5]) if path.startswith("/xxgk/index_") else 0
        said: dict[str, Callable[[], tuple[int, str, dict[str, str]]]] = {
            "login": lambda: (302, "", {"Location": "/login.html"}),
            "block": lambda: (200, CHALLENGE, {}),
            "404": lambda: (404, MISSING, {}),
            "stale": lambda: (200, self.earlier, {}),
            "busy": lambda: (503, "", {}),
        }
        return said[self.mode]() if self.mode in said else (200, self.listing(page), {})

    def arranged(self) -> list[Notice]:
        """The notices in the column's order, which its host's name tells: by day unless it says something else."""
        kind, found = self.host.partition(".")[0], self.notices
        if kind.startswith("shuffled"):  # another order at every run
            return random.Random(self.today.toordinal()).sample(found, len(found))
        if kind.startswith("relevant"):  # new ones stand anywhere
            return sorted(found, key=lambda notice: notice.number * 2_654_435_761 % 2**32)
        if kind.startswith("offices"):
            return sorted(found, key=lambda notice: notice.number % 4)
        if kind.startswith("pinned"):  # some of the last month, for a fortnight
            turn = random.Random(self.today.toordinal() // 14)
            pinned = turn.sample(found[: 3 * PER_PAGE], 3)
            return pinned + [notice for notice in found if notice not in pinned]
        return found

    def dated(self, notice: Notice) -> bool:
        """Does the list show its day?"""
        kind = self.host.partition(".")[0]
        if self.mode == "dates" or kind.endswith("undated"):
            return False
        return not kind.endswith("halfdated") or bool(notice.number % 2)

    def listing(self, page: int = 0) -> str:
        """A page of the column."""
        size = PER_PAGE // 2 if self.mode == "half" else PER_PAGE
        shown = [] if self.mode == "empty" else self.arranged()[page * PER_PAGE : page * PER_PAGE + size]
        if self.mode == "layout":
            rows = "".join(f"<div class=card data-id={n.number}><b>{n.title}</b><i>{n.day}</i></div>" for n in shown)
            return f"<html><body><div class=hero>石桥县政务公开新版</div>{rows}</body></html>"
        rows = "".join(
            f"<li><a href='/xxgk/content_{n.number}.html'>{n.title}</a>{f'<span>{n.day}</span>' if self.dated(n) else ''}</li>"
            for n in shown
        )
        pages = -(-len(self.notices) // PER_PAGE)
        pager = f"<script>createPageHTML({pages}, {page}, 'index', 'html');</script>"
        return f"<html><head><meta charset=utf-8><title>通知公告</title></head><body>{FRAME.format(f'<ul class=list>{rows}</ul>{pager}')}</body></html>"

    def _detail(self, number: int) -> tuple[int, str, dict[str, str]]:
        found = next((notice for notice in self.notices if notice.number == number), None)
        if found is None:
            return 404, MISSING, {}
        body = f"<p>现将第{number}号事项公告如下，欢迎监督，有意见的请在七日内书面提出，逾期视为没有意见。</p><p>联系电话见政务公开栏，工作时间为周一至周五。</p>"
        head = f"<meta name=ArticleTitle content='{found.title}'><meta name=PubDate content='{found.day}'><meta name=ContentSource content='石桥县人民政府'>"
        return (
            200,
            f"<html><head><meta charset=utf-8>{head}</head><body>{FRAME.format(f'<h1>{found.title}</h1><div class=TRS_Editor>{body}</div>')}</body></html>",
            {},
        )


class Server:
    """Columns by host name, served on one loopback port; `close` makes its hosts refuse connections."""

    def __init__(self, columns: Sequence[Column]) -> None:
        by_host = {column.host: column for column in columns}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, text, headers = by_host[self.headers["Host"].partition(":")[0]].answer(self.path)
                body = text.encode()
                self.send_response(status)
                for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self.http.shutdown()
        self.http.server_close()


class Months(Simulated):
    """The line of one process over months: what the engine does, step by step, with a clock of its own."""

    def __init__(self, line: Line, columns: Sequence[Column]) -> None:
        super().__init__(now=0)
        self.line, self.columns = line, columns
        line.clock = self.clock
        self.loop = asyncio.Runner()
        self.fetch_by(line.policy.config)
        self.pacing = Pacing({}, 0, 10.0, house.AGENT)
        self.runs = 0

    def fire(self, day: date, *only: str) -> None:
        """One run of every list, or of the named sources', at 9:15 of a day, to its end."""
        slot = int(datetime(day.year, day.month, day.day, 1, 15, tzinfo=UTC).timestamp() * 1000)
        self.now = max(self.now, slot)
        for source in [self.line.policy.config.sources[name] for name in only] or self.line.policy.config.sources.values():
            fire_slot(self.line, source, RunKind.LIST, slot)
        self.runs += 1
        while self.open_runs():
            with self.line.database.read() as c:
                due = frontier.queues_due(c, self.clock(), 100)
            for queue in due:
                assert self.loop.run(self.hold(queue, self.pacing))
            settle_all(self.line)
            self.now += 1_000 if due else 120_000

    def alarms(self, source: str | None = None) -> list[ChangeView]:
        """The ledger's lines about sources."""
        with self.line.database.read() as c:
            return changes.read(c, changes.Only(kind="health", source=source))

    def is_held(self, source: str) -> bool:
        """Is the source paused, or in quarantine?"""
        with self.line.database.read() as c:
            return runs.is_held(c, source, self.clock())

    def hang_up(self) -> None:
        """Drop connections."""
        self.loop.run(self.fetcher.aclose())

    def close(self) -> None:
        """The end."""
        self.hang_up()
        self.loop.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where syncing costs nothing, if there is such a place: months of runs sync thousands of times."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="gongkai-") as made:
        yield Path(made)


@pytest.fixture
def months(folder: Path, request: pytest.FixtureRequest) -> Iterator[Months]:
    """Columns (host → notices a working day), each a source, with notices of the weeks before the first day. `away.test` has a server of its own."""
    columns = [Column(host, rate, random.Random(host)) for host, rate in request.param.items()]
    for column in columns:
        day = FIRST_DAY - timedelta(days=int(BEFORE / column.rate * 7 / 5) + 30)
        while day < FIRST_DAY:
            column.publish(day)
            day += timedelta(1)
        del column.notices[BEFORE:]
    servers = {column.host: Server([column]) for column in columns}
    (folder / "config" / "sources").mkdir(parents=True)
    targets = ", ".join(f'"{host}" = "127.0.0.1:{server.port}"' for host, server in servers.items())
    path = folder / "config" / "gongkai.toml"
    path.write_text(
        f'[operator]\nname = "测试"\ncontact = "mailto:a@example.org"\n[network]\ndelay = "0s"\nconnect = {{ {targets} }}\n',
        "utf-8",
    )
    for column in columns:
        text = f'title = "通知公告"\nstart = "http://{column.host}/xxgk/index.html"\nenabled = true\n'
        (path.parent / "sources" / f"{column.host.partition('.')[0]}.toml").write_text(text, "utf-8")
    with house.open_line(load(path), "test", workers=1) as line:
        made = Months(line, columns)
        made.servers = servers  # type: ignore[attr-defined]
        yield made
        made.close()
    for server in servers.values():
        server.close()


def weekdays(first: date, count: int) -> list[date]:
    """So many weekdays, holidays among them, as the usual schedule fires."""
    days = [first + timedelta(n) for n in range(count * 2)]
    return [day for day in days if day.weekday() < 5][:count]


# ------------------------------------------------------------------ what goes wrong
FAILURES = {
    "layout": "layout changed",
    "empty": "list empty",
    "login": "login wall",
    "block": "blocked",
    "half": "fewer rows",
    "dates": "dates gone",
    "stale": "stale cache",
    "404": "list not found",
    "down": "host down",
}
BUSY = {f"f{mode}.test": 1.5 for mode in [*FAILURES, "frozen"]}


WEEKS_OR_MONTHS = pytest.mark.parametrize("long", [False, pytest.param(True, marks=pytest.mark.long)], ids=["weeks", "months"])


@pytest.mark.timeout(400)
@pytest.mark.parametrize("months", [BUSY], indirect=True, ids=["ten columns"])
def test_ten_failures_are_alarmed_by_their_names_within_two_runs(months: Months) -> None:
    healthy = weekdays(FIRST_DAY, 10)
    for day in healthy:
        for column in months.columns:
            column.publish(day)
            if day == healthy[-4]:
                column.earlier = column.listing()
        months.fire(day)
    assert months.alarms() == []
    for column in months.columns:
        mode = column.host[1:].partition(".")[0]
        column.mode = mode
        if mode == "down":
            months.servers[column.host].close()  # type: ignore[attr-defined]
            months.hang_up()
    for day in weekdays(healthy[-1] + timedelta(1), 2):
        for column in months.columns:
            if column.mode != "frozen":
                column.publish(day)
        months.fire(day)
    told = {line.source[1:]: line.detail["trouble"] for line in months.alarms()}
    assert told == FAILURES
    assert {line.detail["before"] for line in months.alarms() if line.detail["after"] == "suspect"} == {"ok"}
    _frozen(months, healthy[-1])


def _frozen(months: Months, last: date) -> None:
    """The feed that shows nothing new any more: alarmed within two runs of the end of the longest silence that was learned."""
    frozen = next(column for column in months.columns if column.mode == "frozen")
    newest = frozen.notices[0].day
    limit = learn_silence([notice.day for notice in frozen.notices])
    assert limit is not None
    for day in weekdays(last + timedelta(3), 60):
        months.fire(day, "ffrozen")
        if months.alarms("ffrozen"):
            break
        assert working_days(newest, day) <= limit + 2
    assert [line.detail["trouble"] for line in months.alarms("ffrozen")] == ["feed frozen"]


@pytest.mark.parametrize("months", [{"back.test": 1.5}], indirect=True, ids=["one column"])
def test_what_recovers_is_told_once_and_what_stays_down_is_asked_ever_more_rarely(months: Months) -> None:
    (column,) = months.columns
    days = iter(weekdays(FIRST_DAY, 60))

    def runs(count: int) -> None:
        for day in itertools.islice(days, count):
            column.publish(day)
            months.fire(day)

    runs(5)
    column.mode = "404"
    runs(6)
    with months.line.database.read() as c:
        state, trouble, rests = c.execute(sa.text("SELECT health, trouble, rests_until FROM sources WHERE id = 'back'")).one()
    assert (state, trouble) == ("down", "list not found")
    assert rests > months.now
    assert months.is_held("back")
    column.mode = "well"
    runs(8)
    assert not months.is_held("back")
    assert [(line.detail["before"], line.detail["after"]) for line in months.alarms()] == [
        ("ok", "suspect"), ("suspect", "down"), ("down", "recovered"),
    ]  # fmt: skip


# ------------------------------------------------------------------ what does not
ODD = {
    f"{order}{dates}.test": 0.9
    for order in ("shuffled", "relevant", "offices", "pinned", "steady")
    for dates in ("", "-undated", "-halfdated")
}


def live(months: Months, count: int) -> None:
    """So many runs of columns that are well: they publish, and withdraw one of their newest now and then."""
    dice = random.Random(11)
    for day in weekdays(FIRST_DAY, count):
        for column in months.columns:
            column.publish(day)
            if dice.random() < 0.02:
                del column.notices[dice.randrange(3)]
        months.fire(day)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("months", [ODD], indirect=True, ids=["fifteen columns"])
def test_columns_in_any_order_with_pins_and_without_dates_give_no_alarm(months: Months) -> None:
    """`python -m tests.tools.healthy_columns` lets them run longer."""
    live(months, 8)
    assert [(line.source, dict(line.detail)) for line in months.alarms()] == []
    with months.line.database.read() as c:
        troubles = c.execute(sa.text("SELECT source, trouble FROM runs WHERE trouble IS NOT NULL")).all()
    assert troubles == []


@pytest.mark.timeout(400)
@WEEKS_OR_MONTHS
@pytest.mark.parametrize("months", [{"busy.test": 0.8}], indirect=True, ids=["one column"])
def test_two_hundred_healthy_runs_with_holidays_give_no_alarm(months: Months, *, long: bool) -> None:
    count, away = (200, 0.02) if long else (40, 0.06)
    days = weekdays(FIRST_DAY, count)
    assert date(2024, 10, 3) in days
    assert date(2025, 1, 30) in days or not long
    dice = random.Random(7)
    for day in days:
        for column in months.columns:
            column.publish(day)
            column.mode = "busy" if dice.random() < away and column.mode == "well" else "well"  # away for one run
            if dice.random() < 0.02:
                del column.notices[0]  # withdrawn
        months.fire(day)
    assert months.runs == count
    assert [(line.source, line.at, dict(line.detail)) for line in months.alarms()] == []
    with months.line.database.read() as c:
        results = dict(tuple(row) for row in c.execute(sa.text("SELECT result, count(*) FROM runs GROUP BY result")))
    assert results.keys() <= {"ok", "unchanged", "failed", "suspect"}
    assert results["failed"] >= 2  # it was away, and nobody was woken
