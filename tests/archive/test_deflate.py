"""Members are ordinary gzip, whoever made them, and end exactly where the next one begins."""

import random
import subprocess
import sys
import zlib

import pytest

from crawler.archive import deflate
from crawler.archive.record import STEP, Draft, decode

ALPHABET = b"<div class=x>\xd5\xfe\xce\xf1\xb9\xab\xbf\xaa"


def test_small_and_large_records_come_back_and_their_members_lie_end_to_end() -> None:
    chance = random.Random(1)
    blocks = [b"", b"x", bytes(chance.choices(ALPHABET, k=70_000)), chance.randbytes(STEP + 1), bytes(3 * STEP)]
    drafts = [Draft("response", f"<urn:{i}>", 1, "text/html", memoryview(block)) for i, block in enumerate(blocks)]
    members = [b"".join(draft.pieces()) for draft in drafts]
    rest = b"".join(members)
    for member in members:
        unpacker = zlib.decompressobj(deflate.GZIP)
        unpacker.decompress(rest)
        assert unpacker.eof
        assert len(rest) - len(unpacker.unused_data) == len(member)
        rest = unpacker.unused_data
    assert [decode(member).block for member in members] == blocks


@pytest.mark.skipif(sys.platform == "win32", reason="the wheel may not be there")
def test_isa_l_is_used_where_it_is_installed() -> None:
    assert deflate.module.__name__ == "isal.isal_zlib"


def test_without_isa_l_zlib_writes_the_same_records() -> None:
    script = """
import sys, zlib
sys.modules["isal"] = None
from crawler.archive import deflate
from crawler.archive.record import Draft, decode
assert deflate.module is zlib
assert decode(b"".join(Draft("response", "<urn:x>", 1, "text/html", b"abc" * 9000).pieces())).block == b"abc" * 9000
assert decode(b"".join(Draft("response", "<urn:x>", 1, "text/html", bytes(1 << 21)).pieces())).block == bytes(1 << 21)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
