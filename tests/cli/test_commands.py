"""The command as people type it: what it prints, where, and how it ends."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from crawler.cli.main import COMMANDS, everything
from crawler.cli.output import fit, safe
from crawler.demo.site import LANWAN, Site
from tests.tools.called import said

Home = Any  # the fixture's class lives in conftest, which tests do not import


def gongkai(
    *arguments: str, cwd: Path | None = None, stdin: str | None = None, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """The command, in this process."""
    return said(arguments, cwd=cwd, stdin=stdin or "", environment=environment)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_ends_with_an_example(command: str) -> None:
    told = gongkai(command, "--help")
    assert told.returncode == 0
    assert re.search(r"Example: (mv .* && )?gongkai ", told.stdout), told.stdout


def test_the_overview_names_every_command_and_the_version_what_a_bug_report_needs() -> None:
    overview = gongkai("--help").stdout
    assert all(command in overview for command in COMMANDS)
    assert re.match(r"gongkai \d+\.\d+\.\d+ · Python 3\.\d+\.\d+ · SQLite 3\.", gongkai("--version").stdout)


def test_help_and_version_import_nothing_heavy() -> None:
    script = "import sys; from crawler.cli.main import run; run(['--help']); print(sorted({m.partition('.')[0] for m in sys.modules} & {'sqlalchemy', 'pydantic', 'selectolax', 'httpx', 'apscheduler'}))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_a_wrong_command_option_or_source_names_the_right_one(home: Home) -> None:
    assert gongkai("serch").returncode == 2
    assert "'search'" in gongkai("serch").stderr
    unknown = gongkai("--config", str(home.path), "crawl", "lanwam")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "did you mean 'lanwan'?" in unknown.stderr
    assert gongkai("--config", str(home.path), "crawl", "--since", "yesterday", "lanwan").returncode == 2
    assert gongkai("--config", str(home.path), "crawl", "--url", "ftp://x/").returncode == 2
    assert gongkai("--config", str(home.path), "changes", "--kind", "edits").returncode == 2


def numbers() -> list[tuple[str, ...]]:
    """Every option of every command that takes a whole number, behind the command's words and what it wants besides."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name, below in getattr(command, "commands", {}).items():
            yield from walk(below, (*words, name))
        for param in command.params if not getattr(command, "commands", None) else ():
            if param.type.name in ("int", "int range") and param.opts[0].startswith("--"):
                wanted = [other for other in command.params if other.param_type_name == "argument" and other.required]
                yield (*words, *("x" for _ in wanted), param.opts[0])

    return list(walk(typer.main.get_command(everything()), ()))


@pytest.mark.parametrize("words", numbers(), ids=" ".join)
def test_a_number_that_no_database_takes_is_wrong_usage_that_names_its_option(home: Home, words: tuple[str, ...]) -> None:
    for number in (2**63, -(2**64)):
        told = gongkai("--config", str(home.path), *words[:-1], f"{words[-1]}={number}")
        assert (told.returncode, told.stdout) == (2, "")
        assert words[-1] in told.stderr
    assert "not nan" in gongkai("--config", str(home.path), "sql", "--seconds", "nan", "SELECT 1").stderr


def test_the_largest_number_is_one_like_any_other(home: Home) -> None:
    home.crawl("lanwan")
    most = str(2**63 - 1)
    told = [gongkai("--config", str(home.path), "changes", *words) for words in (("--after", most), ("--limit", most))]
    kinds = [re.findall(r"^\S+ \S+  new ", one.stdout, re.MULTILINE) for one in told]  # an id may hold the word, too
    assert [(one.returncode, len(lines)) for one, lines in zip(told, kinds, strict=True)] == [(0, 0), (0, 15)]


def test_without_a_configuration_or_an_archive_one_sentence_says_what_to_do(tmp_path: Path, home: Home) -> None:
    (tmp_path / "elsewhere").mkdir()
    lost = gongkai("search", "x", cwd=tmp_path / "elsewhere")
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "gongkai init" in lost.stderr
    empty = gongkai("--config", str(home.path), "search", "x")
    assert empty.returncode == 3
    assert "Traceback" not in empty.stderr
    assert "gongkai crawl" in empty.stderr


