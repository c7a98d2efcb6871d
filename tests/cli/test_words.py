"""Chinese on the command line: who asks for it, that no sentence is missing and none left over, and that it fits a terminal."""

import json
import re
from typing import Any

import pytest
import typer.main
from rich.cells import cell_len

from crawler.cli import complaints, health, labels, sentences, words
from crawler.cli.chinese import WEAK
from crawler.cli.main import HELP, everything, run
from crawler.cli.translated import texts
from crawler.model import ChangeKind
from crawler.monitor.health import Trouble
from tests.tools.called import said
from tests.tools.collect_sentences import HOLE, collected, missing, said_as_they_are, shape

TABLES = {**words.CHINESE, **sentences.SENTENCES, **complaints.COMPLAINTS}


@pytest.fixture(autouse=True)
def _english_again() -> object:
    yield
    words.choose([], {})


@pytest.mark.parametrize(
    ("arguments", "environment", "chinese"),
    [
        ([], {}, False),
        ([], {"LANG": "zh_CN.UTF-8"}, True),
        ([], {"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, False),
        ([], {"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW"}, True),
        ([], {"LANG": "C", "LC_ALL": ""}, False),
        (["--lang", "zh", "health"], {}, True),
        (["--lang=en", "health"], {"LC_ALL": "zh_CN.UTF-8"}, False),
        (["search", "--", "--lang=zh"], {}, False),
    ],
)
def test_the_option_chooses_else_the_environment(arguments: list[str], environment: dict[str, str], chinese: bool) -> None:
    words.choose(arguments, environment)
    assert words.is_chinese() is chinese


def test_no_sentence_of_the_help_is_missing_in_chinese_and_none_is_left_over() -> None:
    spoken = {*texts(typer.main.get_command(everything())), *HELP.values()}
    assert spoken - words.HELP.keys() == set()
    assert words.HELP.keys() - spoken == set()


def test_every_kind_of_the_ledger_and_every_state_has_a_word() -> None:
    assert set(words.KINDS) == {str(kind) for kind in ChangeKind}
    assert {*health.ORDER, *health.HEADS} == {*words.STATES, "new"}


def test_what_is_said_in_chinese_is_chinese() -> None:
    assert [english for english, said in words.CHINESE.items() if not any("\u4e00" <= sign <= "\u9fff" for sign in said)] == []


@pytest.mark.parametrize("command", [[], ["crawl"], ["export"], ["sources"], ["sources", "enable"], ["serve"], ["search"]])
def test_help_in_chinese_has_no_english_sentence_and_fits_a_terminal(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["--lang", "zh", *command, "--help"]) == 0
    said = capsys.readouterr().out
    assert "用法：" in said
    assert [line for line in said.splitlines() if cell_len(line) > 80] == []
    assert not any(sentence in said for sentence in [*words.HELP, *words.HEADINGS])


def test_another_language_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--lang", "fr", "health"]) == 2
    assert "--lang is zh or en" in capsys.readouterr().err


def test_what_programs_read_is_the_same_in_every_language(crawled: Any) -> None:
    told = [
        said(["--config", str(crawled.path), "--lang", lang, *command]).stdout
        for command in (["changes", "--json"], ["changes"])
        for lang in ("zh", "en")
    ]  # fmt: skip
    assert told[0] == told[1] != ""
    assert "修改" in told[2]
    assert "修改" not in told[3]


# ------------------------------------------------------------------ sentences and complaints
def test_no_sentence_that_commands_say_and_no_complaint_is_missing_in_chinese() -> None:
    assert [f"{sentence.place}: {sentence.template}" for sentence in missing()] == []


def test_what_is_printed_as_it_is_is_no_sentence() -> None:
    assert [f"{sentence.place}: {sentence.template}" for sentence in said_as_they_are()] == []


def test_no_sentence_in_chinese_is_left_over() -> None:
    """But for those of the system and those that are put together: nobody writes them as they are read."""
    said = {shape(sentence.template) for sentence in collected()}
    own = (
        sentences.LINES,
        complaints.ARCHIVE,
        complaints.COMMANDS,
        complaints.CONFIGURATION,
        complaints.DATABASE,
        complaints.REST,
    )
    assert [english for table in own for english in table if shape(english) not in said] == []


def test_the_collector_sees_what_is_put_into_an_error_a_note_and_both_arms_of_a_condition() -> None:
    templates = {shape(sentence.template) for sentence in collected()}
    assert {
        "{} is no http or https address",
        "did you mean {}?",
        "write {} alone, or leave it out",
        "nothing was left out of the article",
    } <= templates


def test_every_trouble_of_a_source_has_a_word() -> None:
    assert set(labels.TROUBLES) == {str(trouble) for trouble in Trouble}


def test_a_template_is_found_again_with_its_values_in_its_chinese() -> None:
    words.choose(["--lang=zh"])
    for english in filter(HOLE.search, TABLES):
        _is_found_again(english)


def _is_found_again(english: str) -> None:
    names = [name for name, _ in re.findall(r"\{(\w+)(\*?)\}", english)]
    assert set(names) >= {name for name, _ in re.findall(r"\{(\w+)(\*?)\}", TABLES[english])}
    filled = HOLE.sub("12", english)
    said = words.said(filled)
    in_chinese = any("\u4e00" <= sign <= "\u9fff" for sign in TABLES[english])
    assert said != filled or not in_chinese or sum(map(str.isalpha, shape(english))) < WEAK


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("not well: 1 source down, 2 captures damaged, no daemon is alive, a.gov.cn is left alone", "不正常：1 个来源失效，2 次捕获损坏，没有守护进程在工作，a.gov.cn 暂停请求"),
        ("2 ok, 1 suspect · 2026-03-02 06:30, Beijing time", "正常 2，可疑 1 · 北京时间 2026-03-02 06:30"),
        ('c.toml:14:1: list.row: unknown key; did you mean "rows"?', 'c.toml:14:1: list.row: 未知的键；是否指 "rows"？'),
        ("c.toml:14:1: operator.name: required key is missing", "c.toml:14:1: operator.name: 缺少必需的键"),
        ("c.toml:3:9: network.delay: expected a duration of a hundred years at most (got '9')", "c.toml:3:9: network.delay: 时长最多一百年（实为 '9'）"),
        ("layout changed: list has 0 rows, had 20 in each of the last 31 runs", "版式改变：列表 0 行，此前连续 31 次都有 20 行"),
        ("demo: suspect: list has 0 rows, and never had any · gongkai health demo", "demo：可疑：列表 0 行，从来没有过 · gongkai health demo"),
        ("demo: failed: 3 failed, 2 given up without a look · gongkai changes", "demo：失败：失败 3，未查看即放弃 2 · gongkai changes"),
        ("5 of 20 changes · older ones: gongkai changes --before 12", "20 条变化中的 5 条 · 更早的：gongkai changes --before 12"),
        ("cannot go on: /dev/full: No space left on device", "无法继续：/dev/full：磁盘空间不足"),
        ("cannot write /a: b/c in d: Permission denied", "无法写入 /a: b/c in d：没有权限"),
        ("new 1  edit 2  same 3  failed 4", "新增 1  修改 2  相同 3  失败 4"),
        ("  last seen 2026-01-01 03:04, first missed -, missed by 1 look", "  最后见于 2026-01-01 03:04，首次未见 -，1 次查看未见"),
        ("关于 3 files in 公告 的 notice", "关于 3 files in 公告 的 notice"),
        ("here is what nobody wrote", "here is what nobody wrote"),
    ],
)  # fmt: skip
def test_what_stands_in_a_sentence_stays_and_what_is_said_in_it_is_said_in_chinese(english: str, chinese: str) -> None:
    words.choose(["--lang=zh"])
    assert words.said(english) == chinese
    words.choose(["--lang=en"])
    assert words.said(english) == english


