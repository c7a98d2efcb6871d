"""What other people's programs make of our files: pywb shows every page, warcio, FastWARC and cdxj-indexer read every record."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.archive.reader import open_wire, read_record
from crawler.archive.recover import walk
from crawler.archive.replay import plain_reason
from crawler.archive.writer import Archive, head_of
from crawler.fetcher.decoding import decode
from crawler.fetcher.message import parse_response
from crawler.model import Exchange, Kept, Original, Outcome, Request, Validators
from tests.archive import programs
from tests.archive.programs import Shown, shown, timestamp

Home = Any  # the fixture's class lives in conftest, which tests do not import
Make = Callable[..., Exchange]
AT = 1_700_000_000_000

BODY = "<p>正文 body</p>".encode() * 5
PACKED = gzip.compress(BODY, mtime=0)
TYPE = b"Content-Type: text/html\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def chunks(body: bytes, mark: bytes = b"", trailer: bytes = b"", end: bytes = b"\r\n") -> bytes:
    """A body in chunks of seven bytes."""
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    return b"".join(b"%x%b%b%b%b" % (len(piece), mark, end, piece, end) for piece in pieces) + b"0" + end + trailer + end


def answer(line: bytes = b"HTTP/1.1 200 OK", headers: bytes = TYPE + LENGTH, body: bytes = BODY) -> bytes:
    """A whole answer."""
    return line + b"\r\n" + headers + b"\r\n" + body


AS_THEY_ARE = {
    "plain": answer(),
    "close": answer(b"HTTP/1.0 200 OK", TYPE),
    "no headers": answer(headers=b""),
    "no reason": answer(b"HTTP/1.1 200"),
    "empty reason": answer(b"HTTP/1.1 200 "),
    "reason with spaces": answer(b"HTTP/1.1 200  OK  then  some"),
    "reason with a colon": answer(b"HTTP/1.1 200 OK: fine"),
    "reason in gbk": answer("HTTP/1.1 200 成功".encode("gbk")),
    "reason in latin-1": answer("HTTP/1.1 200 tr\u00e8s bien".encode("latin-1")),
    "reason in utf-8 that latin-1 has": answer("HTTP/1.1 200 tr\u00e8s bien".encode()),
    "not found": answer(b"HTTP/1.1 404 Not Found"),
    "server error": answer(b"HTTP/1.1 599 Odd"),
    "empty": answer(headers=TYPE + b"Content-Length: 0\r\n", body=b""),
    "no content": answer(b"HTTP/1.1 204 No Content", b"", b""),
    "line feeds": answer().replace(b"\r\n", b"\n"),
    "header in gbk": answer(headers=TYPE + LENGTH + "X-Title: 标题\r\n".encode("gbk")),
    "header in utf-8": answer(headers=TYPE + LENGTH + "Content-Disposition: inline; filename=标题.html\r\n".encode()),
    "folded header": answer(headers=TYPE + b"X-A: b\r\n c\r\n" + LENGTH),
    "length said twice": answer(headers=TYPE + LENGTH + LENGTH),
    "gzip": answer(headers=TYPE + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(PACKED), body=PACKED),
    "said to be gzip": answer(headers=TYPE + b"Content-Encoding: gzip\r\n" + LENGTH),
    "chunked": answer(headers=TYPE + CHUNKED, body=chunks(BODY)),
    "Chunked": answer(headers=TYPE + CHUNKED.replace(b": c", b":  C"), body=chunks(BODY)),
    "chunked with an extension": answer(headers=TYPE + CHUNKED, body=chunks(BODY, b";a=1")),
    "chunked with zeros and blanks": answer(headers=TYPE + CHUNKED, body=b"%08X \r\n%b\r\n000\r\n\r\n" % (len(BODY), BODY)),
    "chunked with a length beside it": answer(headers=TYPE + b"Content-Length: 5\r\n" + CHUNKED, body=chunks(BODY)),
    "chunked gzip": answer(headers=TYPE + CHUNKED + b"Content-Encoding: gzip\r\n", body=chunks(PACKED)),
}
IN_ANOTHER_FORM = {
    "reason in utf-8": answer("HTTP/1.1 200 成功".encode()),
    "not found, in utf-8": answer("HTTP/1.1 404 页面不存在".encode()),
    "reason in gbk that is utf-8 too": answer("HTTP/1.1 200 模".encode("gbk")),
    "trailer": answer(headers=TYPE + CHUNKED + b"Trailer: X-T\r\n", body=chunks(BODY, trailer=b"X-T: 1\r\n")),
    "trailers behind gzip": answer(headers=TYPE + CHUNKED + b"Content-Encoding: gzip\r\n", body=chunks(PACKED, b";x", b"A: 1\r\nB: 2\r\n")),
    "trailer behind nothing": answer(headers=TYPE + CHUNKED, body=b"0\r\nX-T: 1\r\n\r\n"),
    "long extension": answer(headers=TYPE + CHUNKED, body=chunks(BODY, b";" + b"e" * 70)),
    "line feeds in the framing": answer(headers=TYPE + CHUNKED, body=chunks(BODY, end=b"\n")),
    "trailer and reason": answer("HTTP/1.1 200 成功".encode(), TYPE + CHUNKED, chunks(BODY, trailer=b"X-T: 1\r\n")),
}  # fmt: skip
ALL = {**AS_THEY_ARE, **IN_ANOTHER_FORM}


def looked(make: Make, name: str, number: int) -> Exchange:
    """The exchange that brought an answer of the family."""
    block, plain = ALL[name], make()
    assert plain.wire is not None
    message = parse_response(block)
    url = f"http://a.test/{number}"
    outcome = {404: Outcome.NOT_FOUND, 599: Outcome.SERVER_ERROR}.get(message.status, Outcome.OK)
    framing = "chunked" if CHUNKED.strip().lower() in block.lower().replace(b":  c", b": c") else "length"
    task = replace(plain.task, key=f"GET {url}", request=Request(url), public_url=url)
    wire = replace(plain.wire, response=block, framing=framing, head=len(head_of(block)))
    return replace(
        plain,
        task=task,
        outcome=outcome,
        status=message.status,
        wire=wire,
        page=None,
        payload=message.payload,
        at=AT + number * 1000,
    )


def decoded(block: bytes) -> bytes:
    """The body as a browser reads it; pywb takes gzip off for a reader who does not ask for it."""
    message = parse_response(block)
    coding = next((value for name, value in message.headers if name.lower() == "content-encoding"), None)
    return decode(message.payload, coding, limit=1 << 20).body


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_an_answer_that_replay_tools_read_is_kept_as_it_came(tmp_path: Path, make: Make, name: str) -> None:
    archive = Archive(tmp_path, owner="test", info={})
    kept = archive.append(looked(make, name, 1))
    archive.close()
    assert kept.capture is not None
    record = read_record(tmp_path / kept.file, kept.capture.offset, kept.capture.length)
    assert record.block == ALL[name]
    assert kinds(tmp_path / kept.file) == ["warcinfo", "request", "response", "metadata"]


@pytest.mark.parametrize("name", IN_ANOTHER_FORM)
def test_the_exact_bytes_of_any_other_stand_in_a_record_behind_it(tmp_path: Path, make: Make, name: str) -> None:
    archive = Archive(tmp_path, owner="test", info={})
    exchange = looked(make, name, 1)
    kept = archive.append(exchange)
    archive.close()
    assert kept.capture is not None
    path, capture = tmp_path / kept.file, kept.capture
    record = read_record(path, capture.offset, capture.length)
    was, now = parse_response(ALL[name]), parse_response(record.block)
    assert (now.status, now.headers, now.payload) == (was.status, was.headers, was.payload)
    assert kinds(path) == ["warcinfo", "request", "response", "resource", "metadata"]
    (behind,) = [found for found in raw(path) if found[0] == "resource"]
    assert behind[2] == ALL[name] == open_wire(tmp_path, capture)
    assert behind[1]["WARC-Target-URI"] == f"urn:wire:{capture.url}"
    assert list(walk(path)) == [kept]


def kinds(path: Path) -> list[str]:
    """The types of a file's records, by warcio."""
    return [record.rec_type for record in ArchiveIterator(BytesIO(path.read_bytes()))]


