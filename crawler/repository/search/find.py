"""A question's answer: hits in their order, how many there are, and of what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from crawler.repository.reader import Reads, among, rows
from crawler.repository.search import as_of, attached, relevance
from crawler.repository.search.attached import HeldFile
from crawler.repository.search.facets import Facets, count, facets
from crawler.repository.search.facts import needs_files
from crawler.repository.search.matches import Match, Matches
from crawler.repository.search.plan import Plan, origins, plan
from crawler.repository.search.question import Question, cursor, mark_of, meaning, place_of


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that matches: its public id and what a list of results shows of its version.

    `source` is the configured source, `origin` what the page names as 来源. `first_seen`, `last_seen` in
    milliseconds. `record`: packed (`record.frame`). `files`: what it links to, where words were asked for.
    """

    id: str
    version: int
    title: str
    published: str | None
    doc_no: str | None
    issuer: str | None
    channel: str | None
    origin: str | None
    url: str
    source: str
    presence: str
    first_seen: int
    last_seen: int
    record: bytes
    files: tuple[HeldFile, ...] = ()


def hit_values(hit: Hit) -> dict[str, Any]:
    """What a list of results says of a hit to programs."""
    return {
        "id": hit.id,
        "version": hit.version,
        "title": hit.title,
        "published": hit.published,
        "source": hit.origin,
        "archive_source": hit.source,
        "doc_no": hit.doc_no,
        "issuer": hit.issuer,
        "channel": hit.channel,
        "url": hit.url,
        "presence": hit.presence,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits in their order. `next`: what to give as `after` for those that follow, None at the end.

    `total`: how many there are, None where nobody asked; not `exact`: at least so many. `facets`: field → (value, how many) of those
    that were counted, the most frequent first.
    """

    rows: tuple[Hit, ...]
    next: str | None
    total: int | None = None
    exact: bool = True
    facets: Facets | None = None


def find(c: Reads, question: Question) -> Answer:
    """Documents that the question means; the same answer on both databases.

    A notice without a date is in no span of days. A query without letter or digit finds nothing; an empty one finds all that the
    rest of the question leaves. Raises UsageError for what cannot be understood, and for a cursor of another question.
    """
    node = meaning(question)
    mark = mark_of(question, node)
    after, moment = place_of(question.after, mark)
    if moment is not None and question.as_of is not None:
        question = replace(question, as_of=moment)  # all pages are of one moment
    made = plan(c, node, origins(c))
    if question.as_of is not None:
        then, whole = as_of.known_then(c, made, question.as_of)
        return _page(c, question, (made, mark), [(one.document, one.version, one.presence) for one in then], whole, None)
    if question.sort == "relevance":
        ranked, whole = relevance.ranked(c, made)
        counted = facets(made, ranked) if question.counted else None
        return _page(c, question, (made, mark), [(row.document, row.version, row.presence) for row in ranked], whole, counted)
    return _by_date(c, question, made, mark, after)


def _by_date(c: Reads, question: Question, made: Plan, mark: str, after: int | None) -> Answer:
    counted = count(c, made) if question.counted else None
    if counted is not None and after is None and (counted.exact or counted.total > question.limit):
        found: Iterable[Match] = counted.found  # the first page was read to be counted
    elif counted is not None and after is None:
        rest = Matches(c, made, (made.span[0], counted.reached)).read(question.limit + 1)  # nothing is looked at twice
        found = chain(counted.found, rest)
    else:
        low, below = made.span
        found = Matches(c, made, (low, below if after is None else min(below, after))).read(question.limit + 1)
    firsts: dict[int, Match] = {}  # document → its first row; other parts of it are no hits of their own
    for row in found:
        firsts.setdefault(row.document, row)
        if len(firsts) > question.limit:
            break
    shown = list(firsts.values())[: question.limit]
    following = cursor(shown[-1].place - shown[-1].part, mark) if shown and len(firsts) > question.limit else None
    hits = _hits(c, [(row.document, row.version, row.presence) for row in shown], question, made)
    if counted is None:
        return Answer(hits, following)
    return Answer(hits, following, counted.total, counted.exact, counted.facets)


def _page(
    c: Reads,
    question: Question,
    how: tuple[Plan, str],
    found: Sequence[tuple[int, int, str]],
    whole: bool,
    counted: Facets | None,
) -> Answer:
    """A page of a list that was made whole; its cursor is how many stand before it. `how`: the plan, and what its cursors carry."""
    made, mark = how
    first = place_of(question.after, mark)[0] or 0
    end = first + question.limit
    following = cursor(end, mark, question.as_of) if end < len(found) else None
    return Answer(_hits(c, found[first:end], question, made), following, len(found), whole, counted)


def _hits(c: Reads, found: Sequence[tuple[int, int, str]], question: Question, made: Plan) -> tuple[Hit, ...]:
    """What is shown of (document, version, presence), in the order given."""
    wanted, ids = among(c, "ids", [version for _, version, _ in found])
    held: dict[int, tuple[Any, ...]] = {row[0]: tuple(row)[1:] for row in rows(c, f"{HIT} WHERE v.id {wanted}", {"ids": ids})}
    files = attached.held(c, [version for _, version, _ in found], question.as_of) if needs_files(made.node) else {}
    return tuple(
        replace(Hit(*(*held[version][:10], presence, *held[version][10:])), files=files.get(version, ()))
        for _, version, presence in found
    )


HIT = """SELECT v.id, d.public_id, v.n, v.title, v.published, v.doc_no, v.issuer, v.channel, v.source, u.public_url, d.source,
    d.first_seen, d.last_seen, v.record FROM versions v JOIN documents d ON d.id = v.document JOIN urls u ON u.id = d.url"""
