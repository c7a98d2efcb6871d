"""`reparse`: what today's rules read otherwise is shown first, applied when asked for, and is never a change at the site."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.demo.site import LANWAN, Page, Site
from crawler.pipeline.rereading import NOTES, Asked, differences, reread
from crawler.repository import readings
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import
NARROW = '\n[detail]\nbody = ".TRS_Editor p:first-child"\nsource = "h1"\n'
PARTS = "<html><head><title>公告三则</title></head><body><div class='main'>" + "".join(
    f"<div class='one'><h2>{word}的公告</h2><p>发布日期：2024-05-0{n}</p><div class='text'><p>各乡镇人民政府：现将{word}有关事项公告如下，请遵照执行，并于月底前报送情况。</p>"
    f"<p>特此公告，由区政府办公室负责解释，自发布之日起施行。</p></div></div>"
    for n, word in enumerate(("关于长椅油漆", "关于河道清淤", "关于路灯改造"), 1)
) + "</div></body></html>"  # fmt: skip
BOTH = pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def rules(home: Home) -> Callable[[str], None]:
    """rules(text): what stands at the end of a source's file."""
    file = home.path.parent / "sources" / "lanwan.toml"
    written = file.read_text("utf-8")

    def put(text: str = "") -> None:
        home.set_source("lanwan", written + text)

    return put


def call(home: Home, *arguments: str) -> int:
    """Run the command."""
    return run(["--config", str(home.path), "reparse", *arguments])


