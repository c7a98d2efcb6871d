"""Nothing serves what is withheld: every command, every address of the console, every export, every view is walked and none has a word of it."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from crawler.archive import withheld as file
from crawler.cli.main import run
from crawler.console.app import create
from crawler.console.server import opened
from crawler.errors import ArchiveError
from crawler.model import ChangeKind
from crawler.pipeline.withhold import Act, act
from crawler.repository import outbox, views
from crawler.repository.database import Database
from crawler.repository.outbox import Hears
from tests.tools.answering import answering
from tests.tools.walk_commands import FOREVER, commands

Home = Any  # the fixture's class lives in conftest, which tests do not import

REASON, UNDONE = "asked for by who is named in it", "the court found otherwise"
TOKEN = "a-token-that-nobody-guesses"
LIVE = {
    "demo",
    "init",
    "probe",
    "try",
    "fetch",
    "parse",
    "crawl",
    "reindex",
    *FOREVER,
}  # they show what they fetch or are given now
SQL = (
    "SELECT d.public_id, u.url, w.public_id, d.source FROM documents d JOIN urls u ON u.id = d.url JOIN works w ON w.id = d.work"
)


@dataclass(frozen=True)
class Hidden:
    """What is withheld, its words that stand in no other record, and the captures in which they stand."""

    home: Home
    id: str
    url: str
    work: str
    source: str
    words: tuple[str, ...]
    captures: tuple[str, ...]
    lists: tuple[str, ...]

    def command(self, *arguments: object) -> int:
        """The exit code of a command."""
        return run(["--config", str(self.home.path), *map(str, arguments)])

    def are_in(self, text: str) -> list[str]:
        """Those of its words that a text has."""
        return [word for word in self.words if word in text]


@dataclass
class Walked:
    """Surfaces, and the words that were found there."""

    seen: int = 0
    told: dict[str, list[str]] = field(default_factory=dict)

    def look(self, hidden: Hidden, where: str, text: str) -> None:
        """Note what a surface has of it."""
        self.seen += 1
        if found := hidden.are_in(text):
            self.told[where] = found


def _chosen(home: Home) -> Hidden:
    """A notice that was edited, with words of each version that nobody else has."""
    records = home.export()
    bodies = {item["id"]: "".join((item["title"], *item["body"])) for item in records}
    edited = {row[0] for row in home.sql("SELECT d.public_id FROM documents d JOIN versions v ON v.document = d.id AND v.n = 2")}
    listed = {row[0]: row[1:] for row in home.sql(SQL)}
    for item in records:
        words = [item["title"], *(text[:24] for text in item["body"])]
        own = [word for word in words if len(word) > 8 and sum(word in body for body in bodies.values()) == 1]
        if item["id"] in edited and item["title"] in own and len(own) > 2:
            url, work, source = listed[item["id"]]
            at = home.sql(f"SELECT c.public_id FROM captures c JOIN urls u ON u.id = c.url WHERE u.url = '{url}'")
            lists = home.sql("SELECT c.public_id FROM captures c JOIN urls u ON u.id = c.url WHERE u.kind = 'list'")
            return Hidden(home, item["id"], url, work, source, tuple(own), tuple(r[0] for r in at), tuple(r[0] for r in lists))
    raise AssertionError("no such notice")


@pytest.fixture
def shown(crawled: Home) -> Hidden:
    """It, before it is withheld."""
    return _chosen(crawled)


@pytest.fixture
def hidden(shown: Hidden) -> Hidden:
    """It, withheld."""
    assert shown.command("withhold", shown.id, "--reason", REASON) == 0
    return shown


# ------------------------------------------------------------------ every surface
def _command_lines(hidden: Hidden, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Every command of the command line, those that take an id with everything that may mean the document."""
    names = [hidden.id, hidden.id[:6], f"{hidden.id}.1", hidden.url, *hidden.captures]
    for command in commands({"id": "{ID}", "url": hidden.url, "page": "x", "folder": str(folder)}):
        if command.words[0] in LIVE or command.words[0] == "withhold":
            continue
        for name in names if "{ID}" in command.arguments else [""]:
            arguments = [argument.replace("{ID}", name) for argument in command.arguments]
            yield f"{command.name} {name}", [*command.words, *arguments]
    for name in hidden.lists:
        yield f"extract {name}", ["extract", name]
    for word in hidden.words:
        yield f"search {word}", ["search", f'"{word}"', "--json"]
    yield "search", ["search", "is:here OR is:gone OR is:missing", "--json", "--limit", "1000"]
    yield "then", ["search", "is:here OR is:gone OR is:missing", "--json", "--as-of", "2100-01-01"]
    yield "changes", ["changes", "--json"]
    for view in views.NAMES:
        yield view, ["sql", f"SELECT * FROM {view}", "--limit", "100000"]


