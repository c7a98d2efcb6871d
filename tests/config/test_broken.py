"""A source's file that is wrong stops that source and nobody else."""

import json
import shutil
from pathlib import Path

import pytest

from crawler.cli.main import run
from crawler.config.choose import chosen
from crawler.config.load import load, survey
from crawler.errors import ConfigError

GOOD = 'title = "甲"\nstart = "http://{}.test/"\nenabled = true\n'
WRONG = {
    "half": b'title = "x"\nstart = [',
    "keys": b'title = "x"\nstart = "http://x.test/"\n[list]\nrow = "li"\n',
    "bytes": b"title = '\xff'",
    "nothing": b"",
    "deep": b"title = " + b"[" * 50_000,
    "certificates": b'title = "x"\nstart = "http://x.test/"\n[tls]\ncertificates = "none.pem"\n',
    "hurried": b'title = "x"\nstart = "http://x.test/"\n[politeness]\ndelay = "1ms"\n',
    "selector": b'title = "x"\nstart = "http://x.test/"\n[list]\nrows = "li["\n',
    "Upper": GOOD.format("u").encode(),
}


def write(folder: Path) -> Path:
    """Two right files and all wrong ones."""
    sources = folder / "config" / "sources"
    sources.mkdir(parents=True)
    for name in ("a", "b"):
        (sources / f"{name}.toml").write_text(GOOD.format(name), "utf-8")
    for name, data in WRONG.items():
        (sources / f"{name}.toml").write_bytes(data)
    (sources / "folder.toml").mkdir()
    path = folder / "config" / "gongkai.toml"
    path.write_text('[operator]\nname = "测试"\ncontact = "mailto:a@example.org"\n', "utf-8")
    return path


def test_every_kind_of_wrong_file_is_named_and_the_others_are_used(tmp_path: Path) -> None:
    config = survey(write(tmp_path))
    assert set(config.sources) == {"a", "b"}
    assert set(config.broken) == {*WRONG, "folder"}
    for name, problems in config.broken.items():
        assert all(f"{name}.toml:" in problem for problem in problems)
    assert [source.id for source in chosen(config, ())] == ["a", "b"]
    with pytest.raises(ConfigError, match=r"half\.toml"):
        chosen(config, ["half"])
    with pytest.raises(ConfigError, match=r"keys\.toml"):
        load(config.path)


def test_wrong_settings_are_wrong_for_everybody(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text('[operator]\nname = "测试"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"operator\.contact"):
        survey(path)


def test_check_names_them_with_their_places_and_other_commands_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(write(tmp_path))
    assert run(["--config", path, "sources", "check"]) == 2
    told = capsys.readouterr().err
    assert "2 source files are right, 10 cannot be used" in told
    assert 'keys.toml:4:1: list.row: unknown key; did you mean "rows"?' in told
    assert run(["--config", path, "sources", "list", "--json"]) == 0
    shown = capsys.readouterr()
    assert [json.loads(line)["id"] for line in shown.out.splitlines()] == ["a", "b"]


def test_sources_are_turned_on_by_region_and_tag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path)
    places = {"p": ("210000", "['fin']"), "c": ("210200", "['fin', 'old']"), "d": ("210283", "[]"), "o": ("310000", "['fin']")}
    for name, (region, tags) in places.items():
        file = path.parent / "sources" / f"{name}.toml"
        file.write_text(f'title = "乙"\nstart = "http://{name}.test/"\nregion = "{region}"\ntags = {tags}\n', "utf-8")

    def on() -> set[str]:
        return {source.id for source in survey(path).sources.values() if source.enabled} - {"a", "b"}

    command = ["--config", str(path), "sources"]
    assert run([*command, "enable", "--region", "2102"]) == 0
    assert on() == {"c", "d"}
    assert run([*command, "enable", "--region", "210000", "--tag", "fin"]) == 0
    assert on() == {"c", "d", "p"}
    assert run([*command, "disable", "d", "--tag", "old"]) == 0
    assert on() == {"p"}
    assert "2 disabled" in capsys.readouterr().err
    assert run([*command, "enable"]) == 2
    assert run([*command, "enable", "--tag", "nobody"]) == 2
    assert run([*command, "enable", "half"]) == 2
    assert on() == {"p"}


def test_a_folder_that_cannot_be_listed_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    path = write(tmp_path)
    shutil.rmtree(path.parent / "sources")
    assert survey(path).sources == {}
    (path.parent / "sources").write_text("no folder", "utf-8")
    with pytest.raises(ConfigError, match="sources:1:1: cannot be listed"):
        survey(path)