def raw(path: Path) -> list[tuple[str, dict[str, str], bytes]]:
    """Type, headers and block of a file's records, by warcio."""
    found = ArchiveIterator(BytesIO(path.read_bytes()), no_record_parse=True)
    return [(record.rec_type, dict(record.rec_headers.headers), record.content_stream().read()) for record in found]


@pytest.mark.parametrize("name", ["chunked", "trailer", "line feeds in the framing"])
def test_an_answer_that_was_cut_is_kept_as_far_as_it_came(tmp_path: Path, make: Make, name: str) -> None:
    exchange = looked(make, name, 1)
    assert exchange.wire is not None
    cut = replace(exchange.wire, response=ALL[name][:-3], whole=False)
    archive = Archive(tmp_path, owner="test", info={})
    kept = archive.append(replace(exchange, outcome=Outcome.TRUNCATED, wire=cut))
    archive.close()
    assert kinds(tmp_path / kept.file) == ["warcinfo", "request", "response", "metadata"]
    assert raw(tmp_path / kept.file)[2][2] == ALL[name][:-3]
    assert raw(tmp_path / kept.file)[2][1]["WARC-Truncated"] == "disconnect"


def test_only_a_status_line_has_a_reason() -> None:
    assert plain_reason(b"no status line\r\n\r\n") is None


