"""However the bytes are cut into pieces, an answer is the same; and it is the same when it is read again from the archive."""

import asyncio
import gc
import itertools
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetcher.connection import Connection, Got, Limits, WireError
from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.fetcher.message import parse_response
from crawler.fetcher.spool import SPOOL_AT, Spool, release
from tests.fetcher.fault_server import BROKEN, CODED, DELIMITED, HTML, Case, Server, answer, chunked, listening, raw

WHOLE = {name: case for name, case in {**DELIMITED, **CODED}.items() if "close" not in case.script}


class Pipe(asyncio.Transport):
    """A transport that only remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def write(self, data: Any) -> None:
        """Nothing listens."""

    def abort(self) -> None:
        """Remember."""
        self.aborted = True


def played(case: Case, pieces: list[bytes]) -> Got:
    """The answer of a connection that gets these pieces. Raises WireError."""

    async def main() -> Got:
        connection = Connection("127.0.0.1", Limits())
        connection.connection_made(Pipe())
        future = connection.send(case.method.encode(), b"GET / HTTP/1.1\r\n\r\n", asyncio.get_running_loop())
        for piece in pieces:
            connection.data_received(piece)
            if future.done():
                break
        if not future.done():
            connection.eof_received()
            connection.connection_lost(None)
        return await future

    return asyncio.run(main())


@pytest.mark.parametrize("name", ["a length", "chunks with extension and trailer", "bare line feeds and chunks", "a folded header", "an interim answer first",
                                  "interim answers in one piece with the real one", "a blank line before the status line", "a second answer behind the chunks", "a field's name with brackets",
                                  "a field's name with a blank", "a field without a name", "a line without a colon", "a field's name in Chinese",
                                  "a field's name in quotes, and its next line", "a field's name with brackets, and chunks"])  # fmt: skip
def test_cut_at_any_place_an_answer_is_the_same(name: str) -> None:
    case = DELIMITED[name]
    for at in range(1, len(case.sent)):
        got = played(case, [case.sent[:at], case.sent[at:]])
        assert got.wire.response == case.message, at
        assert (got.payload, got.wire.interim > 0) == (HTML, case.skipped > 0)


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(0, 400), max_size=8))
def test_cut_anyhow_an_answer_is_the_same_live_and_read_again(name: str, cuts: list[int]) -> None:
    case = WHOLE[name]
    places = [0, *sorted({cut for cut in cuts if cut < len(case.sent)}), len(case.sent)]
    got = played(case, [case.sent[a:b] for a, b in itertools.pairwise(places) if b > a])
    assert got.wire.response == case.message
    again = parse_response(bytes(got.wire.response), case.method)
    assert (again.status, again.payload, again.whole) == (got.answer.status, got.payload, True)
    assert [(name.encode("latin-1"), value.encode("latin-1")) for name, value in again.headers] == got.answer.headers


@given(st.binary(max_size=300), st.sampled_from([answer()[:17], chunked(), raw(b"HTTP/1.1 200 OK"), b""]))
def test_whatever_comes_an_exchange_ends_and_keeps_it(data: bytes, before: bytes) -> None:
    wire = None
    try:
        wire = played(Case((), BROKEN["silence"].outcome), [before + data] if before + data else []).wire
    except WireError as error:
        wire = error.wire
    assert wire is not None
    assert bytes(wire.response) in before + data


def test_fields_whose_names_are_none_are_left_out_and_told_and_their_bytes_kept() -> None:
    got = played(DELIMITED["chunks"], [DELIMITED["a field's name with brackets, and chunks"].sent])
    assert [name for name, _ in got.answer.headers] == [b"Transfer-Encoding"]
    assert got.answer.dropped == (b"X[1]", b"@")
    assert b"X[1]: a" in bytes(got.wire.response)
    with pytest.raises(WireError, match="bad HTTP"):
        played(DELIMITED["chunks"], [b"SSH-2.0-(x)\r\n"])


def test_trailers_are_no_headers() -> None:
    got = played(DELIMITED["chunks"], [chunked(b"b\r\n" + HTML + b"\r\n0\r\nContent-Type: x\r\n\r\n")])
    assert [name for name, _ in got.answer.headers] == [b"Transfer-Encoding"]


# ------------------------------------------------------------------ large bodies
def test_many_bytes_lie_in_a_file_without_a_name_that_goes_when_nobody_holds_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for _ in range(40):
        spool.write(os.urandom(SPOOL_AT // 16))
    octets = spool.octets()
    spool.close()
    assert isinstance(octets, memoryview)
    assert len(octets) == spool.size == 40 * (SPOOL_AT // 16)
    part, mapped = bytes(octets[100:200]), weakref.ref(octets.obj)
    release(octets)
    assert octets[100:200] == part
    assert list(tmp_path.iterdir()) == []
    del octets
    gc.collect()
    assert mapped() is None


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_large_body_is_the_same_by_whichever_framing_and_under_a_stock_client(framing: str) -> None:
    body = os.urandom(1 << 16) * 48
    pieces: dict[str, list[Any]] = {
        "length": [answer(body)],
        "chunked": [chunked(b"300000\r\n" + body + b"\r\n0\r\n\r\n")],
        "close": [raw(b"HTTP/1.1 200 OK", body=body), "close"],
    }

    async def main() -> None:
        server = Server(lambda _: pieces[framing])
        async with listening(server.serve) as port:
            fetcher = Fetcher(FetchSettings("x", connect={"*": f"127.0.0.1:{port}"}, spool=Path(tempfile.gettempdir())))
            async with httpx.AsyncClient(transport=fetcher.transport, trust_env=False) as client:
                response = await client.get("http://large.test/")
                assert response.content == body
                wire = response.extensions["wire"]
                assert (wire.framing, bytes(wire.response)) == (framing, pieces[framing][0])
                assert isinstance(wire.response, memoryview)

    asyncio.run(main())
