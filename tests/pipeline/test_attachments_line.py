"""Documents that notices link to, from end to end: fetched by the run that read the notice, kept, read, told of when they change."""

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from crawler.archive.members import members
from crawler.cli.main import run
from crawler.console.app import create
from crawler.console.server import opened
from crawler.demo.site import LANWAN, Page, Site
from crawler.model import now_ms, payload_digest
from crawler.pipeline.rebuild import rebuild
from crawler.record.content import Piece, pack_pieces, pieces_of
from crawler.repository import schema as t
from crawler.repository.database import reading
from crawler.repository.search.find import find
from crawler.repository.search.question import Question
from crawler.scheduler import process as house
from tests.parsers.attached import made
from tests.tools.answering import answering

Home = Any  # the fixture's class lives in conftest, which tests do not import

BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
FOLDER = "/zwgk/202411/"
PATH = f"{FOLDER}t20241105_501.html"
URL = f"http://{LANWAN}{PATH}"
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BODY = "为做好汛期物资储备，现将储备清单印发给你们，请各街道对照清单逐项落实，十五日内报回执行情况，联系人周老师。"


def notice(files: Mapping[str, str], body: str = BODY) -> Page:
    """A notice whose links lead to these files: address → name."""
    links = "".join(f"<p>附件：<a href='{url}'>{name}</a></p>" for url, name in files.items())
    html = (
        "<html><head><meta charset='utf-8'><meta name='ArticleTitle' content='关于储备防汛物资的通知'>"
        "<meta name='PubDate' content='2024-11-05'></head>"
        f"<body><h1>关于储备防汛物资的通知</h1><div class='TRS_Editor'><p>{body}</p><p>{body[::-1]}</p>{links}</div></body></html>"
    )
    return Page(html.encode())


def pdf(*lines: str) -> Page:
    """A document that says this."""
    return Page(made.pdf(lines=lines), PDF)


def contents(home: Home) -> list[tuple[Any, ...]]:
    """(type, state, reason) of every document that was read, in the order of their addresses."""
    return list(home.sql("SELECT k.type, k.state, k.reason FROM urls u JOIN contents k ON k.id = u.content ORDER BY u.url"))


def told(home: Home) -> list[tuple[str, str, str | None, str | None]]:
    """(what, name, before, after) of every line of the ledger about a document of a notice."""
    rows = home.sql("SELECT detail FROM changes WHERE kind = 'attachment' ORDER BY seq")
    return [(said["what"], said["name"], said["before"], said["after"]) for said in (json.loads(row[0]) for row in rows)]


def rebuilt(home: Home) -> None:
    """The database made anew of the archive alone."""
    config = home.config
    if config.storage.database.startswith("sqlite"):
        for file in (home.folder / "data").glob("gongkai.db*"):
            file.unlink()
    else:
        engine = sa.create_engine(config.storage.database)
        with engine.begin() as c:
            c.exec_driver_sql("DROP SCHEMA public CASCADE")
            c.exec_driver_sql("CREATE SCHEMA public")
        engine.dispose()
    with house.open_line(config, "reindex") as line:
        rebuild(line, lambda *_: None)


@BOTH
def test_a_run_ends_with_what_its_notices_link_to(site: Site, home: Home) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf", "./yusuan.xlsx": "预算表.xlsx", "./mei.doc": "附表.doc"}))
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", pdf("冲锋舟停在水文码头"))
    site.put(LANWAN, f"{FOLDER}yusuan.xlsx", Page(made.xlsx(), "application/octet-stream"))
    home.crawl(url=URL)
    assert contents(home) == [(PDF, "text", None), (XLSX, "text", None)]
    held = home.sql("SELECT k.text FROM urls u JOIN contents k ON k.id = u.content ORDER BY u.url")
    assert pieces_of(bytes(held[0][0]))[0].lines[0] == "冲锋舟停在水文码头"
    rows = home.sql(
        "SELECT a.position, a.name, u.kind, u.last_outcome FROM attachments a JOIN urls u ON u.id = a.address ORDER BY 1"
    )
    assert rows == [
        (0, "物资清单.pdf", "attachment", "ok"),
        (1, "预算表.xlsx", "attachment", "ok"),
        (2, "附表.doc", "attachment", "not_found"),
    ]
    counts = json.loads(home.sql("SELECT counts FROM runs")[0][0])
    assert (counts["attachments"], counts["attachments_missing"], counts["details"], counts["failed"]) == (3, 1, 1, 0)
    assert home.kinds() == {"new": 1}


