"""What is odd in other people's files: each kind is taken as what it is, or left out and counted by its reason; nothing stops the rest."""

import base64
import gzip
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.pipeline.intake import bring_in
from crawler.scheduler import process as house
from tests.pipeline import others
from tests.pipeline.others import FIRST, LATER, PATHS, SITE, TITLES, Answer, http, record

Home = Any  # the fixture's class lives in conftest, which tests do not import
RESPONSE = ("Content-Type", "application/http; msgtype=response")
PAGE = Answer(f"{FIRST}2Z", PATHS["a"], others.notice("a"))


def bring(home: Home, capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> dict[str, Any]:
    """What the command answers."""
    capsys.readouterr()
    assert run(["--config", str(home.path), "import", "--json", *map(str, words)]) == code
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


def response(answer: Answer, *extra: tuple[str, str], block: bytes | None = None, kind: str = "response") -> bytes:
    """A record of it."""
    return record(kind, answer.url, answer.at, http(answer) if block is None else block, RESPONSE, *extra)


def test_what_is_not_taken_is_counted_by_its_reason(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sent = {method: others.name(method) for method in ("POST", "HEAD")}
    made = [
        others.info("software: anything\n"),
        response(PAGE),
        record("response", "ftp://www.yunxi.example/a", f"{FIRST}2Z", b"x"),
        record("response", f"{SITE}/{'a' * 2100}", f"{FIRST}2Z", http(PAGE), RESPONSE),
        record("response", f"{SITE}/nodate.html", "some day", http(PAGE), RESPONSE),
        record("response", f"{SITE}/later.html", "2999-01-01T00:00:00Z", http(PAGE), RESPONSE),
        record("response", f"{SITE}/nohttp.html", f"{FIRST}2Z", b"this is no answer", RESPONSE),
        record("response", f"{SITE}/304.html", f"{FIRST}2Z", b"HTTP/1.1 304 Not Modified\r\n\r\n", RESPONSE),
        record("response", f"{SITE}/part.html", f"{FIRST}2Z", http(PAGE), RESPONSE, ("WARC-Segment-Number", "1")),
        record("revisit", f"{SITE}/again.html", f"{FIRST}2Z", b"", RESPONSE, ("WARC-Payload-Digest", "sha1:AAAA")),
        record("conversion", f"{SITE}/a.pdf", f"{FIRST}2Z", b"text"),
        record("request", f"{SITE}/head.html", f"{FIRST}2Z", b"HEAD /head.html HTTP/1.1\r\n\r\n", own=sent["HEAD"]),
        record("response", f"{SITE}/head.html", f"{FIRST}2Z", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", RESPONSE, ("WARC-Concurrent-To", sent["HEAD"])),
        record("response", f"{SITE}/bomb.html", f"{FIRST}2Z", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(60 << 20)), RESPONSE),
        record("response", f"{SITE}/a.woff2", f"{FIRST}2Z", http(Answer("", "", b"wOF2", type="application/octet-stream")), RESPONSE),
        record("response", f"{SITE}/style", f"{FIRST}2Z", http(Answer("", "", b"p{}", type="text/css")), RESPONSE),
    ]  # fmt: skip
    (tmp_path / "a.warc").write_bytes(b"".join(made))
    done = bring(home, capsys, tmp_path / "a.warc", code=1)
    assert done["looks"] == {"ok": 1}
    assert done["left_out"] == {
        "no web address: ftp:": 1, "an address over 2000 characters": 1, "no time": 1, "a time to come": 1, "no HTTP answer in it": 1,
        "a 304 that does not say what it confirms": 1, "a record in segments": 1, "a record of the type conversion": 1, "neither GET nor POST": 1,
        "a revisit whose answer is neither in these files nor in the archive": 1, "an answer that cannot be read": 1,
        "no page: style, script, picture or font": 1, "no page: text/css": 1,
    }  # fmt: skip
    assert ["bomb" in problem or "a.warc at " in problem for problem in done["problems"]] == [True]


def test_a_file_that_is_damaged_is_named_with_the_place_and_the_rest_is_taken(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (whole,) = others.wget(tmp_path)
    data = whole.read_bytes()
    (tmp_path / "cut.warc.gz").write_bytes(data[: len(data) // 2])
    (tmp_path / "spoilt.warc.gz").write_bytes(data[:3000] + b"\0" * 40 + data[3040:])
    (tmp_path / "none.warc.gz").write_bytes(b"")
    (tmp_path / "other.warc.gz").write_bytes(gzip.compress(b"no records at all"))
    (tmp_path / "text.html").write_bytes(b"no page either")
    (tmp_path / "empty.wacz").write_bytes(b"PK\x03\x04 but no more")
    with zipfile.ZipFile(tmp_path / "photos.wacz", "w") as packed:
        packed.writestr("a.jpg", b"x")
    named = sorted(path for path in tmp_path.glob("*.*") if path != whole)
    done = bring(home, capsys, *named, whole, code=1)
    assert len(home.export()) == 3
    assert sum(done["looks"].values()) == 7
    told = "\n".join(done["problems"])
    for name in ("cut.warc.gz at ", "spoilt.warc.gz at ", "other.warc.gz at 0", "empty.wacz", "photos.wacz"):
        assert name in told, told
    assert len(done["problems"]) == 5
    assert done["left_out"]["an empty file"] == 1
    assert run(["--config", str(home.path), "import", str(tmp_path / "not-there.warc")]) == 2


def test_an_answer_that_was_cut_makes_no_version(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    later = Answer(f"{LATER}2Z", PATHS["a"], PAGE.body[:900])
    (tmp_path / "a.warc").write_bytes(response(PAGE) + response(later, ("WARC-Truncated", "disconnect")))
    done = bring(home, capsys, tmp_path / "a.warc")
    assert done["looks"] == {"ok": 1, "truncated": 1}
    assert home.kinds() == {"new": 1}


BARE, SAID = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b"HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n"
REVISITS = [
    ("identical-payload-digest", b"", "digest"),
    ("identical-payload-digest", BARE, "time"),
    ("identical-payload-digest", BARE, "digest elsewhere"),
    ("server-not-modified", SAID, "id"),
    ("server-not-modified", b"", "time"),
]


@pytest.mark.parametrize(("profile", "block", "refers"), REVISITS)
def test_a_revisit_is_told_as_the_answer_it_stands_for(
    profile: str, block: bytes, refers: str, home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    digest, own = others.sha1(PAGE.body), others.name("original")
    url = PATHS["b"] if refers == "digest elsewhere" else PAGE.url
    told = {
        "id": [("WARC-Refers-To", own)], "time": [("WARC-Refers-To-Target-URI", PAGE.url), ("WARC-Refers-To-Date", PAGE.at)],
        "digest": [("WARC-Payload-Digest", digest)], "digest elsewhere": [("WARC-Payload-Digest", digest)],
    }[refers]  # fmt: skip
    first = record("response", PAGE.url, PAGE.at, http(PAGE), RESPONSE, ("WARC-Payload-Digest", digest), own=own)
    again = record(
        "revisit",
        url,
        f"{LATER}2Z",
        block,
        RESPONSE,
        ("WARC-Profile", f"http://netpreserve.org/warc/1.0/revisit/{profile}"),
        *told,
    )
    (tmp_path / "a.warc").write_bytes(again + first)
    done = bring(home, capsys, tmp_path / "a.warc")
    assert (sum(done["looks"].values()), done["problems"]) == (2, [])
    assert home.sql("SELECT outcome FROM looks ORDER BY at") == [
        ("ok",),
        ("ok" if refers == "digest elsewhere" else "same_bytes",),
    ]
    assert home.sql("SELECT type FROM captures ORDER BY at") == [("response",), ("revisit",)]
    assert {record["title"] for record in home.export()} == {TITLES["a"]}
    assert home.kinds() == {"new": 1 + (refers == "digest elsewhere")}


MHTML = (
    "From: <Saved by Blink>\r\nSnapshot-Content-Location: {url}\r\nDate: Mon, 6 May 2024 09:30:02 +0800\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/related;\r\n\ttype="text/html";\r\n\tboundary="----b"\r\n\r\n\r\n------b\r\nContent-Type: text/html\r\n'
    "Content-Transfer-Encoding: base64\r\nContent-Location: {url}\r\n\r\n{body}\r\n------b--\r\n"
)


def test_saved_pages_come_with_their_own_address_and_time(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "saved" / "deep"
    folder.mkdir(parents=True)
    (folder / "a.mhtml").write_text(MHTML.format(url=PATHS["a"], body=base64.encodebytes(PAGE.body).decode()), "utf-8")
    (folder / "b.html").write_bytes(f"<!-- saved from url=(0041){PATHS['b']} -->\n".encode() + others.notice("b"))
    os.utime(folder / "b.html", (1_714_959_005, 1_714_959_005))
    (folder / "c.htm").write_bytes(others.notice("c"))
    (folder / "b_files.css").write_bytes(b"p{}")
    done = bring(home, capsys, tmp_path / "saved", "--source", "by-hand")
    assert done["left_out"] == {"a saved page that does not say its address": 1, "no file of captures: .css": 1}
    assert home.sql("SELECT u.url, c.at, d.source FROM documents d JOIN urls u ON u.id = d.url JOIN captures c ON c.url = u.id ORDER BY u.url") == [
        (PATHS["a"], 1_714_959_002_000, "by-hand"), (PATHS["b"], 1_714_959_005_000, "by-hand"),
    ]  # fmt: skip
    assert bring(home, capsys, tmp_path / "saved", "--source", "by-hand")["known"] == 2
    assert run(["--config", str(home.path), "import", str(folder), "--source", "Not An Id"]) == 2


def test_a_second_page_belongs_to_its_first(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    second = PATHS["a"].replace(".html", "_2.html")
    pager = f"<div class='pager'><span>1</span> <a href='{second}'>2</a> <a href='{second}'>下一页</a></div></div>".encode()
    first = PAGE.body.replace("<p>特此通知。</p></div>".encode(), pager)
    more = PAGE.body.replace("一、严格按照".encode(), "二、本页是第二页，严格按照".encode()).replace(
        "各街道办事处，区政府各部门：".encode(), "各项工作要求：".encode()
    )
    made = [response(Answer(f"{FIRST}3Z", second, more)), response(Answer(PAGE.at, PAGE.url, first))]
    (tmp_path / "a.warc").write_bytes(b"".join(made))
    bring(home, capsys, tmp_path / "a.warc")
    (found,) = home.export()
    assert found["url"] == PAGE.url
    assert any("第二页" in text for text in found["body"])
    assert found["incomplete"] is None
    assert home.sql(f"SELECT kind FROM urls WHERE url = '{second}'") == [("continuation",)]


def test_what_is_interrupted_goes_on_and_is_told_once(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    paths = others.heritrix(tmp_path)

    class Stopped(BaseException):
        """Somebody has had enough."""

    def stop(what: str, done: int, total: int) -> None:
        if what == "telling" and done >= 4:
            raise Stopped

    with pytest.raises(Stopped), house.open_line(home.config, house.IMPORT) as line:
        bring_in(line, paths, watch=stop, at_once=2)
    assert home.sql("SELECT count(*) FROM looks") == [(4,)]
    done = bring(home, capsys, *paths)
    assert (done["known"], sum(done["looks"].values())) == (4, 3)
    assert home.kinds() == {"new": 3, "edit": 1, "missing": 1}
    assert [path for path in home.config.storage.archive.iterdir() if path.name.startswith(".import-")] == []


@pytest.mark.parametrize("home", ["postgresql"], indirect=True)
def test_the_same_on_postgresql(home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = bring(home, capsys, *others.heritrix(tmp_path))
    assert (sum(done["looks"].values()), done["problems"]) == (7, [])
    assert home.kinds() == {"new": 3, "edit": 1, "missing": 1}
