"""Writing the archive: exact bytes, revisits, groups, locks, failures."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.archive.reader import find, open_page, read_record
from crawler.archive.record import Draft
from crawler.archive.recover import walk
from crawler.archive.writer import Archive, head_facts, head_of
from crawler.errors import DamagedRecord
from crawler.model import Exchange, Original, Outcome, Tls, Validators, Wire, payload_digest

Make = Callable[..., Exchange]


def archive_in(folder: Path, **options: Any) -> Archive:
    """An archive of an owner called test."""
    return Archive(folder, owner="test", info={"software": "test"}, **options)


def original_of(exchange: Exchange, record: str) -> Original:
    """The original that a later look at the same payload refers to."""
    return Original(record, exchange.task.request.url, exchange.at, payload_digest(exchange.payload))


def test_the_very_bytes_come_back_odd_spacing_and_all(tmp_path: Path, make: Make) -> None:
    archive, exchange = archive_in(tmp_path), make(body="正文".encode("gbk") * 50)
    kept = archive.append(exchange)
    archive.sync()
    assert kept.capture is not None
    assert exchange.wire is not None
    record = read_record(find(tmp_path, kept.file), kept.capture.offset, kept.capture.length)
    assert record.block == exchange.wire.response
    assert open_page(tmp_path, kept.capture).body == exchange.payload
    archive.close()
    assert open_page(tmp_path, kept.capture).body == exchange.payload  # also under its final name


def test_a_chunked_answer_is_stored_as_sent_and_digested_without_its_framing(tmp_path: Path, make: Make) -> None:
    body = b"<p>x</p>" * 10
    exchange = make(body=body)
    assert exchange.wire is not None
    block = b"HTTP/1.1 200 OK\r\nTransfer-encoding:  chunked\r\n\r\n%x;ext=1\r\n%s\r\n0\r\nX-T: 1\r\n\r\n" % (len(body), body)
    archive = archive_in(tmp_path)
    kept = archive.append(replace(exchange, wire=replace(exchange.wire, response=block, framing="chunked")))
    archive.close()
    assert kept.capture is not None
    assert kept.capture.payload_digest == payload_digest(body)
    assert open_page(tmp_path, kept.capture).body == body


def test_a_payload_held_already_becomes_a_revisit_that_is_read_through_its_original(tmp_path: Path, make: Make) -> None:
    archive, exchange = archive_in(tmp_path), make()
    first = archive.append(exchange)
    assert first.capture is not None
    again = archive.append(make(1), original_of(exchange, first.capture.record_id))
    archive.close()
    assert again.capture is not None
    assert again.capture.type == "revisit"
    assert again.capture.original == original_of(exchange, first.capture.record_id)
    assert open_page(tmp_path, again.capture, first.capture).body == exchange.payload
    with pytest.raises(DamagedRecord, match="has no original"):
        open_page(tmp_path, again.capture)


def test_a_304_to_our_validators_is_a_look_without_a_capture(tmp_path: Path, make: Make) -> None:
    archive, exchange = archive_in(tmp_path), make()
    first = archive.append(exchange)
    assert first.capture is not None
    assert exchange.wire is not None
    task = replace(exchange.task, validators=Validators('"1"', None, original_of(exchange, first.capture.record_id)))
    answer = replace(exchange.wire, response=b"HTTP/1.1 304 Not Modified\r\n\r\n", framing="none")
    kept = archive.append(replace(exchange, task=task, outcome=Outcome.NOT_MODIFIED, status=304, wire=answer, payload=b""))
    archive.close()
    assert kept.capture is None
    profiles = [
        record.rec_headers.get_header("WARC-Profile") for record in ArchiveIterator(BytesIO((tmp_path / kept.file).read_bytes()))
    ]
    assert profiles.count("http://netpreserve.org/warc/1.1/revisit/server-not-modified") == 1


def test_the_same_bytes_as_at_the_last_look_are_called_so(tmp_path: Path, make: Make) -> None:
    exchange = make()
    known = replace(exchange, task=replace(exchange.task, last_digest=payload_digest(exchange.payload)))
    archive = archive_in(tmp_path)
    assert archive.append(known).outcome is Outcome.SAME_BYTES
    archive.close()


def test_a_failed_look_is_remembered_with_whatever_had_come(tmp_path: Path, make: Make) -> None:
    exchange = make()
    assert exchange.wire is not None
    archive = archive_in(tmp_path)
    never = archive.append(
        replace(exchange, outcome=Outcome.REFUSED, wire=None, page=None, payload=b"", detail="192.168.0.1 is not public")
    )
    cut = replace(exchange.wire, response=exchange.wire.response[:-3], whole=False)
    partial = archive.append(replace(exchange, outcome=Outcome.TRUNCATED, wire=cut, page=None, payload=exchange.payload[:-3]))
    archive.close()
    assert never.capture is None
    assert partial.capture is not None
    told = list(walk(tmp_path / never.file))
    assert [(look.outcome, look.detail) for look in told] == [
        (Outcome.REFUSED, "192.168.0.1 is not public"),
        (Outcome.TRUNCATED, ""),
    ]
    reasons = [
        record.rec_headers.get_header("WARC-Truncated")
        for record in ArchiveIterator(BytesIO((tmp_path / never.file).read_bytes()))
    ]
    assert "disconnect" in reasons


def test_the_archive_tells_the_same_look_again(tmp_path: Path, make: Make) -> None:
    archive, exchange = archive_in(tmp_path), make(retry_after=9, detail="中文\u2028")
    assert exchange.wire is not None
    secure = replace(exchange, wire=replace(exchange.wire, tls=Tls("TLSv1.3", "AES", "sha256:ab")), location="http://b.test/")
    kept = [archive.append(exchange), archive.append(secure)]
    archive.close()
    assert list(walk(tmp_path / kept[0].file)) == kept


def test_secrets_of_a_source_are_not_stored(tmp_path: Path, make: Make) -> None:
    exchange = make()
    assert exchange.wire is not None
    request = b"GET / HTTP/1.1\r\nHost: a.test\r\nCookie: sid=topsecret\r\nX-Auth-Token: topsecret\r\n\r\n"
    headers = (("Cookie", "sid=topsecret"), ("X-Auth-Token", "topsecret"))
    task = replace(exchange.task, request=replace(exchange.task.request, headers=headers))
    archive = archive_in(tmp_path)
    kept = archive.append(replace(exchange, task=task, wire=replace(exchange.wire, request=request)))
    archive.close()
    data = b"".join(
        record.content_stream().read()
        for record in ArchiveIterator(BytesIO((tmp_path / kept.file).read_bytes()), no_record_parse=True)
    )
    assert b"topsecret" not in data
    assert b"Cookie: redacted" in data
    assert b'"redacted": true' in data


def test_warcio_reads_the_file_and_agrees_on_every_digest(tmp_path: Path, make: Make) -> None:
    archive = archive_in(tmp_path)
    for number in range(5):
        archive.append(make(number, body=b"x" * number * 1000))
    archive.close()
    (file,) = tmp_path.glob("*.warc.gz")
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", str(file)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    kinds = [record.rec_type for record in ArchiveIterator(BytesIO(file.read_bytes()))]
    assert kinds == ["warcinfo"] + ["request", "response", "metadata"] * 5


def test_files_rotate_by_size_and_say_what_they_are_when_closed(tmp_path: Path, make: Make) -> None:
    archive = archive_in(tmp_path, max_bytes=2000)
    for number in range(6):
        archive.append(make(number, body=bytes(range(256)) * 4))
        assert len(list(tmp_path.glob("*.open"))) == 1
        if number % 2:
            archive.sync()  # no file ends in the middle of a batch
    archive.close()
    closed = archive.finished()
    assert len(closed) == 3
    assert [info.name for info in closed] == sorted(path.name for path in tmp_path.glob("*.warc.gz"))
    assert [info.bytes for info in closed] == [(tmp_path / info.name).stat().st_size for info in closed]
    assert archive.finished() == []


def test_a_header_cannot_be_broken_out_of() -> None:
    with pytest.raises(ValueError, match="WARC-Target-URI"):
        Draft("metadata", "<urn:x>", 0, "text/plain", b"", [("WARC-Target-URI", "http://a.test/\r\nWARC-Type: x")]).head()


def test_a_changed_byte_is_noticed(tmp_path: Path, make: Make) -> None:
    archive = archive_in(tmp_path)
    kept = archive.append(make(body=b"x" * 400))
    archive.close()
    assert kept.capture is not None
    file = tmp_path / kept.file
    data = bytearray(file.read_bytes())
    data[kept.capture.offset + kept.capture.length - 12] ^= 1
    file.write_bytes(data)
    with pytest.raises(DamagedRecord):
        open_page(tmp_path, kept.capture)


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_disk_that_fills_leaves_no_half_group_behind(tmp_path: Path) -> None:
    script = """