@BOTH
def test_a_document_swapped_under_its_address_is_one_line_with_both_digests(site: Site, home: Home) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf"}))
    digests: list[str] = []
    for text in ("储备冲锋舟12艘", "储备冲锋舟12艘", "储备冲锋舟2艘"):
        if not digests or text != "储备冲锋舟12艘":
            site.put(LANWAN, f"{FOLDER}qingdan.pdf", pdf(text))
        home.crawl(url=URL)
        digests += [row[0] for row in home.sql("SELECT k.digest FROM urls u JOIN contents k ON k.id = u.content")]
    assert digests[0] == digests[1] != digests[2]
    assert told(home) == [("swapped", "物资清单.pdf", digests[0], digests[2])]
    assert home.kinds() == {"new": 1, "attachment": 1}


def test_a_document_that_is_taken_down_is_told_once_and_so_is_its_return(site: Site, home: Home) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf"}))
    page = pdf("储备冲锋舟12艘")
    steps = (page, Page(b"", status=404), Page("<title>404</title>文件不存在".encode()), page, page)
    for step in steps:
        site.put(LANWAN, f"{FOLDER}qingdan.pdf", step)
        home.crawl(url=URL)
    ((digest,),) = home.sql("SELECT digest FROM contents")
    assert told(home) == [("vanished", "物资清单.pdf", digest, None), ("back", "物资清单.pdf", digest, digest)]


def test_an_error_page_in_a_documents_place_is_an_outcome_and_a_miss(site: Site, home: Home) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf"}))
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", Page("<html><body>系统繁忙</body></html>".encode()))
    home.crawl(url=URL)
    assert contents(home) == []
    read = home.sql(
        "SELECT page_kind, evidence FROM readings r JOIN captures c ON c.id = r.capture JOIN urls u ON u.id = c.url WHERE u.kind = 'attachment'"
    )
    assert read == [("error", "html error page served as .pdf")]
    assert told(home) == []


def test_a_document_behind_a_redirect_belongs_to_the_address_that_the_notice_links_to(site: Site, home: Home) -> None:
    site.put(LANWAN, PATH, notice({"/down.jsp?id=5": "物资清单.pdf"}))
    site.put(LANWAN, "/down.jsp", Page(b"", status=302, location="/files/a.pdf"))
    for text in ("储备冲锋舟12艘", "储备冲锋舟2艘"):
        site.put(LANWAN, "/files/a.pdf", pdf(text))
        home.crawl(url=URL)
    assert [what for what, *_ in told(home)] == ["swapped"]
    rows = home.sql(
        "SELECT u.url, k.type FROM urls u JOIN contents k ON k.id = u.content WHERE u.kind = 'attachment' ORDER BY u.url"
    )
    assert rows == [(f"http://{LANWAN}/down.jsp?id=5", PDF), (f"http://{LANWAN}/files/a.pdf", PDF)]


@pytest.mark.parametrize(
    ("policy", "fetched", "reasons"),
    [
        ('fetch = "none"', 0, ["attachments.fetch is none", "attachments.fetch is none"]),
        ('fetch = ["xlsx"]', 1, ["application/pdf is not among attachments.fetch", None]),
        ('fetch = "all"', 2, [None, None]),
    ],
)
def test_what_the_policy_leaves_out_has_its_reason(
    site: Site, home: Home, policy: str, fetched: int, reasons: list[str | None]
) -> None:
    home.path.write_text(home.path.read_text("utf-8") + f"\n[attachments]\n{policy}\n", "utf-8")
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf", "./yusuan.xlsx": "预算表.xlsx"}))
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", pdf("储备冲锋舟12艘"))
    site.put(LANWAN, f"{FOLDER}yusuan.xlsx", Page(made.xlsx()))
    home.crawl(url=URL)
    assert len(contents(home)) == fetched
    assert [row[0] for row in home.sql("SELECT reason FROM attachments ORDER BY position")] == reasons
    assert sum(seen.path.endswith((".pdf", ".xlsx")) for seen in site.seen) == fetched


