"""A table of the text is a grid: each cell stands where Chromium lays it out, and what lays out a page is no table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crawler.parsers.flat import lay_flat
from crawler.parsers.grid import Grid, read_grids
from crawler.parsers.sheet import Sheet
from crawler.parsers.tree import parse
from crawler.record.normalize import text_digest
from crawler.record.notice import Record
from crawler.text.charset import decode
from tests.parsers.browser import Browser, Laid, running
from tests.parsers.families import BODY, TITLE, page, text
from tests.parsers.test_families import recorded
from tests.parsers.written_tables import TABLES, table, tr

DATA = [name for name, (_, rows, _) in TABLES.items() if rows is not None]
OTHER = [name for name in TABLES if name not in DATA]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tables."""
    with running() as started:
        yield started


def notice(inner: str) -> Record:
    """A notice whose text has this between its third and fourth paragraph."""
    article = f"{text(body=BODY[:3])}{inner}{text(body=BODY[3:])}"
    return recorded(page(f"<h1>{TITLE}</h1><div>发布时间：2021-11-30 来源：某局</div><div class='article'>{article}</div>"))


def squeezed(rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """Without white space."""
    return tuple(tuple("".join(cell.split()) for cell in row) for row in rows)


@pytest.mark.parametrize("name", DATA)
def test_a_table_of_the_text_is_read_cell_by_cell_and_keeps_one_line_a_row(name: str) -> None:
    html, rows, header = TABLES[name]
    made = notice(html)
    outer = made.tables[0]
    assert outer.rows == rows
    assert outer.header == header
    assert made.body[:3] == BODY[:3]
    assert made.body[-2:] == BODY[3:]
    assert outer.at == (4 if outer.caption else 3) + sum(1 for row in outer.rows[:1] if not any(row))
    said = made.body[outer.at : -2]
    full = [row for row in outer.rows if any(row)]
    assert all(set(line.split("\t")) - {""} <= set(row) for line, row in zip(said, full, strict=True))


@pytest.mark.parametrize("name", OTHER)
def test_layouts_and_spans_that_contradict_each_other_give_no_grid(name: str) -> None:
    made = notice(TABLES[name][0])
    assert made.tables == ()
    claimed = made.provenance["tables"].refused if "tables" in made.provenance else ()
    assert any("two cells claim" in said for said in claimed) == ("in one place" in name)


def test_spans_that_do_not_fit_are_named_beside_the_table() -> None:
    made = notice(TABLES["rowspan beyond the last row"][0] + TABLES["a row that ends early"][0])
    assert len(made.tables) == 2
    assert made.provenance["tables"].refused == (
        "table 1: row 2: a cell spans 9 rows, 1 are left",
        "table 2: row 2 has 1 of 3 columns",
    )


def test_every_cell_stands_where_chromium_lays_it_out(browser: Browser) -> None:
    for name in DATA:
        html = page(TABLES[name][0])
        sheet, laid = lay_flat(parse(html)), browser.tables(html)
        for grid in read_grids(sheet, 0):
            assert (name, squeezed(grid.rows)) == (name, laid[number(sheet, grid)].rows)


def test_chromium_too_sees_two_cells_in_one_place_where_we_give_no_grid(browser: Browser) -> None:
    for name in OTHER:
        overlaps = any(item.overlaps for item in browser.tables(page(TABLES[name][0])))
        assert overlaps == ("in one place" in name), name


def test_the_judge_is_a_judge(browser: Browser) -> None:
    (laid,) = browser.tables(TABLES["rowspans interlocked"][0])
    assert laid == Laid((("甲", "乙", "丙"), ("甲", "丁", "丙"), ("戊", "丁", "丙"), ("己", "庚", "辛")), overlaps=False)


def test_the_tables_of_real_pages_stand_where_chromium_lays_them_out(browser: Browser, shared: Path) -> None:
    seen = cells = 0
    for file in sorted((shared / "corpus" / "pages").iterdir()):
        html = decode(file.read_bytes()).text
        sheet = lay_flat(parse(html))
        grids = read_grids(sheet, 0)
        laid = browser.tables(html) if grids else []
        for grid in grids:
            shown = laid[number(sheet, grid)]
            if not any(map(any, shown.rows)):  # its page shows it by a script only
                continue
            assert (file.name, squeezed(grid.rows)) == (file.name, shown.rows)
            seen, cells = seen + 1, cells + sum(map(len, grid.rows))
    assert seen >= 35
    assert cells >= 1500


def number(sheet: Sheet, grid: Grid) -> int:
    """Which of the page's tables it is."""
    return sheet.tags[: grid.place].count("table")


def test_a_row_keeps_its_cells_apart_and_says_each_text_once() -> None:
    made = notice(table(tr("<td rowspan=2>城区</td>", "东街", "<td colspan=2>5</td>") + tr("", "6", "7")))
    assert made.body[3:-2] == ("城区\t东街\t5", "\t\t6\t7")
    assert made.tables[0].rows == (("城区", "东街", "5", "5"), ("城区", "", "6", "7"))


def test_spans_alone_change_no_version() -> None:
    one = notice(table(tr("甲", "<td rowspan=2>乙</td>") + tr("丙")))
    other = notice(table(tr("甲", "乙") + tr("丙", "")))
    assert one.tables != other.tables
    assert text_digest(one) == text_digest(other)


def test_a_table_of_a_million_places_is_refused_and_named() -> None:
    made = notice(table(tr(*["<td rowspan=900 colspan=900>甲</td>"] * 3) + tr("乙", "丙") * 900))
    assert made.tables == ()
    assert "too many cells" in made.provenance["tables"].refused[0]
