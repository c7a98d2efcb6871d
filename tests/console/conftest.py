"""The demo's archive after its story (edited, taken down, silent), crawled once, and a console that answers for it on loopback."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from crawler.config.load import load
from crawler.config.values import Config
from crawler.console.app import create
from crawler.console.door import Door
from crawler.console.server import opened
from tests.tools.answering import answering
from tests.tools.called import said

TOKEN = "a-token-that-nobody-guesses"


@dataclass(frozen=True)
class Console:
    """A console that answers."""

    url: str
    door: Door

    def client(self, **options: Any) -> httpx.Client:
        """A client of it."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False, **options)


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The demo's archive, its story told to the end."""
    folder = tmp_path_factory.mktemp("told")
    done = said(["demo", "--folder", str(folder)])
    assert done.returncode == 0, done.stderr[-2000:]
    return load(folder / "config" / "gongkai.toml")


@pytest.fixture(scope="session")
def console(told: Config) -> Iterator[Console]:
    """A console over the archive, with a token. All tests of a process ask it, so nobody's requests are counted here."""
    with opened(replace(told, serve=replace(told.serve, requests_per_minute=0)), TOKEN) as door, answering(create(door)) as url:
        yield Console(url, door)


@pytest.fixture
def api(console: Console) -> Iterator[httpx.Client]:
    """A client of the API."""
    with httpx.Client(base_url=f"{console.url}/api/v1", timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def serving() -> Callable[[Any], contextlib.AbstractContextManager[str]]:
    """`with serving(app) as url`."""
    return answering


@pytest.fixture
def folder(told: Config) -> Path:
    """The folder of the archive."""
    return told.root
