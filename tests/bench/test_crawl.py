"""A whole crawl of the bench's site, by the command, with its statements counted: sets instead of rows."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from tests.bench.checked import faults
from tests.bench.counted import counted
from tests.bench.pages import Host, write_site

HOSTS, PAGES, PORT = 20, 400, 18080
MOST = 6.0  # statements a detail page; a crawl of 1,000 takes 4.2 in all, 0.6 of them by the clock
BY_THE_CLOCK = ("start", "watch", "frontier", "pending", "transaction")  # as many as the crawl has seconds, whatever its pages
SETTINGS = """[operator]
name = "Bench"
contact = "mailto:bench@example.org"

[network]
delay = "0s"
allow_private = ["127.0.0.0/8"]
connect = {{ "*" = "127.0.0.1:{port}" }}
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """The first state of a site; its host is the one that is asked for."""

    protocol_version = "HTTP/1.1"
    site: Path

    def translate_path(self, path: str) -> str:
        """A file of the host's folder."""
        return str(self.site / "1" / (self.headers["Host"] or "").partition(":")[0] / path.lstrip("/"))

    def guess_type(self, path: Any) -> str:
        """As the host declares it."""
        host = Host(int(Path(path).relative_to(self.site / "1").parts[0].rpartition(".")[2]), HOSTS)
        return f"text/html; charset={host.declared}" if host.says_in_header else "text/html"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Nothing is told."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site on disk."""
    folder = tmp_path_factory.mktemp("site")
    write_site(folder, hosts=HOSTS, pages=PAGES, port=PORT)
    return folder


@contextmanager
def served(site: Path) -> Iterator[int]:
    """The site on a port of loopback."""
    handler = type("SiteHandler", (Handler,), {"site": site})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_crawl_takes_at_most_six_statements_a_page_and_misses_nothing(site: Path, tmp_path: Path) -> None:
    sources = tmp_path / "config" / "sources"
    sources.mkdir(parents=True)
    starts = ", ".join(f'"http://{Host(number, HOSTS).address}:{PORT}/zwgk/zcwj/index.html"' for number in range(1, HOSTS + 1))
    (sources / "bench.toml").write_text(f'title = "bench"\nstart = [{starts}]\n', "utf-8")
    config, records = tmp_path / "config" / "gongkai.toml", tmp_path / "records.jsonl"
    with served(site) as port:
        config.write_text(SETTINGS.format(port=port), "utf-8")
        with counted() as statements:
            assert run(["--config", str(config), "crawl", "bench", "--json"]) == 0
    assert run(["--config", str(config), "export", "--to", str(records)]) == 0
    assert faults(site, 1, records) == []
    by_the_page = {step: count / PAGES for step, count in statements.items() if step not in BY_THE_CLOCK}
    assert sum(by_the_page.values()) <= MOST, by_the_page
