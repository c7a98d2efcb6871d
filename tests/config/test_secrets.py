"""A value from the environment, or from a file that the environment names."""

from pathlib import Path

import pytest

from crawler.config.secrets import variable
from crawler.config.storage import database_url
from crawler.errors import UsageError


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GONGKAI_DATABASE", "GONGKAI_DATABASE_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_a_variable_says_it_or_the_file_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert variable("GONGKAI_DATABASE") is None
    monkeypatch.setenv("GONGKAI_DATABASE", "")
    assert variable("GONGKAI_DATABASE") is None
    file = tmp_path / "secret"
    monkeypatch.setenv("GONGKAI_DATABASE_FILE", str(file))
    for written in ("postgresql://u:密@h/d", "postgresql://u:密@h/d\n", "postgresql://u:密@h/d\r\n"):
        file.write_bytes(written.encode())
        assert variable("GONGKAI_DATABASE") == "postgresql://u:密@h/d"
        assert database_url("sqlite:///x.db", tmp_path) == "postgresql://u:密@h/d"
    file.write_text("sqlite:///other.db\n", "utf-8")
    assert database_url("sqlite:///x.db", tmp_path) == f"sqlite:///{tmp_path}/other.db"


@pytest.mark.parametrize("held", [None, b"", b"\n", b"one\ntwo\n", b"\xff\xfe", b"a\x00b", b"x" * 70_000, "folder"])
def test_a_file_that_holds_no_value_is_an_error_that_names_it_and_not_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bytes | str | None
) -> None:
    file = tmp_path / "secret"
    if held == "folder":
        file.mkdir()
    elif isinstance(held, bytes):
        file.write_bytes(held)
    monkeypatch.setenv("GONGKAI_DATABASE_FILE", str(file))
    with pytest.raises(UsageError, match="GONGKAI_DATABASE_FILE") as told:
        variable("GONGKAI_DATABASE")
    assert str(file) in told.value.message
    assert "one" not in told.value.message
    assert told.value.remedy


def test_both_at_once_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GONGKAI_DATABASE", "sqlite:///a.db")
    monkeypatch.setenv("GONGKAI_DATABASE_FILE", str(tmp_path / "secret"))
    with pytest.raises(UsageError, match="both"):
        variable("GONGKAI_DATABASE")
