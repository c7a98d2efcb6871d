"""Documents that notices link to, over HTTP: what is known of them, their text by page, their bytes as downloads and nothing else."""

from typing import Any

import httpx

from crawler.console.app import create
from crawler.console.server import opened
from crawler.demo.site import LANWAN, Page, Site
from tests.parsers.attached import made
from tests.tools.answering import answering

Home = Any  # the fixture's class lives in conftest, which tests do not import
URL = f"http://{LANWAN}/zwgk/202411/t20241105_501.html"
BODY = "为做好汛期物资储备，现将储备清单印发给你们，请各街道对照清单逐项落实，十五日内报回执行情况，联系人周老师。"
SCRIPT = b"<html><body>" + "<p>第一条 储备冲锋舟十二艘。</p>".encode() * 20 + b"<script>alert(1)</script></body></html>"


def publish(site: Site) -> bytes:
    """A notice with a document that is there, a page with a script called a document, and one that is not there."""
    files = {"./qingdan.pdf": "物资清单.pdf", "./ye.htm": "说明.htm", "./mei.doc": "附表.doc"}
    links = "".join(f"<p>附件：<a href='{url}'>{name}</a></p>" for url, name in files.items())
    html = (
        "<html><head><meta charset='utf-8'><meta name='ArticleTitle' content='关于储备防汛物资的通知'>"
        "<meta name='PubDate' content='2024-11-05'></head>"
        f"<body><h1>关于储备防汛物资的通知</h1><div class='TRS_Editor'><p>{BODY}</p><p>{BODY[::-1]}</p>{links}</div></body></html>"
    )
    data = made.pdf(2, lines=("冲锋舟停在水文码头",))
    site.put(LANWAN, "/zwgk/202411/t20241105_501.html", Page(html.encode()))
    disposition = "attachment; filename=\"..\\..\\<b>.pdf\"; filename*=UTF-8''%E6%B8%85%E5%8D%95.pdf"
    site.put(LANWAN, "/zwgk/202411/qingdan.pdf", Page(data, "application/pdf", headers=(("Content-Disposition", disposition),)))
    site.put(LANWAN, "/zwgk/202411/ye.htm", Page(SCRIPT))
    return data


def test_documents_are_listed_read_by_page_and_downloaded_and_never_shown(site: Site, home: Home) -> None:
    data = publish(site)
    home.crawl(url=URL)
    ((name,),) = home.sql("SELECT public_id FROM documents")
    with opened(home.config, None) as door, answering(create(door)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        base = f"/api/v1/records/{name}/attachments"
        listed = client.get(base).json()
        assert next((item["attachment"], item["state"], item["file_name"]) for item in listed["items"]) == (1, "text", "清单.pdf")
        assert (listed["total"], listed["items"][-1]["state"], listed["items"][-1]["reason"]) == (
            len(listed["items"]),
            "missing",
            "not found",
        )
        first = client.get(f"{base}/1").json()
        assert (first["media_type"], first["bytes"], first["pages"]) == ("application/pdf", len(data), 2)
        text = client.get(f"{base}/1/text?page=2").json()
        assert (text["total"], [piece["place"] for piece in text["items"]]) == (2, ["page 2"])
        assert "冲锋舟停在水文码头" in text["items"][0]["lines"]
        got = client.get(f"{base}/1/payload")
        assert got.content == data
        for answer in (got, *[client.get(f"{base}/{number}/payload") for number in range(2, len(listed["items"]))]):
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment;")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in answer.headers["content-security-policy"]
        assert "filename*=UTF-8''%E6%B8%85%E5%8D%95.pdf" in got.headers["content-disposition"]
        last = len(listed["items"])
        assert [client.get(f"{base}/{path}").status_code for path in (f"{last}/payload", f"{last}/text", "9", "0")] == [
            404,
            404,
            404,
            422,
        ]
        page = client.get(f"/d/{name}").text
        assert f"{base}/1/payload?version=1" in page
        hit = client.get("/api/v1/records", params={"q": "水文码头"}).json()["items"][0]
        assert hit["at"] == {"attachment": 1, "name": "物资清单.pdf", "place": "page 1", "cell": None}
        assert "物资清单.pdf page 1" in client.get("/search", params={"q": "水文码头"}).text
