"""XLS (and WPS's ET) and XLSB by calamine (Rust)."""

import io
from datetime import date, datetime, time, timedelta
from typing import Any

from crawler.parsers.attached.said import NoText, Reading, Section, row_line
from crawler.parsers.attached.sheets import shown


def reader() -> str:
    """What reads, with its version."""
    from importlib.metadata import version

    return f"sheets 1 (python-calamine {version('python-calamine')})"


def read(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """The sheets of a workbook. Raises NoText: encrypted, damaged."""
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except python_calamine.CalamineError as error:
        is_locked = "password" in str(error).lower() or type(error).__name__ == "PasswordError"
        raise NoText("encrypted" if is_locked else f"damaged: {error}") from error
    found = []
    for number, held in enumerate(book.sheets_metadata):
        if number >= reading.limits.sheets or reading.cut:
            reading.cut = reading.cut or f"cut: more than {reading.limits.sheets} sheets"
            break
        if "visible" not in str(held.visible).lower():
            reading.flag(f"a hidden sheet: {held.name}")
        try:
            sheet = book.get_sheet_by_name(held.name)
        except python_calamine.CalamineError as error:
            reading.flag(f"a sheet that cannot be read: {held.name}: {error}")
            continue
        found.append(_sheet(sheet, held.name, reading))
    return tuple(found)


def _sheet(sheet: Any, name: str, reading: Reading) -> Section:
    rows: list[tuple[int, list[str]]] = []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        reading.cells += len(cells)
        if reading.cells > reading.limits.cells:
            reading.cut = f"cut: more than {reading.limits.cells} cells"
            break
        made = [_value(cell) for cell in cells]
        while made and not made[-1]:
            made.pop()
        if made:
            rows.append((number, made))
    lines = reading.kept([row_line(cells) for _, cells in rows])
    return Section("sheet", name, lines, _expanded(rows, sheet.merged_cell_ranges or (), reading))


def _expanded(rows: list[tuple[int, list[str]]], merged: Any, reading: Reading) -> tuple[tuple[int, tuple[str, ...]], ...]:
    held = {number: list(cells) for number, cells in rows}
    for (top, left), (bottom, right) in merged:
        value = held[top + 1][left] if top + 1 in held and left < len(held[top + 1]) else ""
        reading.cells += (bottom - top + 1) * (right - left + 1) if value else 0
        if reading.cells > reading.limits.cells:
            reading.cut = f"cut: more than {reading.limits.cells} cells"
            break
        for number in range(top + 1, bottom + 2) if value else ():
            cells = held.setdefault(number, [])
            cells += [""] * (right + 1 - len(cells))
            cells[left : right + 1] = [value] * (right - left + 1)
    return tuple((number, tuple(cells)) for number, cells in sorted(held.items()))


def _value(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return shown(repr(cell))
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d" if (cell.hour, cell.minute, cell.second) == (0, 0, 0) else "%Y-%m-%d %H:%M:%S")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return " ".join(str(cell).split())