import os, resource, signal, sys
from pathlib import Path
from typing import Any
from crawler.archive.writer import Archive
from crawler.errors import ArchiveError
from crawler.model import Exchange, Kind, Outcome, Page, Request, Run, RunKind, Task, Wire
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
archive = Archive(Path(sys.argv[1]), owner="full", info={"software": "test"})
task = Task("GET http://a.test/", Request("http://a.test/"), "http://a.test/", "a.test", Kind.DETAIL, "demo", Run("demo", RunKind.ONCE, 5))
for _ in range(50):
    body = os.urandom(700)
    wire = Wire(b"GET / HTTP/1.1\\r\\n\\r\\n", b"HTTP/1.1 200 OK\\r\\n\\r\\n" + body, "192.0.2.1", "close", True)
    try:
        archive.append(Exchange(task, Outcome.OK, 1, 1, 200, wire, Page("http://a.test/", 200, (), body, 1), body))
        archive.sync()
        print("kept", flush=True)
    except ArchiveError as error:
        print("refused", error, flush=True)
        break
archive.close()
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("refused cannot write")
    assert "free some disk space" in lines[-1]
    (file,) = tmp_path.glob("*.warc.gz")
    assert len(list(walk(file))) == lines.count("kept") > 2


@pytest.mark.parametrize(
    "said", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x16\x03\x01\x00", b"HTTP/1.1 2oo OK\r\n\r\nx", b"<html>no head</html>" * 9]
)
def test_warcio_reads_an_answer_that_is_no_http_and_whatever_stands_behind_it(tmp_path: Path, make: Make, said: bytes) -> None:
    archive = archive_in(tmp_path)
    wire = Wire(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", said, "192.0.2.1", "none", whole=False)
    archive.append(make(0, outcome=Outcome.PROTOCOL_ERROR, status=None, wire=wire, page=None, payload=said))
    archive.append(make(1))
    archive.close()
    (file,) = tmp_path.glob("*.warc.gz")
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", str(file)], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, "")
    records = [
        (record.rec_type, record.rec_headers.get_header("WARC-Payload-Digest"))
        for record in ArchiveIterator(BytesIO(file.read_bytes()))
    ]
    assert [kind for kind, _ in records] == ["warcinfo"] + ["request", "response", "metadata"] * 2
    assert records[2][1] is None
    assert records[5][1] is not None


def test_a_fault_within_a_group_leaves_nothing_of_it_and_the_next_look_is_whole(tmp_path: Path, make: Make) -> None:
    archive = archive_in(tmp_path)
    first = archive.append(make(0))
    bad = make(1)
    breaks = replace(bad.task, request=replace(bad.task.request, url="http://a.test/1\r\nWARC-Type: x"))
    with pytest.raises(ValueError, match="line break"):
        archive.append(replace(bad, task=breaks))
    second = archive.append(make(2))
    archive.close()
    (file,) = tmp_path.glob("*.warc.gz")
    assert list(walk(file)) == [first, second]
    kinds = [record.rec_type for record in ArchiveIterator(BytesIO(file.read_bytes()))]
    assert kinds == ["warcinfo"] + ["request", "response", "metadata"] * 2


@pytest.mark.parametrize("blank", [b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\n\n"])
def test_the_head_of_an_answer_ends_with_its_first_blank_line(blank: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html" + blank
    assert head_of(memoryview(head + b"a\n\nb\r\n\r\nc")) == head
    assert head_of(b"HTTP/1.1 200 OK\r\nCut: in the mid") == b"HTTP/1.1 200 OK\r\nCut: in the mid"


def test_the_head_of_a_large_answer_is_read_without_a_copy_of_its_body() -> None:
    block = memoryview(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + bytes(16 << 20))
    tracemalloc.start()
    try:
        assert head_facts(block) == (200, "text/html")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
