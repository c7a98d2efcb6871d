"""The wheel in an environment of its own, without the source tree: built, listed, installed, and used as a new user does.

    python -m tests.tools.try_wheel [--folder DIR]

Building and installing ask the package index. What is tried: every file of the package and every shipped column is in the wheel; `init`
writes the columns, `sources check` reads them, `demo` tells its story, `search` finds it, `serve` answers with pages, style sheet and API.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {"": b"<html", "api/v1/records": b"items", "s": b"<html"}
STYLE = re.compile(rb'href="/(static/[^"]+\.css)"')


def expected(root: Path = ROOT) -> set[str]:
    """What must be in it, as pyproject.toml says: the files of the package that git knows, and what is put beside them."""
    wheel = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    names = set()
    for held, inside in [*((name, name) for name in wheel["packages"]), *wheel["force-include"].items()]:
        listed = subprocess.run(["git", "ls-files", "-z", held], cwd=root, capture_output=True, text=True, check=True).stdout
        names |= {inside + name.removeprefix(held) for name in listed.split("\0") if name}
    return names


def built(folder: Path) -> Path:
    """The wheel."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    (made,) = folder.glob("gongkai-*.whl")
    return made


def missing(wheel: Path) -> set[str]:
    """What is not in it."""
    with zipfile.ZipFile(wheel) as opened:
        return expected() - set(opened.namelist())


def installed(wheel: Path, folder: Path) -> Path:
    """The program, installed with what it needs."""
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", str(wheel)], check=True)
    return folder / "bin" / "gongkai"


def use(program: Path, folder: Path) -> Iterator[str]:
    """What was done, step by step. Raises CalledProcessError or AssertionError."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def told(*words: str) -> str:
        done = subprocess.run([program, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    yield told("init", "--name", "Example Archive", "--contact", "mailto:a@example.org").strip()
    columns = {path.name for path in (folder / "config" / "sources").iterdir()}
    assert columns == {Path(name).name for name in expected() if "/columns/" in name}
    yield told("sources", "check").strip()
    yield told("demo", "--folder", "demo").strip().splitlines()[2]
    yield told("--lang", "zh", "--config", "demo/config/gongkai.toml", "search", "社区食堂").strip().splitlines()[0]
    command = [str(program), "--config", "demo/config/gongkai.toml", "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as console:
        try:
            assert console.stderr is not None
            url = console.stderr.readline().split()[0]
            for page, holds in PAGES.items():
                assert holds in _read(url + page), page
            style = STYLE.search(_read(url))
            assert style is not None
            assert b"{" in _read(url + style[1].decode())
            yield f"{url} answers with {len(PAGES)} pages and its style sheet"
        finally:
            console.terminate()
            console.wait(20)


def _read(url: str) -> bytes:
    """What a page of the console holds. Raises HTTPError when it is not well."""
    with urllib.request.urlopen(url) as answer:
        body: bytes = answer.read()
    return body


def main() -> int:
    """Build it and try it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    with tempfile.TemporaryDirectory(dir=parser.parse_args().folder) as name:
        folder = Path(name)
        wheel = built(folder)
        if lost := missing(wheel):
            print("not in the wheel:", *sorted(lost))
            return 1
        print(f"{wheel.name}: {len(expected())} files of the package, {wheel.stat().st_size} bytes")
        (folder / "used").mkdir()
        for step in use(installed(wheel, folder / "venv"), folder / "used"):
            print(step)
    return 0


if __name__ == "__main__":
    sys.exit(main())
