"""A site of a few pages and archives over it: what a trial works on."""

import contextlib
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crawler.demo.site import LANWAN, QINGHE, Site
from tests.crash.nursery import Ended, Nursery
from tests.crash.shim import Act, Arms, Call, entries

SETTINGS = """[operator]
name = "x"
contact = "mailto:a@example.org"
[network]
delay = "0s"
{network}connect = {{ "*" = "127.0.0.1:{port}" }}
[storage]
keep_free = "0MB"
file_size = "6kB"
[watch]
revisit = ["1s", "1d"]
"""
SOURCE = 'title = "{host}"\nstart = ["http://{host}/zwgk/index.html"]\nenabled = true\n'
HOSTS = {"lanwan": (LANWAN, 3), "qinghe": (QINGHE, 2)}
SHM = Path("/dev/shm")


def small_site() -> Site:
    """Five notices on two hosts."""
    site = Site()
    for host, count in HOSTS.values():
        site.notices[host] = site.notices[host][:count]
        site._publish(host)
    return site


def change(site: Site) -> None:
    """An edit, a take-down and a new notice."""
    edited, taken = site.notices[QINGHE][0], site.notices[LANWAN][1]
    site.notices[QINGHE][0] = replace(edited, body=(*edited.body, "本通知自发布之日起施行，有效期五年。"))
    site._publish(QINGHE)
    site.remove(LANWAN, taken.path)
    fresh = replace(
        site.notices[LANWAN][0],
        path="/zwgk/202501/t20250106_3001.html",
        title="蓝湾区关于春节期间垃圾清运的通知",
        published="2025-01-06",
    )
    site.add(LANWAN, fresh)


def write_config(folder: Path, port: int, network: str = "") -> Path:
    """The settings' file of an archive over the site."""
    sources = folder / "config" / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    for name, (host, _) in HOSTS.items():
        (sources / f"{name}.toml").write_text(SOURCE.format(host=host), "utf-8")
    path = folder / "config" / "gongkai.toml"
    path.write_text(SETTINGS.format(port=port, network=network), "utf-8")
    return path


Result = dict[str, Any]


@dataclass
class Lane:
    """One worker's own: a site, a nursery, templates of archives and what undisturbed commands make of them."""

    site: Site
    nursery: Nursery
    folder: Path
    templates: dict[str, Path] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)  # of the trials, found out once
    recordings: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def bare(self) -> "Place":
        """An empty folder to work in."""
        self.count += 1
        folder = self.folder / f"t{self.count}"
        folder.mkdir()
        return Place(self, folder)

    def fresh(self, template: str) -> "Place":
        """A copy of a template to work on."""
        self.count += 1
        folder = self.folder / f"t{self.count}"
        if template == "nothing":
            write_config(folder / "home", self.site.port)
        else:
            shutil.copytree(self.templates[template] / "home", folder / "home")
        return Place(self, folder)


