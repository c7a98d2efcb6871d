"""`probe` and `try`: what they show, what they write, and that they keep nothing."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.config import fixtures
from crawler.config.load import load, read_source
from crawler.demo.site import LANWAN, Site
from crawler.pipeline.trial import draft_id, names, quoted

Home = Any  # the fixture's class lives in conftest, which tests do not import
START = f"http://{LANWAN}/zwgk/index.html"


@pytest.fixture
def bare(tmp_path: Path, site: Site) -> Path:
    """A configuration without a source, whose every host is the demo's server."""
    path = tmp_path / "config" / "gongkai.toml"
    path.parent.mkdir()
    text = f'[operator]\nname = "测试"\ncontact = "mailto:a@example.org"\n[network]\ndelay = "0s"\nconnect = {{ "*" = "127.0.0.1:{site.port}" }}\n'
    path.write_text(text, "utf-8")
    return path


def gongkai(path: Path, *arguments: str) -> int:
    """The exit code of a command."""
    return run(["--config", str(path), *arguments])


def test_probe_tells_what_it_found_and_its_draft_works_unedited(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gongkai(bare, "probe", START) == 0
    told = capsys.readouterr().out
    for fact in (
        "robots.txt  allow",
        "TRS WCM",
        "utf-8",
        "8, 8 with a date",
        "createPageHTML, 2 pages",
        "page 2 has 7 rows, 7 of them new",
    ):
        assert fact in told
    (written,) = (bare.parent / "sources").glob("*.toml")
    assert f"wrote {written.name}" in told or str(written.name) in told
    source = read_source(written)
    assert (source.start[0].url, source.enabled, source.expect.rows) == (START, False, 5)
    assert (source.verified or "").startswith("probed 2")
    assert gongkai(bare, "try", written.stem, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["rows"]) == 8
    assert [sample["page_kind"] for sample in said["samples"]] == ["notice"] * 3


def test_neither_keeps_anything(bare: Path) -> None:
    assert gongkai(bare, "probe", START, "--id", "here") == 0
    assert gongkai(bare, "try", "here") == 0
    assert sorted(path.name for path in bare.parent.parent.iterdir()) == ["config"]


def test_probe_overwrites_nothing(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sources = bare.parent / "sources"
    sources.mkdir()
    (sources / "here.toml").write_text('title = "a"\nstart = "http://a.test/"\n', "utf-8")
    assert gongkai(bare, "probe", START, "--id", "here") == 2
    assert "already" in capsys.readouterr().err
    assert (sources / "here.toml").read_text("utf-8") == 'title = "a"\nstart = "http://a.test/"\n'
    assert gongkai(bare, "probe", START, "--print") == 0
    assert 'title = "' in capsys.readouterr().out
    assert [path.name for path in sources.iterdir()] == ["here.toml"]


def test_probe_of_a_known_column_names_its_source(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gongkai(bare, "probe", START, "--id", "here") == 0
    assert gongkai(bare, "probe", START) == 0
    assert "is source here already" in capsys.readouterr().err
    assert len(load(bare).sources) == 1


def test_what_robots_txt_forbids_is_not_asked_for(bare: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(site.seen)
    assert gongkai(bare, "probe", f"http://{LANWAN}/admin/list.html") == 1
    told = capsys.readouterr().out
    assert "robots.txt  disallow" in told
    assert "its owner's decision" in told
    assert [seen.path for seen in site.seen[before:]] == ["/robots.txt"]


def test_an_address_that_is_none_is_wrong_usage(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gongkai(bare, "probe", "www.example.gov.cn") == 2
    assert "scheme" in capsys.readouterr().err
    assert gongkai(bare, "probe", START, "--id", "../../etc/x") == 2
    assert "small letters" in capsys.readouterr().err


SHELL = "<html><body><div id='app'></div><script>fetch('/api/list/query?page=1')</script></body></html>"


@pytest.fixture
def shell() -> Iterator[int]:
    """A server whose every page is filled by script."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"" if self.path == "/robots.txt" else SHELL.encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_a_page_that_cannot_be_read_gets_a_plain_account(bare: Path, shell: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = bare.read_text("utf-8")
    bare.write_text(text[: text.index("connect")] + f'connect = {{ "*" = "127.0.0.1:{shell}" }}\n', "utf-8")
    assert gongkai(bare, "probe", "http://spa.test/list") == 1
    told = capsys.readouterr().out
    assert "No rows were found on this page, so nothing was drafted." in told
    assert "its scripts name /api/list/query?page=1" in told
    assert 'method = "POST"' in told
    assert not (bare.parent / "sources").exists()


def test_try_saves_a_fixture_that_is_read_again_the_same(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "saved"
    assert gongkai(home.path, "try", "lanwan", "--save", "--to", str(folder)) == 0
    told = capsys.readouterr()
    assert "saved 4 pages" in told.err
    assert len([line for line in told.out.splitlines() if line.startswith("20")]) >= 8
    assert fixtures.check(folder / "lanwan", home.config.sources["lanwan"].read) == []


def test_ids_come_from_what_tells_in_an_address() -> None:
    assert draft_id("https://zrzyt.shanxi.gov.cn/zwgk/tzgg/") == "shanxi-zrzyt-tzgg"
    assert draft_id("http://www.ndrc.gov.cn/") == "ndrc"
    assert draft_id("http://www.dingxi.gov.cn/col/col12377/index.html") == "dingxi-col12377"
    assert draft_id("http://127.0.0.1:80/") == "1-0-0-127" or draft_id("http://127.0.0.1:80/")


def test_names_come_from_the_metas_else_from_the_title() -> None:
    assert names('<meta name="SiteName" content="云溪县人民政府"><meta content="通知公告" name="ColumnName">') == (
        "云溪县人民政府",
        "通知公告",
    )
    assert names("<title>通知公告 - 云溪县人民政府</title>") == ("云溪县人民政府", "通知公告")
    assert names("<p>nothing</p>") == ("", "")


def test_a_title_cannot_break_out_of_its_string() -> None:
    assert quoted('a"b\\c\nd\x7f') == '"a\\"b\\\\cd"'