def test_no_command_says_a_word_of_it(hidden: Hidden, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    walked = Walked()
    for number, (where, arguments) in enumerate(_command_lines(hidden, tmp_path / "made")):
        code = hidden.command(*arguments)
        said = capfd.readouterr()
        assert code in (0, 1, 2), (where, code, said.err)
        walked.look(hidden, where, _without(said.out + said.err, arguments))
        if number % 8 == 0 and arguments[-1] == hidden.id:
            assert REASON in said.out + said.err, where
    assert walked.told == {}
    assert walked.seen > 40


def _without(said: str, arguments: list[str]) -> str:
    """What was said besides what was typed."""
    for argument in arguments:
        said = said.replace(argument, "").replace(argument.strip('"'), "")
    return said


def _addresses(app: Any, hidden: Hidden) -> Iterator[str]:
    """Every address of the console that can be asked, with everything that may mean the document, and each capture that may show it."""
    names = [hidden.id, quote(hidden.url, safe=""), *hidden.captures, *hidden.lists, hidden.work, hidden.source]
    others = {"number": ["1", "2"], "span": ["1..2"], "form": ["atom", "json"], "_": [hidden.url]}
    for route in _routes(app):
        if route.include_in_schema and route.path != "/search":
            continue  # the description has them, with their prefix
        path = re.sub(r"\{(\w+):path\}", r"{\1}", route.path)
        if "GET" not in (route.methods or ()) or "stream" in path:
            continue
        made = [path]
        for name in re.findall(r"\{(\w+)\}", path):
            made = [one.replace(f"{{{name}}}", value) for one in made for value in others.get(name, names)]
        yield from made
    for word in hidden.words:
        yield from (
            f"{path}?q=%22{word}%22" for path in ("/search", "/api/v1/records", "/feeds/search.atom", "/feeds/search.json")
        )
    yield from (
        "/api/v1/records?limit=200",
        "/api/v1/records?as_of=2100-01-01&limit=200",
        "/api/v1/changes?limit=200",
        "/changes?before=9999",
    )
    for name in (*hidden.captures, *hidden.lists):
        yield f"/api/v1/captures/{name}/payload?as=response"


def _routes(app: Any) -> Iterator[Any]:
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _routes(inner)
        elif hasattr(route, "methods"):
            yield route


def test_no_address_of_the_console_says_a_word_of_it(hidden: Hidden) -> None:
    walked, refused = Walked(), set()
    config = hidden.home.config
    config = replace(config, serve=replace(config.serve, requests_per_minute=0))
    with opened(config, TOKEN) as door, answering(guarded := create(door)) as base:
        app: Any = guarded.app
        published = {
            path.replace("{name}", name)
            for path, ways in app.openapi()["paths"].items()
            for name in (hidden.id, quote(hidden.url, safe=""), hidden.work, hidden.source, *hidden.captures, *hidden.lists)
            if "get" in ways
        }
        with httpx.Client(base_url=base, timeout=60, trust_env=False) as client:
            for path in {*_addresses(app, hidden), *published} - {"/api/v1/changes/stream"}:
                answer = client.get(path, headers={"Accept": "text/html, */*"})
                assert answer.status_code < 500 or path.startswith("/readyz"), (path, answer.text)
                typed = _without(answer.text, [hidden.url, httpx.URL(path).params.get("q", "").strip('"') or "\0"])
                walked.look(hidden, path, typed)
                if answer.status_code == 410:
                    refused.add(path)
                    assert REASON in answer.text or "may show its title" in answer.text, path
    assert walked.told == {}
    assert walked.seen > 60
    for path in (f"/d/{hidden.id}", f"/d/{hidden.id}/v/1", f"/d/{hidden.id}/cite", f"/api/v1/records/{hidden.id}/history"):
        assert path in refused
    for name in hidden.captures:
        assert {f"/c/{name}", f"/c/{name}/page", f"/api/v1/captures/{name}", f"/api/v1/captures/{name}/payload"} <= refused
    assert {f"/timegate/{hidden.url}", f"/timemap/link/{hidden.url}"} <= refused


def _texts(path: Path) -> Iterator[str]:
    """Everything that a file says, however it is packed."""
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.is_file():
                yield from _texts(inner)
        return
    yield from _unpacked(path.name, path.read_bytes())


def _unpacked(name: str, data: bytes) -> Iterator[str]:
    if name.endswith(".parquet"):
        yield json.dumps(
            pytest.importorskip("pyarrow.parquet").read_table(io.BytesIO(data)).to_pylist(), ensure_ascii=False, default=str
        )
    elif data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for inner in packed.namelist():
                yield from _unpacked(inner, packed.read(inner))
    elif data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data).decode("utf-8", "replace")
    else:
        yield data.decode("utf-8", "replace")


