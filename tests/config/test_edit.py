"""Turning a source on or off changes one word of its file, and nothing else."""

import tomllib
from pathlib import Path

import pytest

from crawler.config.edit import turn, turned
from crawler.errors import ConfigError

HEAD = 'title = "甲"   # the column\nstart = [\n  "http://a.test/",  # first\n  "http://b.test/",\n]  # lists\n'
FILES = {
    "on, with a comment": f"# top\n{HEAD}enabled = false  # never tried\nregion = '210200'\n[list]\nrows = 'li'\n",
    "left out": f"{HEAD}\n[list]\nrows = 'li'\n",
    "left out, nothing behind": 'title = "甲"\nstart = "http://a.test/"',
    "left out, starts as tables": 'title = "甲"\n\n[[start]]\nurl = "http://a.test/"\n\n[expect]\nrows = 1\n',
    "before everything": 'enabled=false\ntitle = "甲"\nstart = "http://a.test/"\n',
    "the word stands elsewhere too": 'title = "enabled = false"\nstart = "http://a.test/"\nenabled   =   false\n[expect]\nrows = 1\n',
    "quoted key": 'title = "甲"\nstart = "http://a.test/"\n"enabled" = false\n',
    "lines end in two bytes": 'title = "甲"\r\nstart = "http://a.test/"\r\n\r\n[list]\r\nrows = "li"\r\n',
    "pages": 'title = """\n甲\n"""\npages = ["http://a.test/1"]\n[schedule]\nlists = "0 8 * * *"\n',
}


@pytest.mark.parametrize("name", FILES)
def test_only_the_word_is_written_and_turning_back_gives_the_same_file(name: str) -> None:
    before = FILES[name]
    after = turned(before, on=True)
    assert tomllib.loads(after) == {**tomllib.loads(before), "enabled": True}
    kept = [line for line in before.splitlines() if "enabled" not in line or line.startswith("title")]
    assert [line for line in after.splitlines() if line in kept] == kept
    assert after.count("\r\n") == after.count("\n") or "\r\n" not in before
    assert turned(after, on=True) == after
    back = turned(after, on=False)
    assert back == before if "enabled" in tomllib.loads(before) else tomllib.loads(back)["enabled"] is False


def test_a_link_stays_one_and_rights_stay_as_they_were(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "a.toml"
    real.write_text(FILES["left out"], "utf-8")
    real.chmod(0o640)
    link.symlink_to(real)
    assert turn(link, on=True)
    assert not turn(link, on=True)
    assert link.is_symlink()
    assert "enabled = true" in real.read_text("utf-8")
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.toml", "real.toml"]


@pytest.mark.parametrize("text", ['title = "x', 'title = "x"\nenabled = "yes"\n'])
def test_what_is_no_file_of_a_source_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"a\.toml"):
        turn(file, on=True)
    assert file.read_text("utf-8") == text
