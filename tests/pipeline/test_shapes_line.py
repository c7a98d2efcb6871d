"""Notices of several captures, several notices of one capture, and documents, from end to end: crawled, edited, lost, rebuilt."""

from pathlib import Path
from typing import Any

import pytest

from crawler.config.load import load
from crawler.demo.site import LANWAN, Page, Site
from crawler.pipeline.catch_up import settle_all
from crawler.pipeline.rebuild import rebuild
from crawler.scheduler import firing
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import

BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
HEAD = "/zwgk/202411/t20241101_9001"
URL = f"http://{LANWAN}{HEAD}.html"
TEXTS = (
    "第一条 本区各街道的长椅每年油漆一次，颜色由居民投票决定，投票箱设在菜市场东门。",
    "第二条 油漆期间设置临时座位，座位上写明归还日期，任何单位不得挪作他用或者收费。",
    "第三条 老人专用长椅加装扶手，扶手高度以坐下时手肘自然放平为准，由社区量定。",
)


def sheet(number: int, text: str, of: int = 3) -> Page:
    """A page of an article over several pages, with the pager that TRS writes."""
    pager = f'<script>createPageHTML({of}, {number}, "{HEAD.rpartition("/")[2]}", "html");</script>'
    body = (
        f"<html><head><title>长椅管理办法</title></head><body><div class='position'>当前位置：<a href='/'>首页</a> &gt; <a href='/zwgk/'>政策文件</a></div>"
        f"<h1>蓝湾区街道长椅管理办法</h1><div class='info'>发布时间：2024-11-01　来源：蓝湾区城市管理局</div>"
        f"<div class='TRS_Editor'><p>　　{text}</p></div>{pager}</body></html>"
    )
    return Page(body.encode())


def put(site: Site, texts: tuple[str, ...] = TEXTS) -> None:
    """The article, in as many pages as there are texts."""
    for number, text in enumerate(texts):
        site.put(LANWAN, HEAD + (f"_{number}" if number else "") + ".html", sheet(number, text, len(texts)))


def record(home: Home) -> dict[str, Any]:
    """The article's record."""
    found = [record for record in home.export() if record["url"] == URL]
    assert len(found) == 1
    made: dict[str, Any] = found[0]
    return made


def rebuilt(home: Home) -> list[dict[str, Any]]:
    """What an empty database is told by the archive."""
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    with house.open_line(load(home.path), "reindex") as line:
        rebuild(line, lambda *_: None)
    told: list[dict[str, Any]] = home.export()
    return told


def fetched(site: Site) -> list[str]:
    """Which pages of the article were asked for."""
    return [seen.path for seen in site.seen if seen.path.startswith(HEAD)]


@BOTH
def test_an_article_over_three_pages_is_one_record_of_three_captures(site: Site, home: Home) -> None:
    put(site)
    progress = home.crawl(url=URL)
    assert (progress.details, progress.new, progress.failed) == (1, 1, 0)
    assert fetched(site) == [f"{HEAD}.html", f"{HEAD}_1.html", f"{HEAD}_2.html"]
    (made,) = home.export()
    assert (made["body"], made["incomplete"]) == (list(TEXTS), None)
    places = [made["capture"], *made["further"]]
    rows = dict(home.sql("SELECT c.public_id, u.url FROM captures c JOIN urls u ON u.id = c.url WHERE u.kind <> 'robots'"))
    assert [rows[place["id"]] for place in places] == [URL, f"http://{LANWAN}{HEAD}_1.html", f"http://{LANWAN}{HEAD}_2.html"]


@BOTH
def test_an_unchanged_article_stays_as_it_is_and_an_edit_in_its_second_page_is_one_edit(site: Site, home: Home) -> None:
    put(site)
    home.crawl(url=URL)
    again = home.crawl(url=URL)
    assert (again.new, again.edit, again.reread, again.failed) == (0, 0, 0, 0)
    assert len(fetched(site)) == 6
    site.touch(LANWAN, f"{HEAD}_1.html", "归还日期", "归还时间")
    edited = home.crawl(url=URL)
    assert (edited.new, edited.edit) == (0, 1)
    assert "归还时间" in record(home)["body"][1]
    assert home.kinds() == {"new": 1, "edit": 1}


