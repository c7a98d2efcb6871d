"""Who decides what of a question: the index, SQL, or a look at the notice itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crawler.model import Millis
from crawler.repository import visible
from crawler.repository.reader import Reads, dialect_of, rows, strings_among
from crawler.repository.search.facts import Origin, days, placed
from crawler.repository.search.terms import Asking, Both, Either, Expression, rendered, simplified
from crawler.repository.search.texts import DAY
from crawler.text import asked
from crawler.text.asked import All, Is, Node, Span
from crawler.text.words import search_text

NEVER = Either(())
FEW = 24  # sources of a region that the index is asked for; most notices are of one of more


@dataclass(frozen=True, slots=True)
class Plan:
    """`expression`: what the index is asked, None for all rows. `where`, `values`: what SQL decides. `tested`: what is left to be looked at;
    `parted`: only in documents of several rows, where one row does not speak for the others. `span`: places, the last not included."""

    node: Node
    expression: Expression | None
    where: tuple[str, ...]
    values: Mapping[str, Any]
    tested: tuple[Node, ...]
    parted: tuple[Node, ...]
    span: tuple[int, int]
    origins: Mapping[str, Origin]

    def origin(self, source: str) -> Origin:
        """A source as the search sees it."""
        return self.origins.get(source) or Origin(source, "", None, None)


def origins(c: Reads) -> dict[str, Origin]:
    """All sources that the database knows."""
    return {row[0]: Origin(row[0], search_text(row[1]), row[2], row[3]) for row in rows(c, SOURCES, {})}


SOURCES = "SELECT id, title, region, level FROM sources"


def plan(c: Reads, node: Node, known: Mapping[str, Origin]) -> Plan:
    """The plan of a question."""
    low, below = 0, (date.max.toordinal() + 1) << DAY
    where: list[str] = [visible.document("d")]
    values: dict[str, Any] = {}
    rest: list[Node] = []
    for one in node.of if isinstance(node, All) else (node,):
        if isinstance(one, Span) and one.field == "published":
            first, last = days(one)
            low, below = max(low, first << DAY), min(below, (last + 1) << DAY)
        elif isinstance(one, Span):
            where.append(_within(one))
        elif isinstance(one, Is) and one.field == "is":
            where.append(f"d.presence = '{one.value}'")
        elif isinstance(one, Is) and one.field in ("region", "level") and len(ids := _placed(one, known)) > FEW:
            name = f"sources{len(values)}"
            wanted, values[name] = strings_among(c, name, ids)
            where.append(f"s.source {wanted}")
        else:
            rest.append(one)
    expression, tested, parted = _indexed(rest, known)
    if node == asked.NOTHING:
        expression = NEVER
    elif expression is not None:
        values["terms"] = rendered(expression, dialect_of(c)) if expression != NEVER else ""
    return Plan(node, expression, tuple(where), values, tested, parted, (low, below), known)


def _placed(one: Is, known: Mapping[str, Origin]) -> list[str]:
    return sorted(origin.id for origin in known.values() if placed(one, origin))


def _indexed(rest: list[Node], known: Mapping[str, Origin]) -> tuple[Expression | None, tuple[Node, ...], tuple[Node, ...]]:
    """(what the index is asked, what it does not decide, what it decides for a row but not for a document of several)."""
    asking = Asking(tuple(known.values()))
    found, undecided = asking.together(rest)
    expression = simplified(found)
    refused = isinstance(expression, Both) and bool(expression.but)
    return expression, undecided, tuple(one for one in rest if one not in undecided) if refused else ()


def _within(span: Span) -> str:
    first, last = days(span)
    if span.field == "written":
        return f"s.written BETWEEN {first} AND {last}"
    return f"d.first_seen BETWEEN {_start(first)} AND {_start(last + 1) - 1}"


def _start(day_number: int) -> Millis:
    """When a day begins in Beijing, in milliseconds."""
    return (day_number - date(1970, 1, 1).toordinal()) * 86_400_000 - 8 * 3_600_000
