"""The pages: they answer, in both languages, escape what they show, and lead to each other."""

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.console.app import create
from crawler.console.pages.described import CHINESE
from crawler.console.pages.rendering import Reader
from crawler.console.pages.words import WORDS
from crawler.console.server import opened
from crawler.model import ChangeKind, Outcome, RunKind
from crawler.repository.database import Database
from crawler.repository.migrations import upgrade
from tests.repository.conftest import Library

ID = "7k3m9q2x1vtd"

PAGES = ("/", "/search?q=公告", "/search", "/changes", "/changes?kind=edit", "/api/docs")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_in_both_languages(console: Any, path: str, language: str) -> None:
    with console.client() as client:
        answer = client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    tree = LexborHTMLParser(answer.text)
    assert len(tree.css("h1")) == 1
    assert [node.attributes["lang"] for node in tree.css("html")] == ["zh-Hans" if language == "zh" else "en"]
    assert not tree.css("[style], script:not([src])")


def test_from_a_search_to_document_difference_and_capture(console: Any) -> None:
    with console.client() as client:
        edited = client.get("/api/v1/changes", params={"kind": "edit"}).json()["items"][0]["document"]
        page = client.get(f"/d/{edited}")
        assert page.status_code == 200
        tree = LexborHTMLParser(page.text)
        links = [node.attributes.get("href") or "" for node in tree.css("a")]
        assert f"/d/{edited}/diff/1..2" in links
        assert any(link.startswith("/c/c-") for link in links)
        for form in ("sides", "inline"):
            difference = client.get(f"/d/{edited}/diff/1..2", params={"as": form})
            assert difference.status_code == 200
            assert LexborHTMLParser(difference.text).css("del, ins")
        assert client.get(f"/d/{edited}/v/1").status_code == 200
        assert client.get(f"/d/{edited}/v/9").status_code == 404
        assert client.get(f"/d/{edited}/diff/x").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_the_api_has_every_operation_of_its_description(console: Any, language: str) -> None:
    with console.client(headers={"Accept-Language": language}) as client:
        description = client.get("/api/openapi.json").json()
        tree = LexborHTMLParser(client.get("/api/docs").text)
        about = LexborHTMLParser(client.get("/about").text)
        links = {node.attributes.get("href") for node in tree.css("main a")}
        assert all(client.get(link).status_code == 200 for link in links if link)
    assert links == {"/api/openapi.json", "/api/v1/schema/record.json"}
    assert about.css("main a[href='/api/docs']")
    shown = {node.attributes["id"]: node for node in tree.css("section.operation")}
    told = {one["operationId"]: (way, path, one) for path, ways in description["paths"].items() for way, one in ways.items()}
    assert shown.keys() == told.keys() == CHINESE.keys()
    common = {node.text() for node in tree.css("main > section:last-of-type dt")}
    for name, (way, path, one) in told.items():
        text = shown[name].text()
        assert f"{way.upper()} {path}" in text
        assert (CHINESE[name] if language == "zh" else one["summary"]) == shown[name].css("h3")[0].text()
        for parameter in one.get("parameters", ()):
            assert parameter["name"] in text
            assert parameter["description"] in text, (path, parameter["name"])
        assert {node.text() for node in shown[name].css("dt.num")} | common == one["responses"].keys()


def test_a_question_that_is_not_understood_is_shown_with_its_fault(console: Any) -> None:
    with console.client() as client:
        answer = client.get("/search", params={"q": '公告 "全体'})
    assert answer.status_code == 422
    assert [node.text() for node in LexborHTMLParser(answer.text).css(".query mark")] == ['"']


@pytest.mark.parametrize(
    "hostile",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "' onmouseover='x", "javascript:alert(1)"],
)
def test_what_somebody_types_is_text_and_nothing_else(console: Any, hostile: str) -> None:
    with console.client() as client:
        plain = LexborHTMLParser(client.get("/search", params={"q": "无"}).text)
        answer = LexborHTMLParser(client.get("/search", params={"q": f'"{hostile}"' if '"' not in hostile else hostile}).text)
    assert {node.tag for node in answer.css("*")} <= {node.tag for node in plain.css("*")} | {
        "code",
        "p",
        "mark",
        "br",
        "span",
        "h1",
    }
    assert not answer.css("[onerror], [onmouseover], [style]")
    assert "49" not in re.findall(r"value=\"([^\"]*)\"", answer.html or "")


def test_the_language_is_remembered(console: Any) -> None:
    with console.client() as client:
        assert 'lang="en"' in client.get("/?lang=en").text
        assert '<html lang="en">' in client.get("/changes", headers={"Accept-Language": "zh"}).text


def test_one_is_not_called_as_several_are() -> None:
    english, chinese = Reader("en", "/"), Reader("zh", "/")
    assert [english.say("differences", count=count) for count in (0, 1, "1", 2)] == [
        "0 differences",
        "1 difference",
        "1 difference",
        "2 differences",
    ]
    assert english.say("found", count="1,234") == "1,234 records"
    assert chinese.say("differences", count=1) == "改动 1 处"


def test_every_word_of_the_archive_has_its_translation_and_an_unknown_one_breaks_no_page() -> None:
    stored = {"outcome": Outcome, "kind": ChangeKind, "run": RunKind}
    assert {f"{group}.{one}" for group, words in stored.items() for one in words} - WORDS.keys() == set()
    assert Reader("zh", "/").say("outcome.unheard_of") == "unheard_of"
    with pytest.raises(KeyError):
        Reader("zh", "/").say("nothing.such")


def plain(body: list[str]) -> dict[str, Any]:
    """A record that says nothing but its text."""
    empty = dict.fromkeys(("channel", "source", "clicks", "incomplete"))
    return {**empty, "body": body, "attachments": [], "tables": [], "images": [], "people": [], "meta": {}, "provenance": {}}


def test_of_many_versions_the_newest_are_listed_with_what_differs_and_all_where_asked(
    told: Any, tmp_path: Any, serving: Any
) -> None:
    url = f"sqlite:///{tmp_path / 'gongkai.db'}"
    database = Database(url)
    upgrade(database)
    with database.write() as c:
        library = Library(c)
        number = library.document(ID, "一", record=plain(["零"]))
        for n in range(2, 31):
            library.version(number, n, "一", at=1000 * n, record=plain([f"第{n}"] * n))
    database.close()
    with opened(replace(told, storage=replace(told.storage, database=url)), None) as door, serving(create(door)) as base:
        pages = [
            httpx.get(f"{base}/d/{ID}{query}", trust_env=False, timeout=60).text for query in ("", "", "?versions=all", "/v/3")
        ]
    rows = [LexborHTMLParser(page).css("ol.versions li") for page in pages]
    assert [len(one) for one in rows] == [20, 20, 30, 20]
    assert pages[0] == pages[1]
    counts = [link.text() for row in rows[0] for link in row.css("a[href*='/diff/']")]
    assert [text for text in counts if "改动" in text] == counts[:8]
    assert counts[0] == f"改动 {30} 处"
    assert counts[8] == "与前一版对比"
    assert "首次见到" in rows[2][-1].text()
    assert "第3" in LexborHTMLParser(pages[3]).css(".prose")[0].text()
