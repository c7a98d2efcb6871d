"""A table of a text, a page's or a document's. Frozen; knows nothing else of the record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the text. `at`: the paragraph of its first row; `header`: how many of its rows are its head.

    `rows` are equally long: what spans several rows or columns stands in each of them, an empty cell is an empty string.
    """

    at: int
    caption: str | None
    header: int
    rows: tuple[tuple[str, ...], ...]


def table_json(made: Table) -> dict[str, object]:
    """A table as plain values: of a record, or of a document that it links to."""
    return {"at": made.at, "caption": made.caption, "header": made.header, "rows": [list(row) for row in made.rows]}