def test_an_edit_in_two_pages_is_one_edit_and_no_version_mixes_two_visits(site: Site, home: Home) -> None:
    put(site)
    home.crawl(url=URL)
    put(site, tuple(text.replace("。", "，自下月起。") for text in TEXTS))
    assert home.crawl(url=URL).edit == 1
    assert home.sql("SELECT count(*) FROM versions") == [(2,)]
    assert all("自下月起" in text for text in record(home)["body"])


def test_a_page_that_is_missing_leaves_a_marked_record_and_its_coming_is_no_edit(site: Site, home: Home) -> None:
    put(site)
    second = site.pages.pop((LANWAN, f"{HEAD}_1.html"))
    home.crawl(url=URL)
    made = record(home)
    assert made["body"] == [TEXTS[0]]
    assert made["incomplete"] == f"page 2 is missing: http://{LANWAN}{HEAD}_1.html"
    site.put(LANWAN, f"{HEAD}_1.html", second)
    home.crawl(url=URL)
    assert (record(home)["body"], record(home)["incomplete"], record(home)["version"]) == (list(TEXTS), None, 1)
    assert home.kinds() == {"new": 1, "reread": 1}


def test_a_page_that_could_not_be_looked_at_takes_nothing_from_a_whole_record(site: Site, home: Home) -> None:
    put(site)
    home.crawl(url=URL)
    site.touch(LANWAN, f"{HEAD}.html", "油漆一次", "油漆两次")
    site.put(LANWAN, f"{HEAD}_1.html", Page(b"", status=403))  # said not to be there: the site's own doing
    assert home.crawl(url=URL).edit == 1
    assert "page 2 is missing" in record(home)["incomplete"]
    put(site)
    home.crawl(url=URL)
    site.put(LANWAN, f"{HEAD}_1.html", Page(b"x", status=412))  # a wall: nobody could look
    before = record(home)
    assert before["incomplete"] is None
    home.crawl(url=URL)
    assert {**record(home), "last_seen": before["last_seen"]} == before


def test_a_page_that_was_given_up_leaves_a_marked_record_and_is_taken_up_with_its_article(site: Site, home: Home) -> None:
    put(site)
    text = home.path.read_text("utf-8")
    home.path.write_text(text + "\n[budget]\nrequests = 3\n", "utf-8")
    home.crawl(url=URL)
    assert len(fetched(site)) < 3
    assert record(home)["incomplete"] is not None
    home.path.write_text(text, "utf-8")
    with house.open_line(home.config, "requeue") as line:
        fired, count = firing.requeue(line, (), None, None)
        home.work(line, fired)
    assert (count, record(home)["body"], record(home)["incomplete"]) == (1, list(TEXTS), None)


def test_an_article_that_grows_and_shrinks_is_edited_each_time(site: Site, home: Home) -> None:
    put(site, TEXTS[:2])
    home.crawl(url=URL)
    put(site, TEXTS)
    assert home.crawl(url=URL).edit == 1
    assert record(home)["body"] == list(TEXTS)
    put(site, TEXTS[:1])
    site.put(LANWAN, f"{HEAD}.html", sheet(0, TEXTS[0], 1))
    assert home.crawl(url=URL).edit == 1
    assert (record(home)["body"], record(home)["further"]) == ([TEXTS[0]], [])


def test_all_of_it_is_told_again_by_the_archive(site: Site, home: Home) -> None:
    put(site)
    second = site.pages.pop((LANWAN, f"{HEAD}_1.html"))
    home.crawl(url=URL)
    site.put(LANWAN, f"{HEAD}_1.html", second)
    home.crawl(url=URL)
    site.touch(LANWAN, f"{HEAD}_2.html", "扶手高度", "扶手的高度")
    home.crawl(url=URL)
    home.crawl(url=URL)
    before, versions = home.export(), home.sql("SELECT n, whole, title FROM versions ORDER BY id")
    assert before[0]["version"] == 2
    assert rebuilt(home) == before
    # the archive told of every round at once: what was missing in the first is all that an earlier row could say
    assert home.sql("SELECT n, whole, title FROM versions ORDER BY id") == versions


