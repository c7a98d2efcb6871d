"""`gongkai parse`: pages without any configuration."""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from crawler.demo.site import LANWAN, SONGLING, Site
from crawler.text.fold import fold
from tests.tools.called import called

Home = Any  # the fixture's class lives in conftest, which tests do not import
ROOT = Path(__file__).parent.parent.parent
SAMPLE = ROOT / "crawler" / "demo" / "sample" / "annotated.txt"


def parse(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> "subprocess.CompletedProcess[bytes]":
    """The command."""
    return called(["parse", *arguments], stdin=stdin, cwd=cwd)


def lines(done: "subprocess.CompletedProcess[bytes]") -> list[dict[str, Any]]:
    """The JSON lines it printed."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def saved(site: Site, folder: Path) -> tuple[Path, str]:
    """A page of the demo, saved; and its title."""
    notice = next(notice for notice in site.notices[LANWAN] if "财政决算" in notice.title)
    file = folder / "page.html"
    file.write_bytes(site.pages[LANWAN, notice.path].body)
    return file, notice.title


def test_a_page_becomes_one_record_a_line_with_its_file_and_address(site: Site, tmp_path: Path) -> None:
    file, title = saved(site, tmp_path)
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(json.dumps({"file": "pages/page.html", "page_url": "http://www.lanwan.test/a.html"}) + "\n")
    (record,) = lines(parse("--json", "--manifest", str(manifest), str(file)))
    assert (record["file"], record["title"], record["url"], record["published"]) == (
        str(file),
        title,
        "http://www.lanwan.test/a.html",
        "2024-11-15 09:30",
    )
    (unknown,) = lines(parse("--json", "-", stdin=file.read_bytes()))
    assert (unknown["file"], unknown["title"], unknown["url"]) == ("-", title, None)


def test_what_is_no_notice_has_a_kind_and_evidence_and_no_title(tmp_path: Path) -> None:
    file = tmp_path / "error.html"
    file.write_text("<title>404</title><p>您访问的页面不存在</p>", "utf-8")
    (told,) = lines(parse("--json", str(file)))
    assert set(told) == {"file", "page_kind", "evidence"}
    assert told["page_kind"] == "error"


def test_a_list_has_rows_pager_and_totals(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_bytes(site.pages[LANWAN, "/zwgk/index.html"].body)
    (told,) = lines(parse("--list", "--json", str(file)))
    assert len(told["rows"]) == 8
    assert told["rows"][0] == {
        "url": site.notices[LANWAN][0].path,
        "title": site.notices[LANWAN][0].title,
        "date": site.notices[LANWAN][0].published,
    }
    assert (told["next"]["url"], told["total_pages"]) == (
        "index_1.html",
        2,
    )  # as it is written: nobody said where the page is from


def test_the_sample_s_layout_is_read_and_written(tmp_path: Path) -> None:
    written = parse("--notice", str(SAMPLE), "--as", "notice").stdout.decode()
    kept = "\n".join(line for line in SAMPLE.read_text("utf-8").splitlines() if "打印" not in line)
    assert "".join(fold(written).split()) == "".join(fold(kept).split())
    assert "長(zhǎng)興島" in written
    (record,) = lines(parse("--notice", "--json", str(SAMPLE)))
    assert record["source"] == "黨群工作部"


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_done(site: Site, tmp_path: Path) -> None:
    file, title = saved(site, tmp_path)
    done = parse("--json", str(tmp_path / "missing.html"), str(file))
    assert done.returncode == 2
    assert b"missing.html: No such file" in done.stderr
    assert [record["title"] for record in lines(done)] == [title]
    broken = parse("--notice", str(file))
    assert broken.returncode == 2
    assert b"no notice" in broken.stderr


def test_an_archive_s_own_files_are_read(home: Home) -> None:
    home.crawl("songling")
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    told = lines(parse("--json", str(file)))
    assert sum("title" in record for record in told) == 15
    assert {record["url"] for record in told if "title" in record} == {record["url"] for record in home.export()}


def without_places(done: "subprocess.CompletedProcess[bytes]") -> list[dict[str, Any]]:
    """What was read, without where it stands in which file."""
    return [{name: value for name, value in line.items() if name not in ("file", "capture")} for line in lines(done)]


@pytest.mark.parametrize("source", ["songling", "lanwan"])
def test_an_own_file_says_the_same_unpacked_packed_otherwise_on_standard_input_and_under_any_name(
    home: Home, tmp_path: Path, source: str
) -> None:
    home.crawl(source)
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    plain = gzip.decompress(file.read_bytes())
    files = {"plain.warc": plain, "whole.warc.gz": gzip.compress(plain), "y.dat": file.read_bytes(), "x.html": plain}
    wanted = without_places(parse("--json", str(file)))
    assert len(wanted) >= 15
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        done = parse("--json", str(tmp_path / name))
        assert (done.returncode, without_places(done)) == (0, wanted), name
        assert without_places(parse("--json", "-", stdin=data)) == wanted, name
    places = [int(line["file"].rpartition(":")[2]) for line in lines(parse("--json", str(tmp_path / "plain.warc")))]
    assert all(plain[place:].startswith(b"WARC/1.1") for place in places)


def test_a_pipe_a_wacz_file_an_arc_file_and_mhtml_are_known_by_their_bytes(home: Home, site: Site, tmp_path: Path) -> None:
    home.crawl("songling")
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    wanted = without_places(parse("--json", str(file)))
    bundle = tmp_path / "bundle.dat"
    with zipfile.ZipFile(bundle, "w") as packed:
        packed.write(file, "archive/data.warc.gz")
    done = parse("--json", str(bundle))
    assert (without_places(done), lines(done)[0]["file"].rpartition(":")[0]) == (wanted, "bundle.dat/archive/data.warc.gz")
    assert without_places(parse("--json", "-", stdin=bundle.read_bytes())) == wanted
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as pool:
        pool.submit((tmp_path / "pipe").write_bytes, file.read_bytes())
        assert without_places(parse("--json", str(tmp_path / "pipe"))) == wanted
    page, title = saved(site, tmp_path)
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page.read_bytes()
    arc = b"filedesc://x.arc 0.0.0.0 20241115010203 text/plain 76\n1 0 Somebody\nURL IP-address Archive-date Content-type Archive-length\n"
    arc = arc.replace(b" 76\n", b" %d\n" % len(arc.partition(b"\n")[2]))
    arc += b"\nhttp://a.test/1.html 10.0.0.1 20241115010203 text/html %d\n" % len(answer) + answer + b"\n"
    mhtml = b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\nContent-Location: http://a.test/1.html\r\n\r\n"
    for data in (arc, gzip.compress(arc), mhtml + page.read_bytes() + b"\r\n--b--\r\n"):
        (record,) = lines(parse("--json", "-", stdin=data))
        assert (record["title"], record["url"]) == (title, "http://a.test/1.html")


def test_what_only_looks_packed_is_read_as_a_page(tmp_path: Path) -> None:
    for data in (gzip.compress(b"<title>404</title>"), b"PK\x03\x04 nothing", b"\x1f\x8b nothing", b"WARC"):
        done = parse("--json", "-", stdin=data)
        (told,) = lines(done)
        assert (done.returncode, told["file"]) == (0, "-")


def warc(kind: str, url: str, block: bytes) -> bytes:
    """A record as other programs write it."""
    named = f"WARC-Target-URI: {url}\r\n" if url else ""
    head = f"WARC/1.0\r\nWARC-Type: {kind}\r\n{named}WARC-Date: 2024-11-15T01:02:03Z\r\nContent-Length: {len(block)}\r\n\r\n"
    return head.encode() + block + b"\r\n\r\n"


@pytest.mark.parametrize("packed", [True, False])
def test_somebody_else_s_warc_file_is_read_and_its_damage_is_named(site: Site, tmp_path: Path, packed: bool) -> None:
    file, title = saved(site, tmp_path)
    path = tmp_path / ("other.warc.gz" if packed else "other.warc")
    page = gzip.compress(file.read_bytes())
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n"
    records = [
        warc("warcinfo", "", b"software: somebody\r\n"),
        warc("response", "http://a.test/1.html", head + page),
        warc("response", "<http://a.test/2.html>", head + page[:-20]),
    ]
    path.write_bytes(b"".join(map(gzip.compress, records) if packed else records))
    done = parse("--json", str(path))
    (record,) = lines(done)
    assert (record["title"], record["url"], record["file"]) == (title, "http://a.test/1.html", f"{path.name}:2")
    assert (done.returncode, b"record 3" in done.stderr) == (2, True)
    path.write_bytes(path.read_bytes()[:-40])
    cut = parse("--json", str(path))
    assert [record["title"] for record in lines(cut)] == [title]
    assert cut.returncode == 2


def test_an_article_over_several_pages_is_one_record_of_its_archive_s_file(site: Site, home: Home) -> None:
    home.crawl("songling")
    notice = next(notice for notice in site.notices[SONGLING] if notice.channel == "政策文件")
    (file,) = home.config.storage.archive.glob("*.warc.gz")
    (record,) = [record for record in lines(parse("--json", str(file))) if record.get("title") == notice.title]
    assert (tuple(record["body"]), record["incomplete"]) == (notice.body, None)


def test_the_marks_of_the_real_pages_are_held(shared: Path, tmp_path: Path) -> None:
    corpus = shared / "corpus"
    pages = sorted(str(path) for path in (corpus / "pages").iterdir())
    out = tmp_path / "out.jsonl"
    out.write_bytes(parse("--json", "--manifest", str(corpus / "manifest.jsonl"), *pages).stdout)
    score = subprocess.run(
        [sys.executable, str(shared / "tools" / "score_extraction.py"), str(corpus / "gold.jsonl"), str(out)],
        capture_output=True,
        check=True,
    )
    figures = json.loads(score.stdout)
    marks = ("title", "date", "body_f1", "body_good", "channel", "source", "meta")
    assert {name: figures[name] for name in marks if figures[name] < 0.99} == {}


def test_the_marks_of_the_real_lists_are_held(shared: Path, tmp_path: Path) -> None:
    corpus = shared / "corpus" / "lists"
    pages = sorted(str(path) for path in (corpus / "pages").iterdir())
    out = tmp_path / "out.jsonl"
    out.write_bytes(parse("--list", "--json", "--manifest", str(corpus / "manifest.jsonl"), *pages).stdout)
    score = subprocess.run(
        [sys.executable, str(shared / "tools" / "score_lists.py"), str(corpus / "rows.jsonl"), str(out)],
        capture_output=True,
        check=True,
    )
    figures = json.loads(score.stdout)
    marks = ("recall", "precision", "date", "title", "next_url", "total_pages", "total_rows")
    assert {name: figures[name] for name in marks if figures[name] < 0.99} == {}
    assert figures["next_api"] >= 0.4  # three of the five addresses are named in no page


def test_a_document_is_read_like_a_page_and_shows_its_text(tmp_path: Path) -> None:
    from tests.parsers.attached import made

    (tmp_path / "附件1：储备办法.docx").write_bytes(made.docx())
    (tmp_path / "scan.pdf").write_bytes(made.scanned_pdf())
    scan, text = lines(parse("--json", *map(str, sorted(tmp_path.iterdir()))))
    assert (text["title"], text["body"][:7]) == ("附件1：储备办法", list(made.LINES))
    assert text["tables"][0]["rows"][0] == ["格00", "横跨两列", "横跨两列"]
    assert (scan["body"], scan["provenance"]["body"]["refused"]) == ([], ["no_text: image only"])
