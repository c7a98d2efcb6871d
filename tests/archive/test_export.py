"""The way out: what is handed over is read by programs that are not ours, and holds the very bytes."""

import base64
import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from crawler.archive.cdxj import surt
from crawler.archive.notes import signing_key
from crawler.archive.reader import open_page, open_wire
from crawler.archive.recover import walk
from crawler.archive.wacz_key import wacz_key
from crawler.cli.main import run
from crawler.model import Capture
from tests.archive import programs
from tests.archive.programs import shown, timestamp

Home = Any  # the fixture's class lives in conftest, which tests do not import

SURTS = {
    "http://www.a.gov.cn/": "cn,gov,a)/",
    "https://a.gov.cn:443/X/Y.html": "cn,gov,a)/x/y.html",
    "http://a.gov.cn:8080/a": "cn,gov,a:8080)/a",
    "http://a.gov.cn/a/": "cn,gov,a)/a",
    "http://a.gov.cn/a?b=2&a=1": "cn,gov,a)/a?a=1&b=2",
    "http://a.gov.cn/a?": "cn,gov,a)/a",
    "http://a.gov.cn/中.html": "cn,gov,a)/%e4%b8%ad.html",
    "http://a.gov.cn/%D6%D0?x=%2f&d=%25": "cn,gov,a)/%d6%d0?d=%25&x=/",
    "http://1.2.3.4/x": "4,3,2,1)/x",
    "http://a.com/a//b/../c/./d": "com,a)/a/c/d",
    "http://a.com/../x": "com,a)/../x",
    "http://a.com/a/../../b": "com,a)/../b",
    "http://a.com/?jsessionid=0123456789abcdef0123456789abcdef&b=1": "com,a)/?b=1",
    "http://a.com/x?phpsessid=0123456789abcdef0123456789abcdef&y=1": "com,a)/x?y=1",
    "http://a.com/(S(abcdefghijklmnopqrstuvwx))/a.aspx": "com,a)/a.aspx",
    "http://a.com/x?b&a": "com,a)/x?a&b",
    "http://a.com/?q=a+b&&c=": None,
    "http://a.com/x?url=http://b.com/?a=1": None,
    "http://a.com/a|b{c}^\\d": None,
    "http://a.com/a=b,c(d)'e!*~": None,
    "http://中国.cn/x": "cn,xn--fiqs8s)/x",
}


@pytest.mark.parametrize("url", [url for url in SURTS if SURTS[url]])
def test_an_address_has_its_sort_key(url: str) -> None:
    assert surt(url) == SURTS[url]


def test_sort_keys_are_those_that_pywb_makes() -> None:
    script = "import sys, json; from pywb.utils.canonicalize import canonicalize; print(json.dumps([canonicalize(u) for u in json.load(sys.stdin)]))"
    done = programs.run("python", "-c", script, given=json.dumps(list(SURTS)))
    assert [surt(url) for url in SURTS] == json.loads(done.stdout), done.stderr


def captures(folder: Path) -> dict[str, Capture]:
    """Every capture of a folder's files, by record."""
    return {
        look.capture.record_id: look.capture for path in sorted(folder.glob("*.warc.gz")) for look in walk(path) if look.capture
    }


def export(home: Home, *arguments: object) -> int:
    """Run the command."""
    return run(["--config", str(home.path), "export", *map(str, arguments)])


def test_warc_files_of_everything_are_those_of_the_archive_and_tell_an_empty_database_the_same(
    crawled: Home, tmp_path: Path
) -> None:
    before, folder = crawled.export(), crawled.config.storage.archive
    assert export(crawled, "--warc", "--to", tmp_path / "out") == 0
    made = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert made == {path.name: path.read_bytes() for path in folder.glob("*.warc.gz")}
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "out", folder)
    Path(crawled.config.storage.database.removeprefix("sqlite:///")).unlink()
    assert run(["--config", str(crawled.path), "reindex"]) == 0
    assert crawled.export() == before


def test_warc_files_of_a_source_hold_its_looks_and_what_they_refer_to(crawled: Home, tmp_path: Path) -> None:
    assert export(crawled, "--warc", "--source", "lanwan", "--to", tmp_path / "out") == 0
    made, whole = captures(tmp_path / "out"), captures(crawled.config.storage.archive)
    assert 20 < len(made) < len(whole)
    assert {capture.original.record_id for capture in made.values() if capture.original} <= set(made)
    for record, capture in made.items():
        assert open_wire(tmp_path / "out", capture) == open_wire(crawled.config.storage.archive, whole[record])
    looks = {look.look for path in (tmp_path / "out").iterdir() for look in walk(path)}
    assert looks >= {
        record for (record,) in crawled.sql("SELECT l.record FROM looks l JOIN urls u ON u.id = l.url WHERE u.source = 'lanwan'")
    }