def test_init_writes_a_configuration_that_works_and_does_not_overwrite_one(tmp_path: Path) -> None:
    assert gongkai("init", "--name", 'An "Archive"', "--contact", "mailto:a@example.org", cwd=tmp_path).returncode == 0
    assert gongkai("sources", "check", cwd=tmp_path).returncode == 0
    again = gongkai("init", "--name", "x", "--contact", "mailto:a@example.org", cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_init_writes_the_file_that_is_named_and_its_columns_beside_it(tmp_path: Path) -> None:
    operator = ("--name", "x", "--contact", "mailto:a@example.org")
    by_option, by_variable = tmp_path / "other" / "gk.toml", tmp_path / "third" / "config" / "gk.toml"
    assert gongkai("--config", str(by_option), "init", *operator, cwd=tmp_path).returncode == 0
    assert gongkai("init", *operator, cwd=tmp_path, GONGKAI_CONFIG=str(by_variable)).returncode == 0
    for file in (by_option, by_variable):
        assert gongkai("--config", str(file), "sources", "check", cwd=tmp_path).returncode == 0
        assert list((file.parent / "sources").glob("*.toml"))
    assert not (tmp_path / "config").exists()
    assert gongkai("init", *operator, "--folder", "fourth", cwd=tmp_path, GONGKAI_CONFIG=str(by_variable)).returncode == 0
    assert (tmp_path / "fourth" / "config" / "gongkai.toml").is_file()
    both = gongkai("--config", str(tmp_path / "a.toml"), "init", *operator, "--folder", "b", cwd=tmp_path)
    assert (both.returncode, sorted(path.name for path in tmp_path.iterdir())) == (2, ["fourth", "other", "third"])


def test_what_a_lost_configuration_s_remedy_says_writes_just_that_file(tmp_path: Path) -> None:
    named = ("--config", "other/gk.toml")
    lost = gongkai(*named, "search", "x", cwd=tmp_path)
    assert (lost.returncode, "gongkai init writes one" in lost.stderr) == (2, True)
    assert gongkai(*named, "init", "--name", "x", "--contact", "mailto:a@example.org", cwd=tmp_path).returncode == 0
    assert "other/gk.toml" not in gongkai(*named, "search", "x", cwd=tmp_path).stderr


def test_a_crawl_that_fails_says_which_address_and_why(tmp_path: Path) -> None:
    assert gongkai("init", "--name", "x", "--contact", "mailto:a@example.org", cwd=tmp_path).returncode == 0
    told = gongkai("crawl", "--url", "http://127.0.0.1:9/zwgk/1.html", cwd=tmp_path)
    assert told.returncode == 1
    assert "http://127.0.0.1:9/robots.txt (127.0.0.1 is not public" in told.stderr
    assert "http://127.0.0.1:9/zwgk/1.html (robots.txt" in told.stderr


def test_whatever_says_that_a_host_is_not_public_names_the_setting_that_lets_it_through(tmp_path: Path) -> None:
    assert gongkai("init", "--name", "x", "--contact", "mailto:a@example.org", cwd=tmp_path).returncode == 0
    (tmp_path / "config" / "sources" / "near.toml").write_text('title = "a"\nstart = "http://127.0.0.1:9/zwgk/"\n')
    config = tmp_path / "config" / "gongkai.toml"
    config.write_text(
        config.read_text("utf-8") + '\n[alarms.channels.duty]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n', "utf-8"
    )
    for words in (
        ("crawl", "--url", "http://127.0.0.1:9/zwgk/1.html"),
        ("crawl", "near"),
        ("fetch", "http://127.0.0.1:9/zwgk/1.html"),
        ("probe", "http://127.0.0.1:9/zwgk/"),
        ("try", "near"),
        ("alarms", "test", "duty"),
    ):
        told = gongkai(*words, cwd=tmp_path)
        assert "127.0.0.1 is not public: " in told.stdout + told.stderr, words
        assert 'where that is meant: network.allow_private = ["127.0.0.1"]' in told.stderr, words
    assert json.loads(gongkai("probe", "--json", "http://127.0.0.1:9/", cwd=tmp_path).stdout)["detail"].startswith(
        "127.0.0.1 is not"
    )


def test_init_refuses_a_contact_that_is_none_and_writes_nothing(tmp_path: Path) -> None:
    told = gongkai("init", "--name", "x", "--contact", "nonsense", cwd=tmp_path)
    assert told.returncode == 2
    assert "operator.contact" in told.stderr
    assert "mailto:" in told.stderr
    assert not (tmp_path / "config").exists()


def test_init_without_a_contact_leaves_a_file_that_says_what_is_missing(tmp_path: Path) -> None:
    assert gongkai("init", cwd=tmp_path).returncode == 0
    told = gongkai("crawl", cwd=tmp_path)
    assert told.returncode == 2
    assert "operator.name: required key is missing" in told.stderr


def test_crawl_search_show_history_changes_export_in_a_row(site: Site, home: Home, tmp_path: Path) -> None:
    config = ("--config", str(home.path))
    crawled = gongkai(*config, "crawl", "lanwan")
    assert crawled.returncode == 0, crawled.stderr
    assert re.match(r"done: 2 list pages, 15 notices, 15 new documents, 0 failed, \d+\.\d kB in .*, \d+\.\d s\n$", crawled.stdout)
    assert "next: gongkai search" in crawled.stderr
    hits = [json.loads(line) for line in gongkai(*config, "search", "長興島經濟區", "--json").stdout.splitlines()]
    assert [hit["title"] for hit in hits] == [next(n.title for n in site.notices[LANWAN] if n.number == 77)]
    shown = json.loads(gongkai(*config, "show", hits[0]["id"][:5], "--json").stdout)
    assert shown["url"] == hits[0]["url"]
    assert json.loads(gongkai(*config, "show", shown["url"], "--as", "json").stdout) == shown
    assert gongkai(*config, "show", hits[0]["id"], "--as", "notice").stdout.startswith("政府信息公开\n长兴岛")
    assert "title.h1" in gongkai(*config, "show", hits[0]["id"], "--as", "provenance").stdout
    assert "new" in gongkai(*config, "history", hits[0]["id"]).stdout
    told = gongkai(*config, "changes", "--since", "1h", "--json")
    assert {json.loads(line)["kind"] for line in told.stdout.splitlines()} == {"new"}
    target = tmp_path / "records.jsonl"
    assert gongkai(*config, "export", "--to", str(target)).returncode == 0
    assert len(target.read_text("utf-8").splitlines()) == 15
    assert gongkai(*config, "export").stdout == target.read_text("utf-8")


def test_the_second_crawl_notices_and_says_so_with_its_exit_code(site: Site, home: Home) -> None:
    config = ("--config", str(home.path))
    assert gongkai(*config, "crawl").returncode == 0
    site.change()
    second = gongkai(*config, "crawl")
    assert second.returncode == 1  # done, and a source has fallen silent
    assert "1 edited" in second.stdout
    assert "qinghe: failed: list has 0 rows, had 8 · gongkai health qinghe" in second.stderr
    told = gongkai(*config, "changes", "--kind", "edit").stdout
    assert "90.2% → 9.02%     正文第 2 段" in told


def test_an_id_that_means_two_documents_lists_them(home: Home) -> None:
    home.crawl("lanwan")
    config = ("--config", str(home.path))
    assert gongkai(*config, "show", "zzzzzzzz").returncode == 2
    assert "at least four characters" in gongkai(*config, "show", "7k").stderr or gongkai(*config, "show", "7k").returncode == 2


def test_reindex_refuses_a_database_that_is_not_empty_and_rebuilds_one_that_is(home: Home) -> None:
    home.crawl("lanwan")
    before = home.export()
    config = ("--config", str(home.path))
    refused = gongkai(*config, "reindex")
    assert refused.returncode == 2
    assert "move it away" in refused.stderr
    for file in (home.folder / "data").glob("gongkai.db*"):
        file.unlink()
    rebuilt = gongkai(*config, "reindex")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "15 documents" in rebuilt.stdout
    assert home.export() == before


def test_sources_are_listed_paused_and_resumed(home: Home) -> None:
    config = ("--config", str(home.path))
    listed = gongkai(*config, "sources", "list")
    assert [line.split()[:2] for line in listed.stdout.splitlines()[1:]] == [
        ["on", "lanwan"],
        ["on", "qinghe"],
        ["on", "songling"],
    ]
    assert gongkai(*config, "sources", "pause", "qinghe").returncode == 0
    states = {
        (row := json.loads(line))["id"]: row["paused"]
        for line in gongkai(*config, "sources", "list", "--json").stdout.splitlines()
    }
    assert states["qinghe"] is not None
    assert states["lanwan"] is None
    assert gongkai(*config, "sources", "resume", "qinghe").returncode == 0
    assert gongkai(*config, "sources", "pause", "nobody").returncode == 2


def test_a_database_that_cannot_be_written_is_one_sentence(home: Home) -> None:
    blocked = home.folder / "data"
    blocked.write_text("a file where a folder should be")
    told = gongkai("--config", str(home.path), "crawl", "lanwan")
    assert (told.returncode, told.stdout) == (3, "")
    assert "Traceback" not in told.stderr
    assert told.stderr.startswith("gongkai: ")


def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    told = gongkai("demo", "--folder", str(tmp_path / "demo"))
    assert told.returncode == 0, told.stderr
    for words in (
        "45 new",
        "3 copies",
        "90.2% → 9.02%",
        "gone",
        "list has 0 rows, had 8",
        "look further",
        "Days are seconds here",
    ):
        assert words in told.stdout, words
    command = re.search(r"gongkai (--config \S+ search \S+)|crawler (--config \S+ search \S+)", told.stdout)
    assert command is not None
    assert gongkai(*(command[1] or command[2]).split()).returncode == 0
    assert gongkai("demo", "--folder", str(tmp_path / "demo")).returncode == 2


def test_nothing_from_a_page_reaches_the_terminal_unescaped_and_widths_are_counted() -> None:
    assert safe("a\x1b[31mb\u202ec\x07") == "a\ufffd[31mb\ufffdc\ufffd"
    assert fit("中文ab", 8) == "中文ab  "
    assert fit("中文中文", 5) == "中文…"