def test_pywb_shows_every_page_of_the_family_its_copies_and_what_a_304_confirmed(tmp_path: Path, make: Make) -> None:
    programs.program("wb-manager")
    archive = Archive(tmp_path / "warc", owner="test", info={"software": "test"})
    wanted: list[tuple[str, str]] = []
    expected: list[Shown] = []

    def add(exchange: Exchange, same: Original | None = None, of: Exchange | None = None) -> Kept:
        kept = archive.append(exchange, same)
        seen = of or exchange
        assert seen.wire is not None
        wanted.append((timestamp(exchange.at), exchange.task.request.url))
        expected.append(shown(seen.status or 0, decoded(bytes(seen.wire.response))))
        return kept

    for number, name in enumerate(ALL):
        exchange = looked(make, name, number)
        kept = add(exchange)
        assert kept.capture is not None
        original = Original(kept.capture.record_id, kept.capture.url, kept.capture.at, kept.capture.payload_digest)
        if exchange.status != 200 or not exchange.payload:
            continue
        later = replace(exchange, at=exchange.at + 1_000_000)
        add(later, original)
        add(replace(later, task=replace(later.task, request=Request(f"{kept.capture.url}-copy"))), original)
        assert exchange.wire is not None
        task = replace(exchange.task, validators=Validators('"1"', None, original))
        unchanged = replace(exchange.wire, response="HTTP/1.1 304 未修改\r\n\r\n".encode(), framing="none")
        add(
            replace(
                exchange,
                task=task,
                outcome=Outcome.NOT_MODIFIED,
                status=304,
                wire=unchanged,
                payload=b"",
                at=exchange.at + 2_000_000,
            ),
            of=exchange,
        )
    archive.close()
    files = sorted((tmp_path / "warc").glob("*.warc.gz"))
    programs.collect(tmp_path / "pywb", files)
    told = programs.replay(tmp_path / "pywb", wanted)
    assert [(asked, was) for asked, was, now in zip(wanted, expected, told, strict=True) if was != now] == []


