"""Chinese on the command line: who asks for it, that no sentence is missing and none left over, and that it fits a terminal."""

import subprocess
import sys

import pytest
import typer.main
from rich.cells import cell_len

from crawler.cli import health, words
from crawler.cli.main import HELP, everything, run
from crawler.cli.translated import texts
from crawler.model import ChangeKind


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


def test_what_programs_read_is_the_same_in_every_language(crawled: object) -> None:
    told = [
        subprocess.run(
            [sys.executable, "-m", "crawler.cli", "--config", str(crawled.path), "--lang", lang, *command],  # type: ignore[attr-defined]
            capture_output=True, text=True, check=False,
        ).stdout
        for command in (["changes", "--json"], ["changes"])
        for lang in ("zh", "en")
    ]  # fmt: skip
    assert told[0] == told[1] != ""
    assert "修改" in told[2]
    assert "修改" not in told[3]
