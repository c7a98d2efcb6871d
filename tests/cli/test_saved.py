"""`parse` on files that people have: the page's own address, or none that nobody wrote."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.called import said

URL = "http://www.yunxi.example/zwgk/202405/t20240506_1.html"
PAGE = (
    "<!DOCTYPE html>\n<html><head>{head}<meta charset='utf-8'><title>关于印发值班手册的通知</title></head><body><h1>关于印发值班手册的通知</h1>"
    "<div>发布时间：2024-05-06 09:30 来源：云溪县档案局</div><div><p>各乡镇人民政府：</p><p>现将值班手册印发给你们，请结合实际抓好贯彻落实，并将执行情况及时报送。</p>"
    "<p>手册未尽事宜，由县政府值班室负责解释，各单位在执行中遇到的问题请及时反馈。</p><p>附件：<a href='{link}'>值班手册.doc</a></p></div></body></html>"
)
LIST = (
    "<html><head>{head}</head><body><ul>"
    + "".join(
        f"<li><a href='./202405/t2024050{n}_{n}.html'>云溪县关于第{n}件事的通知</a><span>2024-05-0{n}</span></li>"
        for n in range(1, 7)
    )
    + "</ul></body></html>"
)


def parsed(path: Path, *more: str) -> tuple[dict[str, Any], str]:
    """What `parse --json` says of a file, and all it prints."""
    done = said(["parse", "--json", *more, str(path)])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stdout + done.stderr


@pytest.mark.parametrize(
    "link",
    [
        "W020240506.doc",
        "./W020240506.doc",
        "../../doc/a.doc",
        "/upload/a.doc",
        "/module/download/downfile.jsp?classid=0&amp;filename=a.doc",
        "./附件 一.doc",
    ],
)
def test_without_an_address_relative_addresses_stay_as_written_and_none_is_invented(link: str, tmp_path: Path) -> None:
    path = tmp_path / "saved.html"
    path.write_text(PAGE.format(head="", link=link), "utf-8")
    said, everything = parsed(path)
    assert (said["title"], said["url"], said["final_url"]) == ("关于印发值班手册的通知", None, None)
    assert [item["url"] for item in said["attachments"]] == [link.replace("&amp;", "&")]
    assert "invalid" not in everything
    assert "address_by" not in said


@pytest.mark.parametrize(
    ("head", "by"),
    [
        (f"<!-- saved from url=(0049){URL} -->", "saved from url"),
        (f"<meta property='og:url' content='{URL}'>", "og:url"),
        (f"<base href='{URL}'>", "base"),
    ],
)
def test_its_own_address_is_the_page_s_and_is_told(head: str, by: str, tmp_path: Path) -> None:
    path = tmp_path / "saved.html"
    path.write_text(PAGE.format(head=head, link="./W020240506.doc"), "utf-8")
    said, _ = parsed(path)
    assert (said["url"], said["address_by"]) == (URL, by)
    assert [item["url"] for item in said["attachments"]] == ["http://www.yunxi.example/zwgk/202405/W020240506.doc"]


def test_a_manifest_is_believed_before_the_page(tmp_path: Path) -> None:
    path, manifest = tmp_path / "saved.html", tmp_path / "m.jsonl"
    path.write_text(
        PAGE.format(head="<meta property='og:url' content='http://www.other.example/a/b.html'>", link="a.doc"), "utf-8"
    )
    manifest.write_text(json.dumps({"file": "saved.html", "page_url": URL}))
    said, _ = parsed(path, "--manifest", str(manifest))
    assert said["url"] == URL


def test_a_saved_list_shows_its_rows_as_it_has_them(tmp_path: Path) -> None:
    path = tmp_path / "list.html"
    path.write_text(LIST.format(head=""), "utf-8")
    said, everything = parsed(path, "--list")
    assert [row["url"] for row in said["rows"]] == [f"./202405/t2024050{n}_{n}.html" for n in range(1, 7)]
    assert "invalid" not in everything
    path.write_text(LIST.format(head="<base href='http://www.yunxi.example/zwgk/'>"), "utf-8")
    said, _ = parsed(path, "--list")
    assert said["rows"][0]["url"] == "http://www.yunxi.example/zwgk/202405/t20240501_1.html"