def test_every_capture_of_the_demo_replays_and_every_record_is_read_by_other_programs(
    home: Home, site: Any, tmp_path: Path
) -> None:
    programs.program("wb-manager")
    home.crawl()
    site.change()
    home.crawl()
    folder = home.config.storage.archive
    files = sorted(folder.glob("*.warc.gz"))
    captures, otherwise = programs.replayed(folder, tmp_path / "pywb")
    assert captures > 70
    assert otherwise == []
    records = sum(len(kinds(file)) for file in files)
    script = "import sys; from fastwarc.warc import ArchiveIterator; print(sum(record.verify_block_digest() for name in sys.argv[1:] for record in ArchiveIterator(open(name, 'rb'), parse_http=False)))"
    assert programs.run("python", "-c", script, *files).stdout.strip() == str(records)
    indexed = [json.loads(line.split(" ", 2)[2]) for line in programs.run("cdxj-indexer", *files).stdout.splitlines()]
    assert len(indexed) >= captures
    assert {item["mime"] for item in indexed} >= {"text/html", "warc/revisit"}
    assert not [item for item in indexed if item["mime"] in ("application/json", "application/warc-fields")]


def test_a_look_written_as_bare_json_is_read_all_the_same(tmp_path: Path, make: Make) -> None:
    from crawler.archive import metadata
    from crawler.archive.record import Draft

    block = metadata.write(make(detail="断\r\n行\u2028"), Outcome.OK, redacted=False)
    fields = block.decode().split("\r\n")
    assert [line.partition(":")[0] for line in fields] == ["fetchTimeMs", "gongkai-look", ""]
    bare = fields[1].partition(": ")[2].encode()
    ways = [metadata.kept("<urn:x>", each, file="f", end=1, capture=None) for each in (block, bare)]
    assert ways[0] == ways[1]
    assert ways[0].detail == "断\r\n行\u2028"
    old = tmp_path / "gongkai-20240501000000-old-0001.warc.gz"
    old.write_bytes(
        b"".join(Draft("metadata", "<urn:x>", 0, "application/json", bare, [("WARC-Target-URI", "http://a.test/0")]).pieces())
    )
    assert [look.detail for look in walk(old)] == ["断\r\n行\u2028"]


def test_a_file_says_who_made_it_with_what_and_by_which_rules(home: Home) -> None:
    home.crawl()
    (file, *_) = sorted(home.config.storage.archive.glob("*.warc.gz"))
    records = raw(file)
    kind, first, block = records[0]
    said = dict(line.split(": ", 1) for line in block.decode().splitlines())
    config = home.config
    assert set(said) >= {
        "software",
        "format",
        "conformsTo",
        "operator",
        "robots",
        "hostname",
        "http-header-user-agent",
        "description",
    }
    assert config.operator.contact in said["operator"]
    assert said["configuration"] == f"sha256:{config.digest}"
    assert (kind, first["WARC-Filename"]) == ("warcinfo", file.name)
    for kind, headers, _ in records:
        assert headers["WARC-Block-Digest"]
        assert ("WARC-Payload-Digest" in headers) == (kind in ("request", "response", "revisit", "resource"))


@pytest.mark.parametrize("detail", ["断\r\n行\u2028", "a lone \ud800", "read as \ufffd"])
def test_the_writer_tells_of_a_look_what_recovery_reads_of_it(make: Make, detail: str) -> None:
    from crawler.archive import metadata

    exchange = make(detail=detail)
    wanted = Request("http://a.test/0?q=1", "POST", (("X-Token", "secret"), ("Content-Type", "text/plain")), b"\xff\0")
    exchange = replace(exchange, task=replace(exchange.task, request=wanted, tries=2, frontier=7))
    block = metadata.write(exchange, Outcome.OK, redacted=True)
    told = metadata.told(exchange, Outcome.OK, block, look="<urn:x>", place=("f", 1), capture=None)
    assert told == metadata.kept("<urn:x>", block, file="f", end=1, capture=None)
