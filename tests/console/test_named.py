"""Wherever a document's id may stand in an address, its page's own address may: percent-encoded, or as it is at the path's end."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from selectolax.lexbor import LexborHTMLParser

from crawler.console.app import create
from crawler.console.server import opened
from crawler.console.target import meant, name_of
from crawler.repository import schema as t
from crawler.repository.database import Database
from crawler.repository.migrations import upgrade
from tests.repository.conftest import Library

ID = "7k3m9q2x1vtd"

BELOW = ("", "/v/1", "/diff/1..2", "/cite", "/cite?as=gb7714&version=1")
OF_RECORD = ("", "?version=1", "/versions", "/diff", "/diff?from=1&to=2", "/history", "/cite", "/attachments")


@pytest.fixture(scope="module")
def edited(console: Any) -> tuple[str, str]:
    """(id, address) of a document with two versions."""
    with console.client() as client:
        name = client.get("/api/v1/changes?kind=edit").json()["items"][0]["document"]
        return name, client.get(f"/api/v1/records/{name}").json()["url"]


@pytest.mark.parametrize("path", [*(f"/d/{{}}{end}" for end in BELOW), *(f"/api/v1/records/{{}}{end}" for end in OF_RECORD)])
def test_a_page_s_address_percent_encoded_is_as_good_as_the_id(console: Any, edited: tuple[str, str], path: str) -> None:
    name, url = edited
    with console.client() as client:
        wanted, found = client.get(path.format(name)), client.get(path.format(quote(url, safe="")))
    assert wanted.status_code == found.status_code == 200
    plain = re.compile(r"<a href=[^>]*lang=en")  # which leads to this very address in the other language
    assert plain.sub("", found.text) == plain.sub("", wanted.text)


@pytest.mark.parametrize("path", ["/d/", "/api/v1/records/"])
def test_a_page_s_address_as_it_is_ends_the_path(console: Any, edited: tuple[str, str], path: str) -> None:
    with console.client() as client:
        assert client.get(f"{path}{edited[1]}").status_code == 200
        assert client.get(f"{path}{edited[1]}/cite").status_code == 404
        assert client.get(f"{path}{quote('http://nowhere.test/a?b=c', safe='')}").status_code == 404


def test_the_other_language_of_a_page_that_was_named_by_an_address_is_the_same_page(
    console: Any, edited: tuple[str, str]
) -> None:
    with console.client() as client:
        page = client.get(f"/d/{quote(edited[1], safe='')}")
        onward = re.findall(r'href="([^"]*lang=en)"', page.text)[0].replace("&amp;", "&")
        other = client.get(onward)
    assert other.status_code == 200
    assert '<html lang="en">' in other.text


def test_an_attachment_is_reached_by_its_notice_s_address(console: Any) -> None:
    with console.client() as client:
        name = client.get("/api/v1/changes?kind=attachment").json()["items"][0]["document"]
        url = quote(client.get(f"/api/v1/records/{name}").json()["url"], safe="")
        for end in ("", "/text", "/payload"):
            wanted, found = (client.get(f"/api/v1/records/{one}/attachments/1{end}") for one in (name, url))
            assert wanted.status_code == 200
            assert found.content == wanted.content


def test_where_several_notices_stand_at_an_address_the_answer_lists_them(told: Any, tmp_path: Any, serving: Any) -> None:
    url, page = f"sqlite:///{tmp_path / 'gongkai.db'}", "http://www.example.test/list.html"
    database = Database(url)
    upgrade(database)
    with database.write() as c:
        library = Library(c)
        first, second = library.document(ID, "甲", url=page), library.document("1b8n4c6w9hzp", "<b>乙</b>")
        at = sa.select(t.documents.c.url).where(t.documents.c.id == first).scalar_subquery()
        c.execute(sa.update(t.documents).where(t.documents.c.id == second).values(url=at, part=1))
    database.close()
    named = quote(page, safe="")
    with opened(replace(told, storage=replace(told.storage, database=url)), None) as door, serving(create(door)) as base:
        answer = httpx.get(f"{base}/api/v1/records/{named}", trust_env=False)
        shown = httpx.get(f"{base}/d/{named}", trust_env=False, headers={"Accept": "text/html"})
    assert answer.status_code == shown.status_code == 404
    assert answer.json()["choices"] == [{"id": ID, "title": "甲"}, {"id": "1b8n4c6w9hzp", "title": "<b>乙</b>"}]
    links = LexborHTMLParser(shown.text).css("main li a")
    assert [(link.attributes["href"], link.text()) for link in links] == [(f"/d/{ID}", "甲"), ("/d/1b8n4c6w9hzp", "<b>乙</b>")]


@pytest.mark.parametrize(
    ("raw", "path", "name"),
    [
        ("/d/7k3m9q2x1vtd/cite", None, None),
        ("/d/http%3A%2F%2Fx.test%2Fa%2Fb/cite", "/d/http:%2F%2Fx.test%2Fa%2Fb/cite", "http://x.test/a/b"),
        ("/d/http%3A%2F%2Fx.test%2Fa%3Fid%3D1%23c/v/1", "/d/http:%2F%2Fx.test%2Fa%3Fid=1%23c/v/1", "http://x.test/a?id=1#c"),
        ("/d/http%3A%2F%2Fx.test%2Fa%252Fb", "/d/http:%2F%2Fx.test%2Fa%252Fb", "http://x.test/a%2Fb"),
        ("/d/HTTPS://x.test/v/1", "/d/HTTPS:%2F%2Fx.test%2Fv%2F1", "HTTPS://x.test/v/1"),
        ("/d/http://x.test/a%20b", "/d/http:%2F%2Fx.test%2Fa%2520b", "http://x.test/a%20b"),
        ("/d/http%3A//x.test/%E5%85%AC", "/d/http:%2F%2Fx.test%2F公", "http://x.test/公"),
        ("/timegate/http://x.test/a", None, None),
        ("/c/http%3A%2F%2Fx.test", None, None),
    ],
)
def test_an_address_in_a_path_is_one_segment_that_says_the_address(raw: str, path: str | None, name: str | None) -> None:
    was = {"raw_path": raw.encode(), "path": "as it was", "headers": []}
    assert meant(was)["path"] == (path or "as it was")
    if path is not None:
        assert name_of(path.split("/")[2]) == name
