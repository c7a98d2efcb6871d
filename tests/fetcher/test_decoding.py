"""Codings are undone whole or not at all, within limits, whatever the bytes are."""

import gzip
import random
import time
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from crawler.fetcher.decoding import CutStream, TooMuch, Undecodable, decode

PAGE = ("<p>公开</p>" * 400).encode() + bytes(range(256)) * 4
CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "br": lambda data: bytes(brotli.compress(data)),
    "zstd": zstandard.compress,
}
LIMIT = 1 << 22


@pytest.mark.parametrize("coding", CODERS)
def test_cut_anywhere_a_stream_is_cut_and_never_a_shorter_page(coding: str) -> None:
    coded = CODERS[coding](PAGE)
    assert decode(coded, coding, limit=LIMIT).body == PAGE
    for at in range(8, len(coded)):
        with pytest.raises(CutStream):
            decode(coded[:at], coding, limit=LIMIT)


@given(st.sampled_from(sorted(CODERS)), st.sampled_from(sorted(CODERS)), st.binary(max_size=5000))
def test_two_layers_are_undone_in_the_order_they_were_put_on(inner: str, outer: str, data: bytes) -> None:
    decoded = decode(CODERS[outer](CODERS[inner](data)), f"{inner}, {outer.upper()}", limit=LIMIT)
    assert (decoded.body, decoded.flags, decoded.codings) == (data, (), (outer, inner))


@given(st.sampled_from([*CODERS, "gzip, br", "unknown"]), st.binary(max_size=400), st.sampled_from([b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x78\x9c"]))  # fmt: skip
def test_whatever_the_bytes_are_they_are_decoded_kept_or_refused(coding: str, data: bytes, before: bytes) -> None:
    try:
        decoded = decode(before + data, coding, limit=LIMIT)
    except Undecodable:
        return
    assert decoded.codings or decoded.body == before + data


def test_every_member_of_a_large_body_is_read_whichever_view_it_is() -> None:
    members = [random.Random(number).randbytes(70_000) for number in range(40)]
    coded = b"".join(gzip.compress(member, mtime=0) for member in members)
    assert decode(memoryview(coded), "gzip", limit=LIMIT).body == b"".join(members)


def test_a_ratio_no_page_has_is_too_much_and_a_dense_page_is_not() -> None:
    dense = b"<td>0</td>" * 100_000
    assert len(dense) / len(brotli.compress(dense)) > 1000
    assert decode(brotli.compress(dense), "br", limit=LIMIT).body == dense  # a megabyte is given whatever the ratio
    with pytest.raises(TooMuch, match="200 times its coded size"):
        decode(brotli.compress(dense * 2), "br", limit=LIMIT)
    with pytest.raises(TooMuch, match="over 1000 bytes"):
        decode(gzip.compress(PAGE), "gzip", limit=1000)


def test_many_members_cost_no_more_than_their_bytes() -> None:
    one, began = gzip.compress(b"", mtime=0), time.process_time()
    with pytest.raises(TooMuch, match="more than 10000 gzip members"):
        decode(one * 500_000, "gzip", limit=LIMIT)
    assert time.process_time() - began < 2  # quadratic, as zlib is used at first sight, it would be minutes
