"""Two versions of a file differ where a reader sees it: by page and line, by sheet and cell."""

from crawler.record.content import Piece, pack_pieces, pieces_of
from crawler.record.content_diff import between
from crawler.record.tables import Table


def pages(*texts: str, within: str = "") -> list[Piece]:
    """A document of these pages, each with its lines."""
    return [Piece("page", str(number), tuple(text.split("\n")), within=within) for number, text in enumerate(texts, 1)]


def sheet(*rows: str, name: str = "预算", first: int = 1) -> Piece:
    """A sheet of these rows, cells between bars."""
    return Piece(
        "sheet",
        name,
        tuple(row.replace("|", "\t") for row in rows),
        tuple((first + at, tuple(row.split("|"))) for at, row in enumerate(rows)),
    )


def told(before: list[Piece], after: list[Piece]) -> list[tuple[str, str | None, str | None, str | None]]:
    """(place, cell, before, after) of each difference."""
    return [(each.place, each.cell, each.before, each.after) for each in between(before, after)]


def test_a_line_that_changed_is_told_with_its_page_and_the_shortest_difference() -> None:
    before, after = pages("甲\n储备冲锋舟12艘", "乙"), pages("甲\n储备冲锋舟14艘", "乙")
    assert told(before, after) == [("page 1", None, "12", "14")]


def test_what_a_page_pushes_on_to_the_next_is_no_difference() -> None:
    before, after = pages("一\n二\n三", "四"), pages("一\n新的一行\n二", "三\n四")
    assert told(before, after) == [("page 1", None, None, "新的一行")]


def test_what_is_gone_is_told_where_it_was() -> None:
    assert told(pages("一", "二\n三"), pages("一", "三")) == [("page 2", None, "二", None)]
    assert told(pages("一", "二"), pages("一")) == [("page 2", None, "二", None)]
    assert told(pages("一"), []) == [("page 1", None, "一", None)]


def test_white_space_alone_is_no_difference() -> None:
    assert told(pages("储备  12 艘\n\n乙"), pages("储备 12 艘\n乙")) == []
    assert told([sheet("甲|1 ")], [sheet("甲 |1")]) == []


def test_a_cell_that_changed_is_told_by_its_place() -> None:
    before, after = [sheet("品名|数量", "编织袋|36000", "救生衣|400")], [sheet("品名|数量", "编织袋|36500", "救生衣|400")]
    assert told(before, after) == [("预算", "B2", "36000", "36500")]


def test_a_row_put_in_is_one_row_and_not_all_below_it() -> None:
    before = [sheet("品名|数量", "编织袋|36000", "救生衣|400")]
    after = [sheet("品名|数量", "冲锋舟|12", "编织袋|36000", "救生衣|400")]
    assert told(before, after) == [("预算", "A2", None, "冲锋舟"), ("预算", "B2", None, "12")]
    assert told(after, before) == [("预算", "A2", "冲锋舟", None), ("预算", "B2", "12", None)]


def test_a_cell_added_or_emptied_and_a_sheet_that_is_new_or_gone() -> None:
    assert told([sheet("甲|1")], [sheet("甲|1|新")]) == [("预算", "C1", None, "新")]
    assert told([sheet("甲|1")], [sheet("甲|")]) == [("预算", "B1", "1", None)]
    gone = told([sheet("甲"), sheet("乙", name="旧表")], [sheet("甲"), sheet("丙", name="新表")])
    assert sorted(gone, key=str) == [("新表", "A1", None, "丙"), ("旧表", "A1", "乙", None)]


def test_members_of_an_archive_are_compared_with_their_like() -> None:
    before = [*pages("一", within="a.pdf"), *pages("二", within="b.pdf")]
    after = [*pages("二", within="b.pdf"), *pages("一改", within="a.pdf")]
    assert told(before, after) == [("a.pdf page 1", None, "", "改")]


def test_long_files_are_compared_in_no_time() -> None:
    old = pages("\n".join(f"第{n}行" for n in range(20_000)))
    new = pages("\n".join(f"第{n}行" for n in range(20_000) if n != 777))
    assert told(old, new) == [("page 1", None, "第777行", None)]


def test_the_tables_of_a_file_are_stored_with_it() -> None:
    table = Table(0, "物资表", 1, (("品名", "数量"), ("编织袋", "36000")))
    text = Piece("page", "1", ("品名\t数量", "编织袋\t36000"), tables=(table,))
    own = Piece(
        "sheet", "预算", ("甲\t1",), ((1, ("甲", "1")), (4, ("乙",))), tables=(Table(0, "预算", 0, (("甲", "1"), ("乙", ""))),)
    )
    assert pieces_of(pack_pieces([text, own], [], "")) == (text, own)
