"""Any bytes at all give a record or a named outcome within the deadline, and the page behind them is read."""

import base64
import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.model import Kind, Page, PageKind
from crawler.pipeline.readers import Job, Readers
from crawler.record.reading import Reading
from crawler.record.rules import DetailRules, ReadRules
from crawler.record.serial import record_of

TEXT = "各单位放假三天，注意防火防盗，值班人员名单张贴在一楼大厅。" * 4
GOOD = f"<html><head><title>关于放假的通知</title></head><body><h1>关于放假的通知</h1><div>发布时间：2024-05-01　来源：蓝湾区人民政府办公室</div><div id='zoom'><p>{TEXT}</p></div></body></html>"
DEADLINE = 5.0
NAMED = ("deadline", "memory", "crash")


def job(body: bytes, kind: Kind = Kind.DETAIL, content_type: str = "text/html", rules: ReadRules | None = None) -> Job:
    """A page that somebody sent."""
    page = Page("http://a.test/1.html", 200, (("Content-Type", content_type),), body, 1_700_000_000_000)
    return Job(page, kind, rules or ReadRules(), "http://a.test/1.html")


HOSTILE = {
    "a title of 10 MB": f"<title>{'题' * 3_500_000}</title><h1>{'题' * 3_500_000}</h1>".encode(),
    "100,000 nested divisions": b"<div>" * 100_000 + "文字".encode(),
    "100,000 nested fonts": b"<font>" * 100_000,
    "a nested bomb of 500 kB": b"<b><p>" * 83_000,
    "100,000 attributes": b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + "文字>".encode(),
    "100,000 classes": b"<p class='" + b" ".join(b"c%d" % n for n in range(100_000)) + "'>文字</p>".encode(),
    "100,000 table cells": b"<table><tr>" + b"<td>x</td>" * 100_000,
    "100,000 headings": b"<h1>x</h1>" * 100_000,
    "100,000 labels": "发布时间：2024-01-01 来源：甲".encode() * 100_000,
    "100,000 iframes": b"<iframe src='a%d.htm'></iframe>" * 100_000,
    "100,000 open brackets": b"<" * 1_000_000,
    "a pager for ever": b"<script>" + b'createPageHTML(99999999,0,"x","html");' * 20_000 + b"</script>" + GOOD.encode(),
    "numbers of documents without end": ("<h2>令</h2>" + "国发〔2024〕1号" * 50_000).encode(),
    "NUL and lone surrogates": b"\0\xed\xa0\x80\xed\xbf\xbf&#xD800;&#0;" + GOOD.encode() + b"\0",
    "UTF-16 without BOM": GOOD.encode("utf-16-le"),
    "UTF-16 big endian without BOM": GOOD.encode("utf-16-be"),
    "cut within a character": GOOD.encode()[: GOOD.encode().rindex("防火".encode()) + 1],
    "cut within a tag": GOOD.encode()[:-9],
    "GBK cut within a character": GOOD.encode("gbk")[: GOOD.encode("gbk").rindex("防火".encode("gbk")) + 1],
    "nothing": b"",
    "white space": b" \n" * 100_000,
    "every byte": bytes(range(256)) * 400,
    "JSON nested for ever": b"[" * 200_000,
    "JSON of the wrong kind": b'{"a": NaN, "b": 1e999, "a": "\\ud800"}',
    "a number of a million digits": b'{"a": ' + b"9" * 1_000_000 + b"}",
}


def outcome(reading: Reading) -> str:
    """What came of a page, in one word; an unnamed error is none."""
    if reading.error is None:
        return str(reading.page_kind)
    word = reading.error.partition(":")[0]
    assert word in NAMED or word.startswith("detail.json"), reading.error
    return word


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_has_a_named_outcome_and_the_next_page_is_read(name: str) -> None:
    with Readers(1, deadline=DEADLINE, memory=1 << 30) as readers:
        for kind in (Kind.DETAIL, Kind.LIST):
            began = time.monotonic()
            outcome(readers.read(job(HOSTILE[name], kind)))
            assert time.monotonic() - began < DEADLINE + 60  # starting a process is not the page's time
        readers.deadline = 60
        after = readers.read(job(GOOD.encode()))
        assert (after.page_kind, after.notices[0].title) == (PageKind.NOTICE, "关于放假的通知")


def test_utf_16_without_bom_is_text_and_cut_pages_say_so() -> None:
    with Readers(1) as readers:
        for name in ("UTF-16 without BOM", "UTF-16 big endian without BOM"):
            (notice,) = readers.read(job(HOSTILE[name])).notices
            assert (notice.title, notice.incomplete) == ("关于放假的通知", None)
        for name, where in (
            ("cut within a character", "within a character"),
            ("GBK cut within a character", "within a character"),
            ("cut within a tag", "within a tag"),
        ):
            (notice,) = readers.read(job(HOSTILE[name])).notices
            assert notice.incomplete == f"the page is cut off {where}"
        assert readers.read(job(GOOD.encode())).notices[0].incomplete is None


def test_json_of_any_kind_has_an_outcome_under_a_mapping() -> None:
    rules = ReadRules((DetailRules(json=(("title", "a"), ("body", "b"))),))
    with Readers(1) as readers:
        for name, body in HOSTILE.items():
            if name.startswith(("JSON", "a number")):
                outcome(readers.read(job(body, content_type="application/json", rules=rules)))
        (notice,) = readers.read(job('{"a": "题", "b": "<p>文</p>"}'.encode(), rules=rules)).notices
        assert record_of(notice).body == ("文",)


@pytest.mark.timeout(600)
def test_every_input_of_the_tree_suite_has_an_outcome(shared: Path) -> None:
    with gzip.open(shared / "suites" / "html-trees.jsonl.gz", "rt", encoding="utf-8") as file:
        inputs = [base64.b64decode(json.loads(line)["data"]) for line in file]
    assert len(inputs) == 1796
    counted: dict[str, int] = {}
    with Readers(2, deadline=60) as readers:
        for body in inputs:
            for kind in (Kind.DETAIL, Kind.LIST):
                word = outcome(readers.read(job(body, kind)))
                counted[word] = counted.get(word, 0) + 1
    assert not {word for word in counted if word in NAMED}


# ------------------------------------------------------------------ terminals
def test_nothing_of_a_page_reaches_a_terminal_unescaped(tmp_path: Path) -> None:
    file = tmp_path / "page\u202e\x1b[31m.html"
    evil = "\x1b]0;owned\x07\x9b31m\u202e\u2066\x08"
    file.write_bytes(GOOD.replace("三天", f"三{evil}天").replace("关于放假", f"关于{evil}放假").encode())
    for arguments in (["--json"], [], ["--as", "notice"], ["--list"]):
        done = subprocess.run(
            [sys.executable, "-m", "crawler.cli", "parse", *arguments, str(file), str(tmp_path / "missing\x1b[2J\udcff")],
            capture_output=True,
            check=False,
            timeout=120,
        )
        written = (done.stdout + done.stderr).decode()
        assert not [c for c in written if c in "\x1b\x07\x9b\u202e\u2066\x08"], arguments
        assert b"Traceback" not in done.stderr
        if arguments == ["--json"]:
            (record,) = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
            assert evil[:3] in record["title"] or "\ufffd" in record["title"] or "owned" in record["title"]
