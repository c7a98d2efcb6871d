"""Anybody's records with their places: every shape of file is walked, each record is found again at its place, damage ends a file and is named."""

import gzip
from pathlib import Path

import pytest

from crawler.archive.walking import Raw, moment, record_at, records
from crawler.errors import ArchiveError, DamagedRecord
from tests.pipeline import others

BLOCKS = [b"one", b"", b"three\r\n\r\nWARC/1.0\r\n", bytes(300_000), b"five"]
MADE = [others.record("resource", f"http://a.example/{n}", "2024-05-06T01:30:00Z", block) for n, block in enumerate(BLOCKS)]


def shapes() -> dict[str, bytes]:
    """One file, as it may be packed."""
    members = [gzip.compress(one, mtime=0) for one in MADE]
    return {
        "plain": b"".join(MADE),
        "a member each": b"".join(members),
        "a member each, filled up with zeros": b"".join(one + b"\0" * 7 for one in members),
        "one member": gzip.compress(b"".join(MADE), mtime=0),
        "two in the first member": gzip.compress(MADE[0] + MADE[1], mtime=0) + b"".join(members[2:]),
        "an empty member between": members[0] + gzip.compress(b"") + b"".join(members[1:]),
        "bare line feeds behind records": b"".join(one[:-4] + b"\n\n" for one in MADE),
    }


@pytest.mark.parametrize("shape", shapes())
def test_every_record_is_there_and_is_found_again_at_its_place(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(shapes()[shape])
    found = list(records(path))
    assert [raw.block for raw in found] == BLOCKS
    assert [raw.number for raw in found] == [1, 2, 3, 4, 5]
    placed = [raw for raw in found if raw.offset is not None]
    assert len(placed) == {"one member": 1, "two in the first member": 4}.get(shape, 5)
    for raw in placed:
        assert record_at(path, raw.offset or 0).block == raw.block


@pytest.mark.parametrize("packed", [False, True])
def test_what_stands_before_damage_is_told_and_the_place_is_named(packed: bool, tmp_path: Path) -> None:
    small = [one for one in MADE if len(one) < 1000]
    whole = b"".join(gzip.compress(one, mtime=0) for one in small) if packed else b"".join(small)
    path = tmp_path / "a.warc"
    path.write_bytes(whole)
    ends = [*[raw.offset or 0 for raw in records(path)][1:], len(whole)]
    blank = 0 if packed else 4  # a record is whole without the line ends behind it
    for cut in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:cut])
        found, said = list[Raw](), ""
        try:
            found.extend(records(path))
        except DamagedRecord as error:
            said = error.message
        assert len(found) >= sum(end <= cut for end in ends), cut
        assert len(found) <= sum(end - blank <= cut for end in ends) + packed, cut
        assert bool(said) or cut in (0, *ends) or not packed, cut
        assert not said or f"{path} at " in said


def test_what_is_no_record_and_what_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(MADE[0] + b"something else" + MADE[1])
    with pytest.raises(DamagedRecord, match="no WARC record"):
        list(records(path))
    path.write_bytes(MADE[0].replace(b"Content-Length: 3", b"Content-Length: x"))
    with pytest.raises(DamagedRecord, match="says that it has x bytes"):
        list(records(path))
    with pytest.raises(ArchiveError):
        list(records(tmp_path / "none"))


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2024-05-06T01:30:00Z", 1_714_959_000_000),
        ("2024-05-06T01:30:00.123456789Z", 1_714_959_000_123),
        ("2024-05-06T09:30:00+08:00", 1_714_959_000_000),
        ("2024-05-06T01:30:00", 1_714_959_000_000),
        ("20240506013000", 1_714_959_000_000),
        ("20240506", 1_714_953_600_000),
        ("yesterday", 0),
        ("", 0),
        ("99999999999999", 0),
    ],
)
def test_times_of_warc_and_arc(written: str, at: int) -> None:
    assert moment(written) == at
