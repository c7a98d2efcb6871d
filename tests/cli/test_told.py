"""People and programs are told the same of a change; answers are counted; names that nobody knows are errors."""

import json
import re
from datetime import datetime
from typing import Any

import pytest

from crawler.cli.main import run
from crawler.demo.site import Site
from crawler.model import ChangeKind
from crawler.monitor.told import told
from crawler.repository import changes

Home = Any  # the fixture's class lives in conftest, which tests do not import


def gongkai(home: Home, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    capsys.readouterr()
    code = run(["--config", str(home.path), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def edited(site: Site, home: Home) -> Home:
    """An archive that saw a figure edited and a column fall silent."""
    home.crawl()
    site.change()
    home.crawl()
    return home


def test_a_change_says_the_same_in_text_in_json_and_in_the_view(edited: Home, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = gongkai(edited, capsys, "changes", "--kind", "edit", "--json")
    (line,) = [json.loads(text) for text in out.splitlines()]
    assert code == 0
    assert (line["kind"], line["before"], line["after"]) == ("edit", {"body": "90.2%"}, {"body": "9.02%"})
    assert "9.02%" in line["differences"][0]["passage"]
    assert len(line["differences"][0]["passage"]) > len("9.02%")
    assert (line["before_version"], line["after_version"]) == (1, 2)
    assert line["before_capture"] != line["after_capture"]
    assert line["before_capture"].startswith("c-")
    assert line["url"].startswith("http://")
    assert line["title"]
    assert line["source"] in ("lanwan", "qinghe", "songling")
    assert datetime.fromisoformat(line["at"]).utcoffset() is not None
    _, text, _ = gongkai(edited, capsys, "changes", "--kind", "edit")
    assert "90.2% → 9.02%" in text
    assert line["title"] in text
    columns = "kind, url, title, before_version, after_version, before_capture, after_capture, detail"
    ((*seen, detail),) = edited.sql(f"SELECT {columns} FROM v_changes WHERE kind = 'edit'")
    names = ("kind", "url", "title", "before_version", "after_version", "before_capture", "after_capture")
    assert seen == [line[name] for name in names]
    assert json.loads(detail)["differences"] == line["differences"]


def test_every_time_a_program_is_told_has_its_offset(edited: Home, capsys: pytest.CaptureFixture[str]) -> None:
    edited.sql("SELECT 1")
    for command in (["changes", "--json"], ["health", "--json"], ["export"], ["sources", "list", "--json"]):
        _, out, _ = gongkai(edited, capsys, *command)
        assert out
        assert not re.search(r'": 1[0-9]{12}\b', out), command  # milliseconds


def view(kind: str, **values: Any) -> changes.ChangeView:
    """A line of the ledger about one notice."""
    known: dict[str, Any] = {
        "seq": 7, "at": 1_709_339_400_000, "kind": kind, "source": "s", "rank": 80, "detail": {}, "document": "7k3m9q2x1vtd",
        "title": "关于决算公开的说明", "doc_no": "〔2024〕5号", "before": 1, "after": 2, "before_record": None, "after_record": None,
        "last_seen": None, "first_missed": None, "url": "http://www.example.test/1.html", "origin": "财政局",
    }  # fmt: skip
    return changes.ChangeView(**{**known, **values})


@pytest.mark.parametrize("kind", ["gone", "missing", "back"])
def test_what_is_not_there_says_when_it_was_and_how_often_it_was_missed(kind: str) -> None:
    said = told(view(kind, detail={"last_seen": 1_709_252_000_000, "first_missed": 1_709_339_400_000, "misses": 4}))
    assert said.why == "last seen 2024-03-01 08:13, first missed 2024-03-02 08:30, missed by 4 looks"
    assert said.data["detail"] == {"last_seen": "2024-03-01T00:13:20Z", "first_missed": "2024-03-02T00:30:00Z", "misses": 4}


def test_the_differences_of_every_field_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        {"field": "title", "paragraph": None, "before": "甲", "after": "乙", "passage": None},
        {"field": "body", "paragraph": 3, "before": "90.2%", "after": None, "passage": "占90.2%。"},
        {"field": "meta.doc_no", "paragraph": None, "before": None, "after": "〔2024〕5号", "passage": None},
    ]
    said = told(view("edit", detail={"differences": found}))
    assert said.differences == ("甲 → 乙     标题", "− 90.2%     正文第 3 段", "+ 〔2024〕5号     公开信息")
    assert said.why == "甲 → 乙     标题 (and 2 more)"
    assert said.data["before"] == {"title": "甲", "body": "90.2%", "meta.doc_no": None}


# ------------------------------------------------------------------ counting, and how to see more
def test_the_newest_changes_come_first_and_the_rest_is_counted(edited: Home, capsys: pytest.CaptureFixture[str]) -> None:
    _, everything, _ = gongkai(edited, capsys, "changes", "--json")
    all_of_them = [json.loads(line)["seq"] for line in everything.splitlines()]
    assert all_of_them == sorted(all_of_them, reverse=True)
    code, out, err = gongkai(edited, capsys, "changes", "--limit", "5", "--json")
    shown = [json.loads(line)["seq"] for line in out.splitlines()]
    assert (code, shown) == (0, all_of_them[:5])
    assert f"5 of {len(all_of_them)} changes" in err
    older = re.search(r"gongkai changes (--before \d+)", err)
    assert older is not None
    _, out, _ = gongkai(edited, capsys, "changes", *older[1].split(), "--json")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == all_of_them[5:]
    _, out, err = gongkai(edited, capsys, "changes", "--after", "3", "--limit", "2", "--json")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [4, 5]  # who follows the ledger misses nothing
    assert "--after 5" in err


def test_a_search_says_how_many_there_are_beside_how_many_it_shows(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan")
    _, out, err = gongkai(home, capsys, "search", "区", "--json")
    total = len(out.splitlines())
    assert total > 3
    assert err == ""
    _, out, err = gongkai(home, capsys, "search", "区", "--limit", "2")
    assert f"{total} found, 2 shown · go on with --after " in err
    _, _, err = gongkai(home, capsys, "search", "区", "--limit", "2", "--after", err.strip().rpartition(" ")[2])
    assert f"{total} found, 2 shown" in err
    assert gongkai(home, capsys, "search", "没有这样的词")[2] == "nothing found for 没有这样的词\n"


# ------------------------------------------------------------------ names nobody knows
UNKNOWN = {
    "changes --source lanwam": "lanwan",
    "search 区 --source lanwam": "lanwan",
    "export --source lanwam": "lanwan",
    "frontier list --source lanwam": "lanwan",
    "frontier requeue --source lanwam": "lanwan",
    "frontier list --queue www.lanwan.tets": "www.lanwan.test",
    "frontier list --state deed": "dead",
    "crawl lanwam": "lanwan",
    "crawl lanwam --url http://www.lanwan.test/": "lanwan",
    "health lanwam": "lanwan",
    "changes --kind edits": "edit",
    "search 区 --presence her": "here",
}


def test_a_name_that_nobody_knows_is_an_error_with_the_nearest(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan")
    for command, nearest in UNKNOWN.items():
        code, out, err = gongkai(home, capsys, *command.split())
        assert (code, out) == (2, ""), command
        assert f"did you mean {nearest!r}?" in err, command
    known = home.export()[0]["id"]
    last = "0" if known[-1] != "0" else "1"
    code, out, err = gongkai(home, capsys, "show", known[:-1] + last)
    assert (code, out) == (2, "")
    assert f"did you mean '{known}'?" in err


def test_a_source_that_is_configured_and_was_never_read_is_known(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.crawl("lanwan")
    home.set_source("later", 'title = "尚未启用"\nstart = "http://later.test/"\n')
    assert gongkai(home, capsys, "changes", "--source", "later")[0] == 0
    assert gongkai(home, capsys, "search", "区", "--source", "qinghe")[0] == 0


def test_kinds_that_are_offered_are_written_by_some_code(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert set(changes.RANK) == set(ChangeKind)
    for word in ("delisted", "moved", "conflict"):
        assert gongkai(home, capsys, "changes", "--kind", word)[0] == 2
