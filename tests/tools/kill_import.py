"""Kills imports, and reparses that apply, at chance moments, goes on, and compares with what nobody killed.

    python -m tests.tools.kill_import --kills 20 --seed 7

Each round: an empty archive, the same files, SIGKILL after a random part of the time that a whole import takes, again until it ends by
itself, then the same for `reparse --apply` under another rule. In the end records, ledger (by kind, time and address), looks and a sound
audit must be those of the undisturbed archive, and the database that `reindex` makes of the files must say the same.
"""

import argparse
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.pipeline import others
from tests.pipeline.others import FIRST, LATER, SITE, Answer, http, record

SETTINGS = '[operator]\nname = "Test"\ncontact = "mailto:test@example.org"\n'
SOURCE = 'title = "column"\nstart = ["http://www.yunxi.example/zwgk/list.html"]\n'
RULE = '[detail]\nbody = ".TRS_Editor p:first-child"\n'
NOTICES = 60
QUERIES = (
    "SELECT c.kind, c.at, u.url FROM changes c JOIN documents d ON d.id = c.document JOIN urls u ON u.id = d.url ORDER BY 1, 2, 3",
    "SELECT record, at, outcome FROM looks ORDER BY 1",
    "SELECT public_id, presence, first_seen, last_seen FROM documents ORDER BY 1",
    "SELECT d.public_id, v.n, v.text_digest FROM versions v JOIN documents d ON d.id = v.document ORDER BY d.public_id, v.id",
)


def write_files(folder: Path) -> list[Path]:
    """Two crawls: in the second every third notice is edited, every third gone."""
    paths = []
    for day, name in ((FIRST, "first.warc.gz"), (LATER, "later.warc.gz")):
        made = [others.info(f"software: other/1.0\n# {name}\n")]
        for number in range(NOTICES):
            edited = day == LATER and number % 3 == 0
            body = others.notice("a", edited=edited).replace("长椅".encode(), f"第{number}把长椅".encode())
            status = 404 if day == LATER and number % 3 == 1 else 200
            answer = Answer(
                f"{day[:-1]}{number % 60:02}Z"[:17] + f"{number % 60:02}Z", f"{SITE}/zwgk/{number}.html", body, status
            )
            made.append(
                record("response", answer.url, answer.at, http(answer), ("Content-Type", "application/http; msgtype=response"))
            )
        (folder / name).write_bytes(others.packed(made))
        paths.append(folder / name)
    return paths


def write_home(folder: Path) -> Path:
    """An empty archive."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "config" / "sources").mkdir(parents=True)
    (folder / "config" / "gongkai.toml").write_text(SETTINGS, "utf-8")
    (folder / "config" / "sources" / "column.toml").write_text(SOURCE, "utf-8")
    return folder / "config" / "gongkai.toml"


def started(config: Path, *words: object) -> "subprocess.Popen[bytes]":
    """The command, in a group of its own."""
    command = [sys.executable, "-m", "crawler.cli", "--config", str(config), "-q", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def through(config: Path, *words: object) -> float:
    """Run it to its end; how long it took. Raises RuntimeError when it does not end well."""
    began = time.monotonic()
    process = started(config, *words)
    said = process.communicate()[1]
    if process.returncode:
        raise RuntimeError(f"{words[0]} ended with {process.returncode}: {said.decode('utf-8', 'replace')[-500:]}")
    return time.monotonic() - began


def killed(config: Path, seconds: float, *words: object) -> bool:
    """Run it and kill it after so long; False when it had ended before."""
    process = started(config, *words)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    return False


def state(folder: Path) -> list[Any]:
    """What the database says."""
    c = sqlite3.connect(folder / "data" / "gongkai.db")
    try:
        return [c.execute(query).fetchall() for query in QUERIES]
    finally:
        c.close()


def walk(folder: Path, paths: list[Path], chance: random.Random | None, spans: tuple[float, float]) -> tuple[list[Any], int]:
    """Import, then reparse under another rule, killed by chance; the state in the end, and how often it was killed."""
    config, kills = write_home(folder), 0
    for words, span in ((("import", *paths), spans[0]), (("reparse", "--apply"), spans[1])):
        while chance is not None and killed(config, chance.uniform(0.3, 1.1) * span, *words):
            kills += 1
        through(config, *words)
        if words[0] == "import":
            (config.parent / "sources" / "column.toml").write_text(SOURCE + RULE, "utf-8")
    through(config, "audit")
    return state(folder), kills


def main() -> int:
    """Walk until there were so many kills; 0 when every archive is the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder, chance = Path(made), random.Random(asked.seed)
        paths = write_files(folder)
        config = write_home(folder / "whole")
        spans = (through(config, "import", *paths), 0.0)
        (config.parent / "sources" / "column.toml").write_text(SOURCE + RULE, "utf-8")
        spans = (spans[0], through(config, "reparse", "--apply"))
        whole, kills, wrong, rounds = state(folder / "whole"), 0, 0, 0
        while kills < asked.kills:
            found, more = walk(folder / "killed", paths, chance, spans)
            kills, rounds = kills + more, rounds + 1
            wrong += found != whole
        (folder / "killed" / "data" / "gongkai.db").unlink()
        for beside in (folder / "killed" / "data").glob("gongkai.db-*"):
            beside.unlink()
        through(folder / "killed" / "config" / "gongkai.toml", "reindex")
        ids = [[row[:2] for row in one[2]] for one in (state(folder / "killed"), whole)]
        wrong += ids[0] != ids[1]
    print(json.dumps({"seed": asked.seed, "kills": kills, "rounds": rounds, "looks": len(whole[1]), "wrong": wrong}))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