def test_a_document_larger_than_its_own_limit_is_not_kept_and_said_to_be(site: Site, home: Home) -> None:
    home.path.write_text(home.path.read_text("utf-8") + '\n[attachments]\nmax_bytes = "2KB"\n', "utf-8")
    site.put(LANWAN, PATH, notice({"./qingdan.txt": "物资清单.txt"}))
    site.put(LANWAN, f"{FOLDER}qingdan.txt", Page(b"a" * 5000, "text/plain"))
    home.crawl(url=URL)
    assert home.sql("SELECT last_outcome FROM urls WHERE kind = 'attachment'") == [("too_large",)]
    assert home.sql("SELECT count(*) FROM documents") == [(1,)]  # the page itself is larger than that


def test_a_page_that_a_list_shows_later_is_a_notice_though_one_linked_to_it_before(site: Site, home: Home) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf"}))
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", pdf("储备冲锋舟12艘"))
    home.crawl(url=URL)
    home.crawl(url=f"http://{LANWAN}{FOLDER}qingdan.pdf")
    assert home.sql("SELECT count(*) FROM documents") == [(2,)]


def test_a_rebuilt_database_knows_the_same_documents_and_tells_the_same_of_them(site: Site, home: Home) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf"}))
    for page in (pdf("储备冲锋舟12艘"), pdf("储备冲锋舟2艘"), Page(b"", status=404), pdf("储备冲锋舟2艘")):
        site.put(LANWAN, f"{FOLDER}qingdan.pdf", page)
        home.crawl(url=URL)
    before = told(home), contents(home), home.sql("SELECT digest, name, extractor FROM contents ORDER BY digest")
    assert [what for what, *_ in before[0]] == ["swapped", "vanished", "back"]
    rebuilt(home)
    assert (told(home), contents(home), home.sql("SELECT digest, name, extractor FROM contents ORDER BY digest")) == before