def test_whoever_settles_twice_settles_once(site: Site, home: Home) -> None:
    put(site)
    home.crawl(url=URL)
    before = home.export()
    with house.open_line(home.config, "test") as line:
        with line.database.write() as c:
            c.exec_driver_sql("UPDATE readings SET state = 'pending'")
            c.exec_driver_sql("DELETE FROM continuations")
        assert settle_all(line) > 0
    assert home.export() == before
    assert home.kinds() == {"new": 1}


def test_pieces_are_revisited_with_their_notice_and_are_none_of_their_own(site: Site, home: Home) -> None:
    put(site)
    home.crawl(url=URL)
    assert home.sql("SELECT count(*) FROM urls WHERE kind = 'continuation'") == [(2,)]
    assert home.sql("SELECT count(*) FROM documents") == [(1,)]
    assert home.sql("SELECT count(*) FROM urls WHERE due IS NOT NULL") == [(1,)]


# ------------------------------------------------------------------ frames
def test_an_article_in_a_frame_is_one_record_of_two_captures(site: Site, home: Home) -> None:
    outer = (
        "<html><head><title>长椅</title><meta name='ArticleTitle' content='蓝湾区长椅认养公告'></head><body><h1>蓝湾区长椅认养公告</h1>"
        "<div class='info'>发布时间：2024-11-02　来源：蓝湾区城市管理局</div><div id='zoom'><iframe src='./frame_1.htm' width='100%' height='800'></iframe></div></body></html>"
    )
    inner = f"<html><body><p>{TEXTS[0]}</p><p>{TEXTS[1]}</p></body></html>"
    site.put(LANWAN, f"{HEAD}.html", Page(outer.encode()))
    site.put(LANWAN, "/zwgk/202411/frame_1.htm", Page(inner.encode()))
    home.crawl(url=URL)
    made = record(home)
    assert (made["title"], made["published"], made["body"]) == ("蓝湾区长椅认养公告", "2024-11-02", list(TEXTS[:2]))
    assert (len(made["further"]), made["incomplete"]) == (1, None)
    site.touch(LANWAN, "/zwgk/202411/frame_1.htm", "归还日期", "归还时间")
    assert home.crawl(url=URL).edit == 1


# ------------------------------------------------------------------ parts
def gazette(*numbers: int) -> Page:
    """A page of whole notices, each in a block of its own."""
    blocks = "".join(
        f"<div class='wj'><h3>蓝湾区人民政府关于第{n}座小桥命名的批复</h3><p class='wh'>蓝政复〔2024〕{n}号</p>"
        f"<p>区民政局：你局关于第{n}座小桥命名的请示收悉。同意将桥名定为柳岸{n}桥，桥栏刻名，字高二十厘米，石匠由街道聘请。</p>"
        f"<p>此复。</p></div>"
        for n in numbers
    )
    head = "<html><head><title>蓝湾区人民政府公报</title></head><body><div class='info'>发布时间：2024-11-03　来源：蓝湾区人民政府办公室</div>"
    return Page(f"{head}<h1>蓝湾区人民政府公报 2024年第11期</h1><div class='gb'>{blocks}</div></body></html>".encode())


@BOTH
def test_a_gazette_page_gives_each_notice_its_record_and_its_lasting_number(site: Site, home: Home) -> None:
    site.put(LANWAN, f"{HEAD}.html", gazette(1, 2, 4))
    assert home.crawl(url=URL).new == 3
    ids = {made["title"]: made["id"] for made in home.export()}
    assert len(ids) == 3
    site.put(LANWAN, f"{HEAD}.html", gazette(1, 2, 3, 4))  # one is put in between
    progress = home.crawl(url=URL)
    assert (progress.new, progress.edit) == (1, 0)
    assert {made["title"]: made["id"] for made in home.export()}.items() >= ids.items()
    site.put(LANWAN, f"{HEAD}.html", gazette(1, 3, 4))  # one is taken out
    progress = home.crawl(url=URL)
    assert (progress.new, progress.edit) == (0, 0)
    assert home.sql("SELECT v.title FROM documents d JOIN versions v ON v.id = d.version WHERE d.presence = 'missing'") == [
        ("蓝湾区人民政府关于第2座小桥命名的批复",)
    ]
    if home.sql("SELECT 1") and "sqlite" in home.config.storage.database:
        before = home.export()
        assert rebuilt(home) == before