FORMS = ("jsonl", "csv", "parquet", "sqlite")


def test_no_export_has_a_word_of_it(hidden: Hidden, tmp_path: Path) -> None:
    walked = Walked()
    orders = [
        ["--as", form, what, "--to", tmp_path / f"{what}.{form}"] for form in FORMS for what in ("", "--versions", "--changes")
    ]
    orders += [[form, "--to", tmp_path / form[2:]] for form in ("--warc", "--pywb", "--bag", "--wacz", "--cdxj")]
    for order in orders:
        assert hidden.command("export", *[one for one in order if one]) in (0, 1), order
        walked.look(hidden, str(order), "\n".join(_texts(Path(str(order[-1])))))
    assert walked.told == {}
    assert walked.seen == len(FORMS) * 3 + 5


def test_the_walk_finds_it_where_it_is_shown(shown: Hidden, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What would be found if nothing were withheld: the walks above are not blind."""
    walked = Walked()
    for arguments in (
        ["show", shown.id],
        ["extract", shown.captures[0]],
        ["search", "is:here OR is:gone OR is:missing", "--json", "--limit", "1000"],
        ["changes"],
    ):
        assert shown.command(*arguments) == 0
        walked.look(shown, arguments[0], capfd.readouterr().out)
    for form in ("--warc", "--wacz"):
        assert shown.command("export", form, "--to", tmp_path / form) == 0
        walked.look(shown, form, "\n".join(_texts(tmp_path / form)))
    assert set(walked.told) == {"show", "extract", "search", "changes", "--warc", "--wacz"}


# ------------------------------------------------------------------ what is done, and undone
def test_it_is_shown_again_with_all_that_happened_meanwhile(hidden: Hidden, capfd: pytest.CaptureFixture[str]) -> None:
    before = hidden.home.sql("SELECT count(*) FROM changes")
    assert hidden.command("withhold", hidden.url, "--reason", REASON) == 0
    assert "already" in capfd.readouterr().out
    assert hidden.home.sql("SELECT count(*) FROM changes") == before
    assert hidden.command("show", hidden.id) == 2
    assert hidden.command("withhold", hidden.id, "--undo", "--reason", UNDONE) == 0
    capfd.readouterr()
    assert hidden.command("show", hidden.id) == 0
    assert hidden.are_in(capfd.readouterr().out)
    assert hidden.command("search", f'"{hidden.words[0]}"', "--json") == 0
    assert hidden.id in capfd.readouterr().out
    assert hidden.command("changes", "--json", "--kind", "restored") == 0
    (line,) = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (line["document"], line["detail"]["reason"]) == (hidden.id, UNDONE)
    assert line["detail"]["who"]
    lines = [json.loads(line) for line in (hidden.home.config.storage.archive / file.NAME).read_text().splitlines()]
    assert [(line["act"], line["document"], line["reason"]) for line in lines] == [
        ("withheld", hidden.id, REASON),
        ("restored", hidden.id, UNDONE),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["withhold", "ID"], "a reason is needed"),
        (["withhold", "ID", "--reason", " \n "], "a reason is needed"),
        (["withhold", "ID", "--reason", "x" * 501], "say it in 500"),
        (["withhold", "ID.1", "--reason", "x"], "withheld whole"),
        (["withhold", "zzzz", "--reason", "x"], "no document"),
        (["withhold", "--undo"], "which document"),
    ],
)
def test_what_cannot_be_withheld_is_wrong_usage(
    shown: Hidden, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert shown.command(*[argument.replace("ID", shown.id) for argument in arguments]) == 2
    assert said in capfd.readouterr().err
    assert not (shown.home.config.storage.archive / file.NAME).exists()


def test_the_api_withholds_with_the_token_alone_and_the_act_is_noted(shown: Hidden) -> None:
    path, bearer = f"/api/v1/records/{shown.id}", {"Authorization": f"Bearer {TOKEN}"}
    with (
        opened(shown.home.config, TOKEN) as door,
        answering(create(door)) as base,
        httpx.Client(base_url=base, trust_env=False) as client,
    ):
        assert client.post(f"{path}/withhold", json={"reason": REASON}).status_code == 401
        assert client.post(f"{path}/withhold", json={"reason": ""}, headers=bearer).status_code == 422
        assert client.post(f"{path}/withhold", json={"reason": REASON}, headers=bearer).json()["done"]
        assert not client.post(f"{path}/withhold", json={"reason": REASON}, headers=bearer).json()["done"]
        answer = client.get(path)
        assert (answer.status_code, answer.json()["reason"], answer.json()["document"]) == (410, REASON, shown.id)
        assert client.post(f"{path}/restore", json={"reason": UNDONE}, headers=bearer).json()["done"]
        assert client.get(path).status_code == 200
    assert [row[0] for row in shown.home.sql("SELECT what FROM acts ORDER BY id")] == ["withhold", "withhold", "restore"]


def test_nobody_is_told_of_it_and_what_waited_is_not_sent(shown: Hidden) -> None:
    channel = {"mail": Hears(frozenset({"new", "edit", "gone", "withheld"}))}
    database, folder = Database(shown.home.config.storage.database), shown.home.config.storage.archive
    try:
        with database.write() as c:
            outbox.enqueue(c, channel, 0)
            c.exec_driver_sql("UPDATE channels SET seq = 0")
        with database.write() as c:
            assert outbox.enqueue(c, channel, 0) > 10
        assert act(database, folder, Act(ChangeKind.WITHHELD, shown.id, REASON, "who", 1))
        with database.write() as c:
            assert outbox.enqueue(c, channel, 0) == 1  # the tombstone
            sent = outbox.claim(c, "mail", 2**50, 2**51)
        about = [due.change for due in sent if due.change.document == shown.id]
        assert [(line.kind, line.title, line.detail["reason"]) for line in about] == [("withheld", None, REASON)]
        with database.write() as c:
            c.exec_driver_sql("DELETE FROM outbox")
            c.exec_driver_sql("UPDATE channels SET seq = 0")
            outbox.enqueue(c, channel, 0)
            fresh = outbox.claim(c, "mail", 2**50, 2**51)
        assert [line.change.kind for line in fresh if line.change.document == shown.id] == ["withheld"]
    finally:
        database.close()


# ------------------------------------------------------------------ the file
def _cut(data: bytes) -> bytes:
    return data[: data.index(b"\n") + 1]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a word changed": lambda data: data.replace(REASON.encode(), b"nothing at all", 1),
    "a line left out": lambda data: data.partition(b"\n")[2],
    "two lines exchanged": lambda data: b"\n".join(data.split(b"\n")[1::-1]) + b"\n",
    "a blank": lambda data: data.replace(b'": ', b'":  ', 1),
    "no JSON": lambda data: b"x" + data,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_was_changed_is_damage_and_no_rebuild_goes_on_from_it(
    hidden: Hidden, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    path = hidden.home.config.storage.archive / file.NAME
    assert hidden.command("withhold", hidden.id, "--undo", "--reason", UNDONE) == 0
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(ArchiveError, match="not what was written"):
        file.read(path.parent)
    assert hidden.command("audit") == 1
    assert file.NAME in capfd.readouterr().out
    Path(hidden.home.config.storage.database.removeprefix("sqlite:///")).unlink()
    assert hidden.command("reindex") == 3


def test_file_and_database_take_from_each_other_what_one_of_them_lacks(hidden: Hidden, capfd: pytest.CaptureFixture[str]) -> None:
    path = hidden.home.config.storage.archive / file.NAME
    assert hidden.command("audit") == 0
    whole = path.read_bytes()
    path.write_bytes(b"")  # the file was lost: the database has its lines
    assert hidden.command("audit") == 1
    assert hidden.command("withhold", hidden.id, "--undo", "--reason", UNDONE) == 0
    assert path.read_bytes().startswith(whole)
    database = Database(hidden.home.config.storage.database)
    with database.write() as c:  # an older copy of the database was put back
        c.exec_driver_sql("DELETE FROM withholdings WHERE line = 2")
        c.exec_driver_sql("UPDATE documents SET withheld = 'x' WHERE withheld IS NULL AND public_id = '" + hidden.id + "'")
    database.close()
    assert hidden.command("audit") == 1
    path.write_bytes(path.read_bytes() + b'{"line": 3')  # a crash in the middle of a line
    with opened(hidden.home.config, TOKEN):
        assert hidden.home.sql("SELECT count(*) FROM withholdings") == [(2,)]
    assert hidden.command("show", hidden.id) == 0
    capfd.readouterr()
    assert hidden.command("audit") == 0


def test_a_backup_withholds_what_the_archive_does(hidden: Hidden, tmp_path: Path) -> None:
    assert hidden.command("backup", tmp_path / "copy") == 0
    config = tmp_path / "copy" / "config" / "gongkai.toml"
    assert (tmp_path / "copy" / "data" / "warc" / file.NAME).read_bytes() == (
        hidden.home.config.storage.archive / file.NAME
    ).read_bytes()
    assert run(["--config", str(config), "show", hidden.id]) == 2


def _exported(hidden: Hidden, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    for what in ("records", "versions", "changes"):
        assert hidden.command("export", *([] if what == "records" else [f"--{what}"]), "--to", folder / f"{what}.jsonl") in (0, 1)
    return {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}


def test_a_rebuilt_database_gives_the_same_export_byte_for_byte(shown: Hidden, tmp_path: Path) -> None:
    """After edits, take-downs, one document withheld and another withheld and given back."""
    other = next(item["id"] for item in shown.home.export() if item["id"] != shown.id)
    for arguments in ((shown.id,), (other,), (other, "--undo")):
        assert shown.command("withhold", *arguments, "--reason", REASON) == 0
    before = _exported(shown, tmp_path / "before")
    database = Path(shown.home.config.storage.database.removeprefix("sqlite:///"))
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    assert shown.command("reindex") == 0
    after = _exported(shown, tmp_path / "after")
    assert after["records.jsonl"] == before["records.jsonl"]
    assert after["versions.jsonl"] == before["versions.jsonl"]
    assert sorted(_lines(after["changes.jsonl"])) == sorted(_lines(before["changes.jsonl"]))
    assert not shown.are_in(json.dumps([text.decode() for text in after.values()], ensure_ascii=False))


def _lines(data: bytes) -> Iterator[str]:
    """The lines of the ledger that a rebuild tells, without their numbers: what health was judged to be it cannot know."""
    for line in data.splitlines():
        yield json.dumps({name: value for name, value in json.loads(line).items() if name != "seq"}, ensure_ascii=False)