def test_a_time_bounds_what_is_handed_over(crawled: Home, tmp_path: Path) -> None:
    assert export(crawled, "--cdxj", "--until", "2001-01-01", "--to", tmp_path / "none.cdxj") == 0
    assert (tmp_path / "none.cdxj").read_text() == ""
    assert export(crawled, "--cdxj", "--since", "1h", "--to", tmp_path / "all.cdxj") == 0
    lines = (tmp_path / "all.cdxj").read_text("utf-8").splitlines()
    assert lines == sorted(lines, key=str.encode)
    assert len(lines) == len(captures(crawled.config.storage.archive))
    said = json.loads(lines[5].split(" ", 2)[2])
    assert set(said) >= {"url", "mime", "digest", "length", "offset", "filename"}


def test_pywb_shows_every_page_of_its_layout_by_our_index(crawled: Home, tmp_path: Path) -> None:
    programs.program("wb-manager")
    assert export(crawled, "--pywb", "--to", tmp_path / "out") == 0
    folder = crawled.config.storage.archive
    whole = captures(folder)
    wanted = [(timestamp(capture.at), capture.url) for capture in whole.values()]
    pages = [
        open_page(folder, capture, whole[capture.original.record_id] if capture.original else None) for capture in whole.values()
    ]
    told = programs.replay(tmp_path / "out", wanted, "gongkai")
    assert [asked for asked, page, now in zip(wanted, pages, told, strict=True) if now != shown(page.status, page.body)] == []


def test_a_wacz_is_valid_and_lists_the_documents(crawled: Home, tmp_path: Path) -> None:
    made = tmp_path / "all.wacz"
    assert export(crawled, "--wacz", "--to", made) == 0
    with zipfile.ZipFile(made) as packed:
        assert packed.testzip() is None
        package = json.loads(packed.read("datapackage.json"))
        assert package["wacz_version"] == "1.1.1"
        assert (
            json.loads(packed.read("datapackage-digest.json"))["hash"]
            == f"sha256:{hashlib.sha256(packed.read('datapackage.json')).hexdigest()}"
        )
        for item in package["resources"]:
            assert item["hash"] == f"sha256:{hashlib.sha256(packed.read(item['path'])).hexdigest()}"
        stored = {entry.filename: entry.compress_type for entry in packed.infolist()}
        assert {kind for name, kind in stored.items() if name.startswith("archive/")} == {zipfile.ZIP_STORED}
        header, *pages = [json.loads(line) for line in packed.read("pages/pages.jsonl").splitlines()]
        indexed = {
            (json.loads(line.split(" ", 2)[2])["url"], line.split(" ", 2)[1])
            for line in packed.read("indexes/index.cdxj").decode().splitlines()
        }
    assert header["format"] == "json-pages-1.0"
    assert len(pages) == len(crawled.export())
    assert {(page["url"], re.sub(r"\D", "", page["ts"])) for page in pages} <= indexed
    done = programs.run("wacz", "validate", "-f", made)
    assert done.returncode == 0, done.stdout
    assert "is valid" in done.stdout


