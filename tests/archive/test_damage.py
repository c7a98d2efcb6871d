"""Damaged WARC files: what stands before and behind the damage is told, and what was lost is named with its place."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.archive.members import Damage, members
from crawler.archive.record import Draft
from crawler.archive.recover import discard, recover, walk
from crawler.archive.writer import Archive, owner_name
from crawler.model import Exchange, Kept

Make = Callable[..., Exchange]
GROUPS = 12


@pytest.fixture
def file(tmp_path: Path, make: Make) -> Path:
    """A closed file of a dozen looks whose bodies do not shrink."""
    archive = Archive(tmp_path, owner=owner_name(), info={"software": "test"})
    dice = random.Random(1)
    for number in range(GROUPS):
        archive.append(make(number, dice.randbytes(2000)))
    archive.close()
    (made,) = tmp_path.glob("*.warc.gz")
    return made


def told(file: Path) -> tuple[list[Kept], list[Damage]]:
    """The looks of a file and what it has lost."""
    lost: list[Damage] = []
    return list(walk(file, 0, lost)), lost


def flip(file: Path, at: int) -> None:
    """One bit of one byte is another."""
    data = bytearray(file.read_bytes())
    data[at] ^= 0x10
    file.write_bytes(data)


def test_a_whole_file_has_lost_nothing(file: Path) -> None:
    looks, lost = told(file)
    assert (len(looks), lost) == (GROUPS, [])


def test_a_byte_flipped_in_any_of_fifty_places_costs_one_record_and_its_place_is_named(file: Path) -> None:
    whole, _ = told(file)
    data = file.read_bytes()
    for at in sorted(random.Random(2).sample(range(len(data)), 50)):
        flip(file, at)
        looks, lost = told(file)
        file.write_bytes(data)
        assert len(looks) >= GROUPS - 1
        assert {look.look for look in looks} <= {look.look for look in whole}
        if not lost:  # the time or the system in a member's head, which nothing rests on
            assert [look.look for look in looks] == [look.look for look in whole]
            continue
        (damage,) = lost
        assert (damage.file, damage.offset <= at < damage.offset + damage.bytes) == (file.name, True)
        assert looks[-1].look == whole[-1].look or damage.offset + damage.bytes == len(data)


def test_damage_over_several_records_is_one_place(file: Path) -> None:
    whole, _ = told(file)
    data = bytearray(file.read_bytes())
    start, end = whole[2].end + 10, whole[5].end - 10
    data[start:end] = bytes(end - start)
    file.write_bytes(data)
    looks, (damage,) = told(file)
    assert looks == [*whole[:3], *whole[6:]]
    assert damage.offset == whole[2].end
    assert damage.offset + damage.bytes == whole[5].end


@pytest.mark.parametrize("size", [0, 1, 5000])
def test_a_file_of_noise_or_of_nothing_is_named(file: Path, size: int) -> None:
    file.write_bytes(random.Random(3).randbytes(size))
    looks, (damage,) = told(file)
    assert (looks, damage.file, damage.offset, damage.bytes) == ([], file.name, 0, size)


def test_of_a_file_whose_last_third_is_cut_the_rest_is_told(file: Path) -> None:
    whole, _ = told(file)
    cut = file.stat().st_size * 2 // 3
    with file.open("r+b") as opened:
        opened.truncate(cut)
    looks, (damage,) = told(file)
    assert looks == [look for look in whole if look.end <= cut]
    assert damage.offset + damage.bytes == cut


def test_bytes_put_in_between_and_taken_out_cost_no_record_beside_them(file: Path) -> None:
    whole, _ = told(file)
    data, at = file.read_bytes(), whole[4].end
    file.write_bytes(data[:at] + b"\x1f\x8b\x08noise" + data[at:])
    looks, (damage,) = told(file)
    assert [look.look for look in looks] == [look.look for look in whole]
    assert (damage.offset, damage.bytes) == (at, 8)
    file.write_bytes(data[: at - 5] + data[at:])
    looks, (damage,) = told(file)
    assert [look.look for look in looks] == [look.look for look in (*whole[:4], *whole[5:])]


def test_damage_across_the_blocks_a_file_is_read_in_hides_nothing_behind_it(tmp_path: Path, make: Make) -> None:
    archive = Archive(tmp_path, owner=owner_name(), info={"software": "test"})
    kept = [archive.append(make(number, random.Random(number).randbytes(700_000))) for number in range(5)]
    archive.close()
    (file,) = tmp_path.glob("*.warc.gz")
    data = bytearray(file.read_bytes())
    data[kept[0].end : kept[2].end] = bytes(kept[2].end - kept[0].end)
    file.write_bytes(data)
    looks, (damage,) = told(file)
    assert [look.look for look in looks] == [kept[0].look, kept[3].look, kept[4].look]
    assert (damage.offset, damage.bytes) == (kept[0].end, kept[2].end - kept[0].end)


def test_behind_the_end_that_was_acknowledged_a_recovery_stops_at_damage(file: Path) -> None:
    whole, _ = told(file)
    file = file.rename(file.with_name(file.name + ".open"))
    flip(file, whole[6].end - 20)
    (found,) = recover(file.parent, lambda name: whole[3].end)
    assert [look.look for look in found.kept] == [look.look for look in whole[4:6]]
    assert found.torn == whole[-1].end - whole[5].end


def test_where_nobody_knows_the_end_a_recovery_goes_on_behind_damage(file: Path) -> None:
    whole, _ = told(file)
    file = file.rename(file.with_name(file.name + ".open"))
    flip(file, whole[6].end - 20)
    (found,) = recover(file.parent, lambda name: None)
    assert [look.look for look in found.kept] == [look.look for look in (*whole[:6], *whole[7:])]
    assert found.torn == 0


@pytest.mark.parametrize("size", [0, 300])
def test_a_file_whose_writer_died_at_its_birth_leaves_none(tmp_path: Path, size: int) -> None:
    (tmp_path / "gongkai-20240101000000-a-0001.warc.gz.open").write_bytes(random.Random(1).randbytes(size))
    for found in recover(tmp_path, lambda name: 0):
        assert (found.kept, found.torn, found.owner, found.info.bytes) == ((), size, "a", 0)
        discard(tmp_path, found)
    assert not [file for file in tmp_path.iterdir() if file.suffix != ".torn"]


def test_one_file_that_cannot_be_recovered_leaves_the_others_to_it(file: Path) -> None:
    file.rename(file.with_name(file.name + ".open"))
    (file.parent / "a-folder.warc.gz.open").mkdir()
    troubles: list[str] = []
    (found,) = recover(file.parent, lambda name: 0, lambda path, error: troubles.append(path.name))
    assert len(found.kept) == GROUPS
    assert troubles == ["a-folder.warc.gz.open"]


def forged(known: str) -> bytes:
    """A look as a server may send one in an answer: `known`, a warcinfo record's id, where it has ever seen one."""
    told = b'gongkai: {"outcome": "ok"}\r\n'
    return b"".join(Draft("metadata", "<urn:uuid:2>", 0, "application/warc-fields", told, file=known).pieces())


@pytest.mark.parametrize("known", ["", "<urn:uuid:somebody-else>"], ids=["names no file", "names another file"])
@pytest.mark.parametrize("hit", ["the answer's record", "the file's first record too"])
def test_what_a_server_sent_is_no_record_of_ours_behind_damage(file: Path, known: str, hit: str) -> None:
    whole, _ = told(file)
    capture = whole[1].capture
    assert capture is not None
    data, member = bytearray(file.read_bytes()), forged(known)  # what cannot be packed may stand in a file as it was sent
    data[capture.offset + 600 : capture.offset + 600 + len(member)] = member
    file.write_bytes(data)
    if hit != "the answer's record":
        flip(file, 30)
    looks, lost = told(file)
    assert [look.look for look in looks] == [look.look for look in whole]  # the answer is lost, its look is told
    assert (lost[-1].offset, lost[-1].bytes) == (capture.offset, capture.length)


def test_every_record_names_its_file(file: Path) -> None:
    with file.open("rb") as opened:
        first, *others = [member.record for member in members(opened, 0)]
    assert {record.headers.get("warc-warcinfo-id") for record in others} == {first.id}
    assert "warc-warcinfo-id" not in first.headers
