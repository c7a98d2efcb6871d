"""`crawl`: what it says of each address, when it says that it is done, and why its exit code is not 0."""

import html
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.demo.site import LANWAN, Page, Site

Home = Any  # the fixture's class lives in conftest, which tests do not import
LIST = f"http://{LANWAN}/zwgk/index.html"


def gongkai(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    capsys.readouterr()
    code = run(["--config", str(home.path), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def addresses(site: Site) -> list[str]:
    """Of the first notices of a column."""
    return [f"http://{LANWAN}{notice.path}" for notice in site.notices[LANWAN][:2]]


def test_every_address_that_was_asked_for_is_looked_at_and_told_of(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = addresses(site)
    code, out, err = gongkai(home, capsys, "crawl", "--url", one, "--url", other)
    assert code == 0, err
    told = re.findall(r"^new     (\w{12})  (\S+)", out, re.MULTILINE)
    assert {title for _, title in told} == {notice.title for notice in site.notices[LANWAN][:2]}
    assert f"next: gongkai show {told[0][0]}" in err
    assert "done: 0 list pages, 2 notices, 2 new documents" in out
    code, out, err = gongkai(home, capsys, "crawl", "--url", other)
    assert code == 0
    assert re.match(r"same    (\w{12})", out)
    assert f"next: gongkai show {told[1][0]}" in err


def test_an_address_without_a_notice_says_what_it_is_and_the_exit_code_is_one(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = gongkai(home, capsys, "crawl", "--url", LIST)
    assert code == 1
    assert "a list" in out.splitlines()[0]
    assert f"gongkai crawl --url {LIST} --follow" in err
    missing = f"http://{LANWAN}/zwgk/none.html"
    code, out, err = gongkai(home, capsys, "crawl", "--url", missing)
    assert (code, out.splitlines()[0]) == (1, f"not_found 404: {missing}")
    code, out, _ = gongkai(home, capsys, "crawl", "--url", missing, "--url", LIST, "--json")
    (told,) = [json.loads(line) for line in out.splitlines()]
    assert [(one["url"], one["outcome"]) for one in told["addresses"]] == [(missing, "not_found"), (LIST, "not_modified")]
    assert (code, told["done"]) == (1, True)
    assert gongkai(home, capsys, "crawl", "--url", LIST, "--follow")[0] == 0


def test_a_column_that_is_known_is_read_and_not_followed_when_its_address_alone_is_asked_for(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    before = len(home.sql("SELECT id FROM looks"))
    code, out, err = gongkai(home, capsys, "crawl", "--url", LIST)
    assert (code, len(home.sql("SELECT id FROM looks"))) == (1, before + 1)
    assert "a list" in out.splitlines()[0]
    assert f"gongkai crawl --url {LIST} --follow" in err
    assert gongkai(home, capsys, "crawl", "--url", LIST, "--follow")[0] == 0
    assert len(home.sql("SELECT id FROM looks")) > before + 10


def test_exit_code_one_comes_with_the_line_that_says_why_and_a_command_that_shows_it(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("qinghe")
    site.change()
    code, out, err = gongkai(home, capsys, "crawl", "qinghe")
    assert (code, out.startswith("done: ")) == (1, True)
    why = re.search(r"^qinghe: failed: list has 0 rows, had 8 · gongkai (health qinghe)$", err, re.MULTILINE)
    assert why is not None, err
    assert "list has 0 rows" in gongkai(home, capsys, *why[1].split())[1]


def test_a_notice_that_fails_is_shown_by_the_command_that_is_named(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    walled, forbidden = addresses(site)
    site.pages[LANWAN, site.notices[LANWAN][0].path] = Page(b"stop", status=412)
    rules = f"User-agent: *\nDisallow: {site.notices[LANWAN][1].path}\n"
    site.pages[LANWAN, "/robots.txt"] = Page(rules.encode(), "text/plain")
    for arguments, shown in (
        (("--url", walled), [("blocked", walled)]),
        (("--url", forbidden), [("disallowed", forbidden)]),
        (("lanwan",), [("blocked", walled), ("disallowed", forbidden)]),
    ):
        code, _, err = gongkai(home, capsys, "crawl", *arguments)
        assert code == 1
        why = re.search(r"^lanwan: (?:failed|suspect): \d+ failed · gongkai (.+)$", err, re.MULTILINE)
        assert why is not None, err
        code, out, _ = gongkai(home, capsys, *shlex.split(why[1]), "--json")
        told = {(line["outcome"], line["url"]) for line in map(json.loads, out.splitlines())}
        assert (code, told >= set(shown), {outcome for outcome, _ in told} - {"blocked", "disallowed"}) == (0, True, set())
    assert gongkai(home, capsys, "health", "lanwan")[0] == 0


def test_an_interrupted_crawl_is_not_done_and_says_what_remains(site: Site, home: Home) -> None:
    text = home.path.read_text("utf-8").replace('delay = "0s"', 'delay = "3s"')
    home.path.write_text(text, "utf-8")
    program = [sys.executable, "-m", "crawler.cli", "--config", str(home.path), "-vv", "crawl", "lanwan", "--max-pages", "2"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while time.monotonic() < until and not any(home.folder.glob("data/warc/*")):
        time.sleep(0.05)
    time.sleep(1.5)  # somewhere in the pauses between its requests: a crawl of so many takes a minute
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert re.search(r"^interrupted: \d+ list pages? and \d+ notices? looked at.* remain", err, re.MULTILINE), err
    assert "gongkai crawl lanwan --max-pages 2 goes on where it stood" in err


@pytest.mark.parametrize(
    ("title", "search"),
    [
        ('=HYPERLINK("http://a/") 关于印发预算的通知', "gongkai search 关于印发 · "),
        ("（转发）市政府文件的通知", "gongkai search 转发 · "),
        ("$(reboot) `ls` -v \"a' 通知", "gongkai search 通知 · "),
        ("Notice No. 5", ""),
    ],
)
def test_the_search_that_is_suggested_can_be_typed_and_finds_the_notice(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str], title: str, search: str
) -> None:
    notice = site.notices[LANWAN][0]
    page = site.pages[LANWAN, notice.path]
    shown = html.escape(title).encode()
    site.pages[LANWAN, notice.path] = replace(page, body=page.body.replace(notice.title.encode(), shown))
    only = f'title = "a"\npages = ["http://{LANWAN}{notice.path}"]\n'
    home.set_source("one", only)
    err = gongkai(home, capsys, "crawl", "one")[2]
    said = re.search(r"^next: (.*)gongkai show (\w{4})$", err, re.MULTILINE)
    assert said is not None, err
    assert said[1] == search
    if search:
        assert said[2] in gongkai(home, capsys, *shlex.split(search.removeprefix("gongkai ").removesuffix(" · ")))[1]
