"""Many rows of one statement, given to the driver as they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def many(c: Connection, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """A statement with each of many rows, all of the same names; it is written out once and keeps the process's life.

    SQLAlchemy looks at each row's values in turn: twice the time that the driver takes for them. Types that convert values are not for
    here; hot rows have none (`schema.py`).
    """
    if rows:
        made = _written(statement, c.dialect, tuple(rows[0]))
        c.exec_driver_sql(made.text, list(map(made.values, rows)))


@dataclass(frozen=True, slots=True)
class _Written:
    """A statement as the driver takes it, and what it takes of a row."""

    text: str
    values: Callable[[Mapping[str, Any]], Any]


@lru_cache(256)
def _written(statement: Any, dialect: sa.Dialect, names: tuple[str, ...]) -> _Written:
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    assert not compiled.insert_prefetch, "a column whose value is made here"
    fixed = {name: value for name, value in compiled.construct_params(dict.fromkeys(names)).items() if name not in names}
    if not compiled.positional:
        return _Written(str(compiled), (lambda row: {**fixed, **row}) if fixed else dict)
    order = compiled.positiontup
    if fixed:
        return _Written(str(compiled), lambda row: tuple([row[name] if name in row else fixed[name] for name in order]))
    return _Written(str(compiled), itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],))