@dataclass
class Place:
    """An archive in a folder."""

    lane: Lane
    folder: Path

    @property
    def home(self) -> Path:
        """What is armed: configuration, database and archive."""
        return self.folder / "home"

    @property
    def data(self) -> Path:
        """Where database and archive are."""
        return self.home / "data"

    @property
    def archive(self) -> Path:
        """Where the WARC files are."""
        return self.data / "warc"

    @property
    def settings(self) -> Path:
        """The settings' file."""
        return self.home / "config" / "gongkai.toml"

    @property
    def log(self) -> Path:
        """Where the shim writes."""
        return self.folder / "log"

    def arms(
        self,
        calls: tuple[Call, ...] = (),
        when: int = 0,
        act: Act = Act.NOTHING,
        error: int = 0,
        *,
        forever: bool = False,
        keeps_bytes: bool = False,
    ) -> Arms:
        """What a command here is armed with."""
        return Arms(str(self.home), str(self.log), calls, when, act, error, forever, keeps_bytes)

    def start(self, *words: str, arms: Arms | None = None, mutant: str = "", hasty: bool = False) -> tuple[int, Path]:
        """Begin the command; its process and where it says something."""
        said = Path(tempfile.mkstemp(dir=self.folder, prefix="said-")[1])
        command = words if words[0].startswith("!") else ("--config", str(self.settings), *words)
        return self.lane.nursery.start(command, said, arms=arms, mutant=mutant, hasty=hasty), said

    def run(self, *words: str, arms: Arms | None = None, mutant: str = "", seconds: float = 180) -> Ended:
        """The command to its end."""
        pid, said = self.start(*words, arms=arms, mutant=mutant)
        return self.lane.nursery.wait(pid, said, seconds)

    def drop(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # -------------------------------------------------------------- the database
    @contextlib.contextmanager
    def rows(self) -> Iterator[sqlite3.Connection]:
        """A copy of the database as it stands, so that looking at it changes nothing."""
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            for name in ("gongkai.db", "gongkai.db-wal", "gongkai.db-journal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy(self.data / name, made)
            with contextlib.closing(sqlite3.connect(Path(made) / "gongkai.db")) as held:
                yield held


def asked(c: sqlite3.Connection, query: str) -> list[tuple[Any, ...]]:
    """Rows; none where the schema is not there yet."""
    try:
        return [tuple(row) for row in c.execute(query)]
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise


def result(c: sqlite3.Connection) -> Result:
    """What an archive says in the end, without what chance and time give names to."""
    return {
        "documents": sorted(
            asked(
                c,
                "SELECT u.url, d.part, d.presence, v.n, v.text_digest, v.title FROM documents d JOIN urls u ON u.id = d.url JOIN versions v ON v.document = d.id",
            )
        ),
        "ledger": sorted(
            Counter(
                asked(
                    c,
                    "SELECT ch.kind, ch.source, u.url FROM changes ch LEFT JOIN documents d ON d.id = ch.document LEFT JOIN urls u ON u.id = d.url",
                )
            ).items(),
            key=str,
        ),
        "listed": sorted(asked(c, "SELECT l.source, u.url, l.title FROM listings l JOIN urls u ON u.id = l.url")),
        "searchable": asked(c, "SELECT count(*) FROM search"),
    }


@contextlib.contextmanager
def lane() -> Iterator[Lane]:
    """A lane with its templates made."""
    made = Path(tempfile.mkdtemp(prefix="gongkai-crash-", dir=SHM if SHM.is_dir() else None))
    try:
        with small_site() as site, Nursery(saved(site, made)) as nursery:
            held = Lane(site, nursery, made)
            prepare(held)
            yield held
    finally:
        shutil.rmtree(made, ignore_errors=True)


def saved(site: Site, folder: Path) -> list[Path]:
    """A list and a notice of each host, as files."""
    found: list[Path] = []
    for (host, path), page in site.pages.items():
        if path.endswith(("index.html", site.notices[host][0].path[-12:])) and site.notices[host]:
            found.append(folder / f"page-{len(found)}.html")
            found[-1].write_bytes(page.body)
    return found


def prepare(held: Lane) -> None:
    """Templates: `crawled`, an archive after one crawl; `torn`, another killed in the middle of a record's bytes, nothing recovered."""
    first = held.fresh("nothing")
    ended = first.run("crawl")
    if ended.code:
        raise RuntimeError(ended.said)
    torn = held.fresh("nothing")
    ended = torn.run("crawl", arms=torn.arms((Call.WRITE,), fourth_write(held), Act.TORN))
    if ended.code != -9:
        raise RuntimeError(f"not torn: {ended}")
    schema = held.fresh("nothing")
    if (ended := schema.run("!write", str(schema.settings), "z", "0", "")).code:
        raise RuntimeError(ended.said)
    change(held.site)
    held.templates = {"crawled": first.folder, "torn": torn.folder, "schema": schema.folder}


def fourth_write(held: Lane) -> int:
    """Which of the writes of a first crawl is the fourth into a WARC file."""
    place = held.fresh("nothing")
    place.run("crawl", arms=place.arms((Call.WRITE,)))
    writes = [entry for entry in entries(place.log) if entry.call is Call.WRITE]
    place.drop()
    return [number for number, entry in enumerate(writes, 1) if ".warc.gz" in entry.path][3]