def _signed(folder: Path, crawled: Home) -> dict[str, bytes]:
    """The members of a WACZ file that the archive's key signed."""
    assert run(["--config", str(crawled.path), "checkpoint"]) == 0
    assert export(crawled, "--wacz", "--to", folder / "signed.wacz") == 0
    with zipfile.ZipFile(folder / "signed.wacz") as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _faults(members: dict[str, bytes], public: str) -> list[str]:
    """What is not as the owner of the key signed it: checked as the format says, by another hand than ours."""
    stated = json.loads(members["datapackage-digest.json"])
    if stated["hash"] != f"sha256:{hashlib.sha256(members['datapackage.json']).hexdigest()}":
        return ["datapackage.json"]
    package = json.loads(members["datapackage.json"])
    signed = stated["signedData"]
    listed = {item["path"]: item["hash"] for item in package["resources"]}
    faults = [name for name, said in listed.items() if said != f"sha256:{hashlib.sha256(members.get(name, b'')).hexdigest()}"]
    faults += [name for name in members if name not in listed and not name.startswith("datapackage")]
    key = load_der_public_key(base64.b64decode(signed["publicKey"]))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    raw = base64.b64decode(signed["signature"])
    halves = int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big")
    try:
        key.verify(encode_dss_signature(*halves), signed["hash"].encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        faults.append("signature")
    right = (stated["hash"], package["created"], public, len(raw), "secp384r1")
    found = (signed["hash"], signed["created"], signed["publicKey"], 2 * 48, key.curve.name)
    return faults + [
        said for said, one, other in zip(("hash", "created", "key", "size", "curve"), right, found, strict=True) if one != other
    ]


def test_a_wacz_is_signed_by_the_archives_key_and_every_change_of_it_is_found(
    crawled: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    members = _signed(tmp_path, crawled)
    public = re.search(r"signed; its public key: (\S+)", capfd.readouterr().err)
    assert public is not None
    assert _faults(members, public[1]) == []
    assert export(crawled, "--wacz", "--to", tmp_path / "again.wacz") == 0
    assert public[1] in capfd.readouterr().err  # one key for one archive
    for name, data in members.items():
        for changed in (data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], data + b" ", b""):
            if name != "datapackage-digest.json":
                assert _faults({**members, name: changed}, public[1]), name
    assert _faults({**members, "pages/more.jsonl": b"{}"}, public[1]) == ["pages/more.jsonl"]
    stated = json.loads(members["datapackage-digest.json"])
    other = wacz_key(signing_key(tmp_path / "other")).signed(stated["hash"], stated["signedData"]["created"], "x")
    forged = json.dumps({**stated, "signedData": dict(other)}).encode()
    assert _faults({**members, "datapackage-digest.json": forged}, public[1]) == ["key"]
    done = programs.run("wacz", "validate", "-f", tmp_path / "signed.wacz")
    assert (done.returncode, "is valid" in done.stdout) == (0, True), done.stdout


def test_a_wacz_of_an_archive_without_a_key_is_not_signed(
    crawled: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert export(crawled, "--wacz", "--to", tmp_path / "all.wacz") == 0
    assert "not signed" in capfd.readouterr().err
    with zipfile.ZipFile(tmp_path / "all.wacz") as packed:
        assert "signedData" not in json.loads(packed.read("datapackage-digest.json"))
    key = crawled.config.storage.archive / "proof" / "key"
    assert not key.exists()  # an export makes none
    key.parent.mkdir()
    key.write_text("no key")
    assert export(crawled, "--wacz", "--to", tmp_path / "none.wacz") == 3


def test_a_bag_lists_every_file_with_its_digest(crawled: Home, tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    assert export(crawled, "--bag", "--to", bag) == 0
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        lines = [line.split("  ") for line in (bag / manifest).read_text().splitlines()]
        assert lines
        assert [hashlib.sha256((bag / name).read_bytes()).hexdigest() for _, name in lines] == [digest for digest, _ in lines]
    assert {path.relative_to(bag).as_posix() for path in (bag / "data").iterdir()} == {
        line.split("  ")[1] for line in (bag / "manifest-sha256.txt").read_text().splitlines()
    }


def test_what_is_withheld_is_handed_over_in_no_form(crawled: Home, tmp_path: Path) -> None:
    (public, url), *_ = crawled.sql(
        "SELECT d.public_id, u.url FROM documents d JOIN urls u ON u.id = d.url ORDER BY d.id LIMIT 1"
    )
    from crawler.repository.database import Database

    database = Database(crawled.config.storage.database)
    with database.write() as c:
        c.exec_driver_sql("UPDATE documents SET withheld = 'asked for' WHERE public_id = ?", (public,))
    database.close()
    for form in ("--warc", "--pywb", "--bag", "--wacz", "--cdxj"):
        assert export(crawled, form, "--to", tmp_path / form) == 0
    assert url not in {capture.url for capture in captures(tmp_path / "--warc").values()}
    assert f'"{url}"' not in (tmp_path / "--cdxj").read_text()
    with zipfile.ZipFile(tmp_path / "--wacz") as packed:
        assert f'"{url}"'.encode() not in packed.read("indexes/index.cdxj") + packed.read("pages/pages.jsonl")
    assert run(["--config", str(crawled.path), "extract", public]) == 2
    assert run(["--config", str(crawled.path), "extract", url]) == 2


def test_the_very_bytes_of_a_capture(crawled: Home, tmp_path: Path) -> None:
    folder = crawled.config.storage.archive
    whole = captures(folder)
    for item in crawled.export()[::9]:
        place = item["capture"]
        assert isinstance(place, dict)
        (capture,) = [each for each in whole.values() if (each.file, each.offset) == (place["file"], place["offset"])]
        page = open_page(folder, capture, whole[capture.original.record_id] if capture.original else None)
        for name, what, expected in (
            (item["id"], "payload", page.body),
            (place["id"], "response", open_wire(folder, capture)),
            (f"{item['id']}.{item['version']}", "payload", page.body),
        ):
            out = tmp_path / "out"
            assert run(["--config", str(crawled.path), "extract", str(name), "--as", what, "--to", str(out)]) == 0
            assert out.read_bytes() == expected
        assert run(["--config", str(crawled.path), "extract", str(item["id"]), "--as", "text", "--to", str(out)]) == 0
        assert str(item["title"])[:4] in out.read_text("utf-8")


def test_wrong_wishes_are_told(crawled: Home, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert export(crawled, "--warc", "--to", tmp_path / "full") == 2
    assert export(crawled, "--warc", "--wacz", "--to", tmp_path / "x") == 2
    assert export(crawled, "--warc") == 2
    assert export(crawled, "--warc", "--source", "nobody", "--to", tmp_path / "y") == 2
    assert run(["--config", str(crawled.path), "extract", "c-0000"]) == 2
