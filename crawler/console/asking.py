"""A question as it comes in an address: the same parameters for the API, the pages and the feeds."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query

from crawler.errors import UsageError
from crawler.model import Millis, now_ms
from crawler.repository.search.question import EVERYTHING, Only, Question
from crawler.text.beijing import BEIJING

AGO = re.compile(r"(\d{1,6})([mhdw])")
UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
Word = Annotated[str | None, Query(max_length=200)]


def as_of(written: str | None) -> Millis | None:
    """A moment: a day (its end, in Beijing), ISO 8601, or a span that is ago. Raises UsageError."""
    if not written:
        return None
    ago = AGO.fullmatch(written)
    if ago:
        return now_ms() - int(ago[1]) * UNITS[ago[2]]
    try:
        found = datetime.fromisoformat(written)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC) - BEIJING
        at = int(found.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{written[:40]!r} is no moment", remedy="write 2024-05-31, 2024-05-31T12:00:00+08:00, or 7d for a week ago"
        ) from error
    return at + 86_400_000 - 1 if len(written) == 10 else at


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a search takes; names as in the query language."""

    q: str = ""
    only: Only = EVERYTHING
    sort: str = "date"
    limit: int = 20
    after: str | None = None
    as_of: str | None = None

    def question(self) -> Question:
        """The question. Raises UsageError."""
        return Question(self.q, self.only, self.sort, self.limit, self.after, as_of(self.as_of), counted=True)


def parameters(
    q: Annotated[
        str,
        Query(
            max_length=4000,
            description='Words, "phrases", OR, -not, brackets, fields (title: issuer: no: …).',
            examples=["预算 -通知"],
        ),
    ] = "",
    source: Word = None,
    since: Word = None,
    until: Word = None,
    written: Word = None,
    seen: Word = None,
    presence: Word = None,
    region: Word = None,
    level: Word = None,
    channel: Word = None,
    issuer: Word = None,
    category: Word = None,
    genre: Word = None,
    validity: Word = None,
    no: Word = None,
    has: Word = None,
    sort: Annotated[str, Query(max_length=20, description="date or relevance")] = "date",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    after: Annotated[str | None, Query(max_length=60, description="`next` of an earlier answer.")] = None,
    when: Annotated[str | None, Query(alias="as_of", max_length=40, description="What the archive knew then.")] = None,
) -> Parameters:
    """The parameters of a search, from the address."""
    only = Only(
        source=source or None, since=since or None, until=until or None, presence=presence or None, region=region or None, level=level or None,
        channel=channel or None, issuer=issuer or None, category=category or None, genre=genre or None, validity=validity or None, no=no or None,
        has=has or None, written=written or None, seen=seen or None,
    )  # fmt: skip
    return Parameters(q, only, sort, limit, after or None, when or None)


Asked = Annotated[Parameters, Depends(parameters)]