def test_an_edit_of_one_notice_of_a_gazette_is_one_edit(site: Site, home: Home) -> None:
    site.put(LANWAN, f"{HEAD}.html", gazette(1, 2, 3))
    home.crawl(url=URL)
    site.touch(LANWAN, f"{HEAD}.html", "柳岸2桥，桥栏", "柳岸二桥，桥栏")
    assert home.crawl(url=URL).edit == 1
    records = {made["title"]: made for made in home.export()}
    assert {made["published"] for made in records.values()} == {"2024-11-03"}
    assert sorted(made["meta"].get("doc_no", "") for made in records.values()) == [
        "蓝政复〔2024〕1号",
        "蓝政复〔2024〕2号",
        "蓝政复〔2024〕3号",
    ]


# ------------------------------------------------------------------ documents
def test_a_detail_address_that_is_a_document_is_a_record_and_another_document_an_edit(site: Site, home: Home) -> None:
    site.put(LANWAN, f"{HEAD}.html", Page(b"%PDF-1.7 one\0", "application/pdf"))
    assert home.crawl(url=URL).new == 1
    made = record(home)
    assert made["title"] == "t20241101_9001"
    (own,) = made["attachments"]
    assert (own["url"], own["name"], own["media_type"]) == (URL, "t20241101_9001.html", "application/pdf")
    assert (own["file"]["state"], own["file"]["bytes"]) == ("no_text", 13)
    assert sum(seen.path == f"{HEAD}.html" for seen in site.seen) == 1  # what lies in the archive is not asked for again
    assert home.crawl(url=URL).edit == 0
    site.put(LANWAN, f"{HEAD}.html", Page(b"%PDF-1.7 two\0", "application/pdf"))
    assert home.crawl(url=URL).edit == 1


# ------------------------------------------------------------------ JSON
MAPPED = """title = "x"
start = "http://www.lanwan.test/zwgk/index.html"
[detail.json]
address = "/api/doc/{id}.json"
title = "data.title"
published = "data.time"
body = "data.html"
doc_no = "data.number?"
"""


def test_a_shell_whose_text_stands_in_json_is_one_record_named_by_the_source_s_file(site: Site, home: Home) -> None:
    home.set_source("lanwan", MAPPED)
    site.put(LANWAN, "/spa.html", Page(b"<html><body><div id='app'></div><script src='app.js'></script></body></html>"))
    answer = '{"data": {"title": "长椅名录公示", "time": 1730419200000, "html": "<p>第一把在桥头。</p><p>第二把在树下。</p>"}}'
    site.put(LANWAN, "/api/doc/17.json", Page(answer.encode(), "application/json"))
    home.crawl("lanwan", url=f"http://{LANWAN}/spa.html?id=17")
    (made,) = home.export()
    assert (made["title"], made["published"], made["body"]) == (
        "长椅名录公示",
        "2024-11-01 08:00:00",
        ["第一把在桥头。", "第二把在树下。"],
    )
    assert (made["url"], len(made["further"])) == (f"http://{LANWAN}/spa.html?id=17", 1)
    site.put(LANWAN, "/api/doc/17.json", Page(b'{"data": {"name": "x"}}', "application/json"))
    home.crawl("lanwan", url=f"http://{LANWAN}/spa.html?id=17")
    ((error,),) = home.sql("SELECT error FROM readings WHERE state = 'unreadable'")
    assert "lanwan.toml:5:1: detail.json.title: data.title: data has no 'title'; it has: name" in error
    assert Path(home.path.parent / "sources" / "lanwan.toml").is_file()


def test_what_is_withheld_is_withheld_with_all_its_pages(site: Site, home: Home) -> None:
    put(site)
    home.crawl(url=URL)
    assert home.sql(f"SELECT count(*) FROM v_captures WHERE url LIKE '%{HEAD}%'") == [(3,)]
    with house.open_line(home.config, "test") as line, line.database.write() as c:
        c.exec_driver_sql("UPDATE documents SET withheld = 'private'")
    for view in ("v_captures", "v_looks"):
        assert home.sql(f"SELECT count(*) FROM {view} WHERE url LIKE '%{HEAD}%'") == [(0,)]
