"""The demo's archive after its story (edited, taken down, silent), crawled once, and a console that answers for it on loopback."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from crawler.config.load import load
from crawler.config.values import Config
from crawler.console.app import create
from crawler.console.door import Door
from crawler.console.server import opened

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
    done = subprocess.run(
        [sys.executable, "-m", "crawler.cli", "demo", "--folder", str(folder)], capture_output=True, text=True, check=False, timeout=110,
        env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return load(folder / "config" / "gongkai.toml")


@contextlib.contextmanager
def answering(app: Any) -> Iterator[str]:
    """The address of a real server of an application."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture(scope="session")
def console(told: Config) -> Iterator[Console]:
    """A console over the archive, with a token."""
    with opened(told, TOKEN) as door, answering(create(door)) as url:
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