@pytest.mark.parametrize(
    ("arguments", "code", "first"),
    [
        (["search", "--source", "demp"], 2, "gongkai: 没有名为 'demp' 的来源；gongkai sources list 列出它们"),
        (["crawl", "--follow"], 2, "gongkai: --follow 与 --url 合用；来源的起始地址本来就是列表"),
        (["show", "x"], 2, "gongkai: 'x' 太短；请至少给出 id 的 4 个字符"),
        (["sources"], 0, "3 个来源，启用 3，暂停 0 · gongkai health 报告其状况"),
        (["search", "不会有的词"], 0, "没有找到 不会有的词"),
        (["search", "--source"], 2, "错误：选项 '--source' 需要一个值。"),
        (["changes", "--sinc", "x"], 2, "错误：没有选项 --sinc，是否指 "),
        (["serch"], 2, "错误：没有命令 'serch'"),
        (["search", "--limit", "many"], 2, "错误：'--limit' 的值不对：'many' 不是整数。"),
    ],
)
def test_notes_and_complaints_come_in_chinese_with_the_same_exit_codes(
    crawled: Any, arguments: list[str], code: int, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--config", str(crawled.path), *arguments]) == code
    assert run(["--config", str(crawled.path), "--lang", "zh", *arguments]) == code
    assert capsys.readouterr().err.splitlines()[-1].startswith(first)


def test_a_complaint_in_a_log_for_programs_is_the_same_in_every_language(
    crawled: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for lang in ("zh", "en"):
        assert run(["--config", str(crawled.path), "--log-format", "json", "--lang", lang, "crawl", "--follow"]) == 2
        told.append([line["event"] for line in map(json.loads, capsys.readouterr().err.splitlines())])
    assert told[0] == told[1] == ["--follow goes with --url"]


def test_a_crawl_and_the_health_after_it_speak_chinese_and_their_json_does_not(
    home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--config", str(home.path), "--lang", "zh", "crawl"]) == 0
    heard = capsys.readouterr()
    assert heard.out.startswith("完成：")
    assert "下一步：gongkai search" in heard.err
    assert run(["--config", str(home.path), "--lang", "zh", "health"]) == 0
    heard = capsys.readouterr()
    assert "守护进程    无；运行 gongkai crawl 时读取来源" in heard.out
    assert heard.err.startswith("正常 3 · 北京时间 ")
    assert run(["--config", str(home.path), "--lang", "zh", "health", "--json"]) == 0
    assert all(line.isascii() or "title" in line for line in capsys.readouterr().out.splitlines())