def answer(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The last line it said."""
    return dict(json.loads(capsys.readouterr().out.splitlines()[-1]))


@BOTH
def test_what_is_shown_is_what_applying_makes_and_is_no_edit(home: Home, rules: Any, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan")
    before = home.export(), home.kinds(), home.sql("SELECT id, rung, due, misses FROM urls")
    rules(NARROW)
    capsys.readouterr()
    assert call(home, "--json") == 0
    shown = answer(capsys)
    assert shown["fields"]["source"] == {"changed": 0, "appeared": 0, "vanished": 15}
    assert shown["fields"]["body"]["changed"] == shown["documents"]["reread"] == 15
    assert {"source": "lanwan", "field": "source", "before": 1.0, "after": 0.0} in shown["fill"]
    assert (home.export(), home.kinds()) == before[:2]
    assert call(home, "--apply", "--json") == 0
    assert answer(capsys) == {**shown, "applied": True}
    assert home.kinds() == {"new": 15, "reread": 15}
    assert {record["source"] for record in home.export()} == {None}
    assert home.sql("SELECT id, rung, due, misses FROM urls") == before[2]  # nobody has looked
    assert call(home, "--apply") == 0
    assert "everything was read by today's rules" in capsys.readouterr().out
    assert home.kinds() == {"new": 15, "reread": 15}


def test_documents_come_and_those_that_today_s_rules_do_not_see_stay_as_they_are(
    home: Home, site: Site, rules: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path = next(notice.path for notice in site.notices[LANWAN])
    site.put(LANWAN, path, Page(PARTS.encode()))
    home.crawl("lanwan")
    told, lines = len(home.export()), home.kinds()
    rules("\n[detail]\nparts = '.one'\n")
    capsys.readouterr()
    assert call(home, "--json") == 0
    came = answer(capsys)["documents"]["come"]
    assert came >= 2
    assert call(home, "--apply") == 0
    assert len(home.export()) == told + came
    assert home.kinds()["new"] == lines["new"] + came
    rules()
    capsys.readouterr()
    assert call(home, "--apply", "--json") == 0
    assert answer(capsys)["documents"]["gone"] == came
    assert len(home.export()) == told + came
    assert set(home.kinds()) <= {"new", "reread"}
    assert {record["presence"] for record in home.export()} == {"here"}


def test_an_application_that_ends_in_the_middle_goes_on_and_does_nothing_twice(home: Home, rules: Any) -> None:
    home.crawl("lanwan")
    rules(NARROW)
    with house.open_line(home.config, "reparse") as line:
        applied = reread(line, Asked(apply=True, at_once=4))
        assert next(applied).state == "reread"
        applied.close()
    assert home.kinds()["reread"] == 3  # the last address of four may have more captures
    with house.open_line(home.config, "reparse") as line:
        with line.database.write() as c:  # as if killed behind this step
            waiting = [
                number for (number,) in home.sql("SELECT capture FROM readings WHERE rules = '8' ORDER BY capture DESC LIMIT 3")
            ]
            readings.await_again(c, waiting)
        assert len(list(reread(line, Asked(apply=True, at_once=4)))) == 12
    assert home.kinds() == {"new": 15, "reread": 15}
    assert home.sql("SELECT count(*) FROM readings WHERE state = 'pending'") == [(0,)]


def test_a_look_that_ends_in_the_middle_goes_on_where_it_stood(home: Home, rules: Any) -> None:
    home.crawl("lanwan")
    rules(NARROW)
    folder: Path = home.config.storage.archive
    with house.open_line(home.config, "reparse") as line:
        looked = reread(line, Asked(at_once=4))
        next(looked)
        looked.close()
        (notes,) = folder.glob(f"{NOTES}*")
        notes.write_text(notes.read_text("utf-8").replace('"lanwan"', '"noted"') + '{"capture": 9, "sour', "utf-8")
        found = list(reread(line, Asked(at_once=4)))
    assert len({one.capture for one in found}) == len(found) == 15
    assert [one.source for one in found].count("noted") == 3
    assert list(folder.glob(f"{NOTES}*")) == []


def test_only_what_is_asked_for_is_read(home: Home, rules: Any, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan")
    rules(NARROW)
    assert call(home, "--source", "qinghe") == call(home, "--since", "2999-01-01") == 0
    assert capsys.readouterr().out.count("everything was read by today's rules") == 2
    assert call(home, "--source", "nobody") == 2
    assert "unknown source 'nobody'" in capsys.readouterr().err


def test_a_page_whose_bytes_are_lost_is_named_and_costs_no_other(
    home: Home, rules: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    home.crawl("lanwan")
    rules(NARROW)
    ((name, offset),) = home.sql('SELECT file, "offset" FROM captures JOIN versions ON versions.capture = captures.id LIMIT 1')
    with (home.config.storage.archive / name).open("r+b") as file:
        file.seek(offset + 40)
        file.write(b"\0" * 8)
    capsys.readouterr()
    assert call(home, "--json") == 1
    assert answer(capsys)["states"] == {"reread": 14, "unreadable": 1}
    assert home.sql("SELECT count(*) FROM captures WHERE damaged IS NOT NULL") == [(0,)]  # it was only shown


def test_other_rules_alone_make_nothing_wait_to_be_read(home: Home, rules: Any) -> None:
    home.crawl()
    rules(NARROW)
    with house.open_line(home.config, "run") as line:
        assert line.ask(lambda c: readings.pending(c, 10, owner=line.owner, busy=frozenset())) == []
        home.work(line, house.fire(home.config, line, house.Wish(("qinghe",))))
    assert home.sql(
        "SELECT count(*) FROM readings JOIN captures c ON c.id = capture JOIN urls u ON u.id = c.url WHERE u.source = 'lanwan' AND rules <> '8'"
    ) == [(0,)]


def test_a_difference_is_shown_from_where_it_begins() -> None:
    before = {"title": "甲" * 100 + "一", "meta": {"doc_no": "1号"}, "tables": [], "provenance": {"title": 1}, "url": "a"}
    after = {"title": "甲" * 100 + "二", "meta": {}, "tables": [{"at": 1}], "provenance": {"title": 2}, "url": "b"}
    assert differences(before, after) == {
        "title": ["…" + "甲" * 20 + "一", "…" + "甲" * 20 + "二"],
        "tables": [None, '[{"at": 1}]'],
        "meta.doc_no": ["1号", None],
    }
