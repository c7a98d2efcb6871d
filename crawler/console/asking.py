"""A question as it comes in an address: the same parameters for the API, the pages and the feeds."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query

from crawler.model import Millis, now_ms
from crawler.repository.search.question import EVERYTHING, Only, Question
from crawler.text.beijing import moment


def _word(said: str) -> Any:
    return Query(max_length=200, description=said)


def as_of(written: str | None) -> Millis | None:
    """Until when: of a day its end, in Beijing. Raises UsageError."""
    return moment(written, now_ms(), end=True) if written else None


def since(written: str | None) -> Millis | None:
    """From when: of a day its beginning, in Beijing. Raises UsageError."""
    return moment(written, now_ms(), end=False) if written else None


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
        moment = self.as_of or ""
        return Question(self.q, self.only, self.sort, self.limit, self.after, as_of(moment), moment, counted=True)


def parameters(
    q: Annotated[
        str,
        Query(
            max_length=4000,
            description='Words, "phrases", OR, -not, brackets, fields (title: issuer: no: …).',
            examples=["预算 -通知"],
        ),
    ] = "",
    source: Annotated[str | None, _word("A source's id.")] = None,
    since: Annotated[str | None, _word("Published on this day or later; a month or a year too.")] = None,
    until: Annotated[str | None, _word("Published on this day or before.")] = None,
    written: Annotated[
        str | None, _word("When it says it was written: a day, month or year, or a span as 2024-01..2024-06.")
    ] = None,
    seen: Annotated[str | None, _word("When the archive saw it first, likewise.")] = None,
    presence: Annotated[str | None, _word("here, missing or gone: is it still at its site?")] = None,
    region: Annotated[str | None, _word("Of its source: the digits that its code begins with.")] = None,
    level: Annotated[str | None, _word("Of its source: central, province, city, county or town.")] = None,
    channel: Annotated[str | None, _word("The column that the page says it stands in.")] = None,
    issuer: Annotated[str | None, _word("Who issued it.")] = None,
    category: Annotated[str | None, _word("Its category, as the page says.")] = None,
    genre: Annotated[str | None, _word("What kind of document it is, as the page says.")] = None,
    validity: Annotated[str | None, _word("Whether it is in force, as the page says.")] = None,
    no: Annotated[str | None, _word("Its document number.")] = None,
    has: Annotated[str | None, _word("attachment, table or image: only what has one.")] = None,
    sort: Annotated[str, Query(max_length=20, description="date or relevance")] = "date",
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 20,
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