def asked(home: Home, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints."""
    capsys.readouterr()
    assert run(["--config", str(home.path), *words]) == 0
    return capsys.readouterr().out


def hits(home: Home, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    """The results of a search."""
    return [json.loads(line) for line in asked(home, capsys, "search", *words, "--json").splitlines()]


@BOTH
def test_a_word_that_stands_only_in_a_document_is_found_with_its_place(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf", "./yusuan.xlsx": "预算表.xlsx", "./hongtou.ofd": "红头.ofd"}))
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", Page(made.pdf(2, lines=("冲锋舟停在水文码头",)), PDF))
    site.put(LANWAN, f"{FOLDER}yusuan.xlsx", Page(made.xlsx()))
    site.put(LANWAN, f"{FOLDER}hongtou.ofd", Page(made.ofd()))
    home.crawl(url=URL)
    for query, at in (
        ("水文码头", (1, "物资清单.pdf", "page 1", None)),
        ("救生衣", (2, "预算表.xlsx", "物资", "A4")),
        ("冲锋舟12艘", (3, "红头.ofd", "page 1", None)),
        ("储备清单 水文码头", (1, "物资清单.pdf", "page 1", None)),  # one word of the notice, one of the document
        ("title:防汛 水文码头 source:lanwan", (1, "物资清单.pdf", "page 1", None)),
        ("储备清单", None),
    ):
        (hit,) = hits(home, capsys, query)
        assert "[" in hit["snippet"], query
        assert (tuple(hit["at"].values()) if hit["at"] else None) == at, query
    assert hits(home, capsys, "储备清单 -水文码头") == []
    assert "物资清单.pdf page 1: " in asked(home, capsys, "search", "水文码头")
    before = now_ms()
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", pdf("冲锋舟停在木材码头"))
    home.crawl(url=URL)
    assert hits(home, capsys, "水文码头") == []
    assert len(hits(home, capsys, "木材码头")) == 1
    with reading(home.config.storage.database) as c:
        assert [len(find(c, Question(word, as_of=before)).rows) for word in ("水文码头", "木材码头", "储备清单")] == [1, 0, 1]


@BOTH
def test_a_document_that_other_readers_have_read_is_read_again_by_reparse_and_told_as_no_change(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf"}))
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", pdf("储备冲锋舟12艘"))
    home.crawl(url=URL)
    assert "everything was read by today's rules" in asked(home, capsys, "reparse")
    whole = home.sql("SELECT text, says, pages, extractor, digest FROM contents")
    older = pack_pieces([Piece("page", "1", ("储备冲锋",))], [], "储备冲锋")
    engine = sa.create_engine(home.config.storage.database)
    with engine.begin() as c:
        c.execute(t.contents.update().values(text=older, pages=7, extractor="pdf 0"))
        c.execute(t.readings.update().where(t.readings.c.content.is_not(None)).values(rules="older"))
    engine.dispose()
    said = asked(home, capsys, "reparse")
    assert "file.text" in said
    assert "储备冲锋 → 储备冲锋舟12艘" in said
    assert "1 would be reread" in said
    assert home.sql("SELECT extractor FROM contents") == [("pdf 0",)]
    lines = home.sql("SELECT count(*) FROM changes")
    asked(home, capsys, "reparse", "--apply")
    assert home.sql("SELECT text, says, pages, extractor, digest FROM contents") == whole
    assert home.sql("SELECT count(*) FROM changes") == lines
    with reading(home.config.storage.database) as c:
        assert len(find(c, Question("冲锋舟12艘")).rows) == 1
    assert "everything was read by today's rules" in asked(home, capsys, "reparse")


@BOTH
def test_documents_are_shown_extracted_compared_and_exported(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.put(
        LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf", "./yusuan.xlsx": "../../预算表.xlsx", "./mei.doc": "附表.doc"})
    )
    first, last, sheet = pdf("储备冲锋舟12艘"), pdf("储备冲锋舟2艘"), made.xlsx()
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", first)
    site.put(
        LANWAN, f"{FOLDER}yusuan.xlsx", Page(sheet, headers=(("Content-Disposition", 'attachment; filename="../../../x.xlsx"'),))
    )
    home.crawl(url=URL)
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", last)
    home.crawl(url=URL)
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", Page(b"", status=404))
    home.crawl(url=URL)
    ((name,),) = home.sql("SELECT public_id FROM documents")
    digest = payload_digest(last.body)

    shown = asked(home, capsys, "show", name)
    assert f"application/pdf, {len(last.body) / 1000:.1f} kB, 1 page, {digest[:19]}…  text  gone since" in shown
    assert "missing: not found" in shown
    assert json.loads(asked(home, capsys, "stats", "--json"))["attachments"] == {"known": 3, "held": 2, "gone": 1}
    record = json.loads(asked(home, capsys, "show", name, "--json"))
    assert [item["file"]["state"] for item in record["attachments"]] == ["text", "text", "missing"]
    assert record["attachments"][0]["file"]["digest"] == digest

    asked(home, capsys, "extract", name, "--attachment", "1", "--to", str(tmp_path / "a.pdf"))
    assert (tmp_path / "a.pdf").read_bytes() == last.body
    asked(home, capsys, "extract", name, "--attachment", "1", "--text", "--to", str(tmp_path / "a.txt"))
    assert "储备冲锋舟2艘" in (tmp_path / "a.txt").read_text("utf-8")
    assert run(["--config", str(home.path), "extract", name, "--attachment", "3"]) == 2
    assert "missing: not found" in capsys.readouterr().err

    assert run(["--config", str(home.path), "diff", name, "--attachment", "1", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["from"], said["to"]) == (payload_digest(first.body), digest)
    assert [(one["place"], one["before"], one["after"]) for one in said["differences"]] == [("page 1", "12", "2")]
    (line,) = asked(home, capsys, "changes", "--kind", "attachment", "--limit", "1").strip().splitlines()[:1] or [""]
    assert "attachment" in line

    out = tmp_path / "out.jsonl"
    asked(home, capsys, "export", "--to", str(out), "--bare", "--texts", "--files", str(tmp_path / "files"))
    (exported,) = [json.loads(text) for text in out.read_text("utf-8").splitlines()]
    assert "储备冲锋舟2艘" in exported["attachments"][0]["file"]["text"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "files").iterdir()} == {
        f"{name}-1-qingdan.pdf": last.body,
        f"{name}-2-x.xlsx": sheet,
    }
    asked(home, capsys, "export", "--to", str(out), "--bare", "--files", str(tmp_path / "files"))
    (tmp_path / "files" / f"{name}-1-qingdan.pdf").write_bytes(b"somebody's own")
    assert run(["--config", str(home.path), "export", "--to", str(out), "--bare", "--files", str(tmp_path / "files")]) == 3
    assert (tmp_path / "files" / f"{name}-1-qingdan.pdf").read_bytes() == b"somebody's own"


@BOTH
def test_what_a_red_header_document_says_of_itself_and_the_tables_of_documents_are_shown_with_their_places(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.put(LANWAN, PATH, notice({"./hongtou.pdf": "通知.pdf", "./yusuan.xlsx": "预算表.xlsx"}))
    site.put(LANWAN, f"{FOLDER}hongtou.pdf", Page(made.pdf(2), PDF))
    site.put(LANWAN, f"{FOLDER}yusuan.xlsx", Page(made.xlsx()))
    home.crawl(url=URL)
    ((name,),) = home.sql("SELECT public_id FROM documents")
    shown = asked(home, capsys, "show", name)
    assert re.search(r"发文字号  云政办发〔2024〕17 ?号  \(page 1, line \d+\)", shown)
    record = json.loads(asked(home, capsys, "show", name, "--json"))
    assert [each["field"] for each in record["attachments"][0]["file"]["says"]] == ["meta.issuer", "meta.doc_no", "title"]
    assert record["attachments"][1]["file"]["says"] == []
    assert "doc_no" not in record["meta"]  # a witness of the document, which need not be the notice's
    asked(home, capsys, "export", "--to", str(tmp_path / "out.jsonl"), "--bare", "--texts")
    exported = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    tables = exported["attachments"][1]["file"]["tables"]
    assert tables[0]["rows"]
    with opened(home.config, None) as door, answering(create(door)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        base = f"/api/v1/records/{name}/attachments"
        assert client.get(f"{base}/1").json()["says"] == record["attachments"][0]["file"]["says"]
        pieces = client.get(f"{base}/2/text").json()["items"]
        assert [{"place": piece["place"], **table} for piece in pieces for table in piece["tables"]] == tables
        assert "云政办发〔2024〕17" in client.get(f"/d/{name}").text


def test_what_was_read_of_documents_goes_out_as_conversion_records_that_refer_to_the_bytes(
    site: Site, home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    site.put(LANWAN, PATH, notice({"./qingdan.pdf": "物资清单.pdf", "./scan.png": "扫描件.png"}))
    site.put(LANWAN, f"{FOLDER}qingdan.pdf", pdf("储备冲锋舟12艘"))
    home.crawl(url=URL)
    for folder in ("one", "two"):
        asked(home, capsys, "export", "--warc", "--to", str(tmp_path / folder))
    (path,) = (tmp_path / "one").glob("conversions*")
    assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    with path.open("rb") as file:
        info, made_of = [member.record for member in members(file, 0, [])]
    ((record,),) = home.sql("SELECT c.record FROM captures c JOIN readings r ON r.capture = c.id WHERE r.content IS NOT NULL")
    assert (info.type, made_of.type, made_of.headers["warc-refers-to"]) == ("warcinfo", "conversion", record)
    assert made_of.headers["gongkai-extractor"].startswith("pdf 1 (pypdfium2")
    assert "储备冲锋舟12艘" in made_of.block.decode()
    inside = list((home.folder / "data" / "warc").glob("*.warc.gz*"))
    assert b"conversion" not in b"".join(gzip.decompress(path.read_bytes()) for path in inside)
