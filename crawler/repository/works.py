"""Works: the act behind documents. Documents that share a match digest, in any version, are one work; its id is its earliest member's.

So the grouping is a closure over what has been seen, and does not depend on the order in which it was settled.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crawler.model import Millis
from crawler.repository import schema as t
from crawler.repository.database import chunks, ignoring
from crawler.repository.many import many


@dataclass(frozen=True, slots=True)
class Member:
    """A document of a work."""

    document: int
    public_id: str
    first_seen: Millis


@dataclass(slots=True)
class Works:
    """The works that a batch may touch, while it is folded, and what becomes of them.

    `by_digest`: match digest → documents that ever had it; `work_of`: document → work; `members`: work → its documents.
    """

    by_digest: dict[str, set[int]] = field(default_factory=dict)
    work_of: dict[int, int] = field(default_factory=dict)
    members: dict[int, list[Member]] = field(default_factory=dict)
    made: dict[int, str] = field(default_factory=dict)
    joined: dict[int, int] = field(default_factory=dict)  # work that is no more → the one its documents belong to
    named: set[int] = field(default_factory=set)  # works whose id may be another member's now
    copies: list[tuple[int, int, Millis]] = field(default_factory=list)  # (document, the first of the same text, when)

    def new(self, work: int, member: Member) -> None:
        """A work of one: every document has one from the start."""
        self.made[work] = member.public_id
        self.members[work] = [member]
        self.work_of[member.document] = work

    def link(self, document: int, match_digest: str, at: Millis) -> None:
        """Join the works of all documents that ever had this digest; remember why."""
        same = self.by_digest.setdefault(match_digest, set())
        others = same - {document}
        same.add(document)
        if not others:
            return
        self.copies.append((document, min(others), at))
        works = {self.work_of[number] for number in same}
        keep = min(works)
        for work in works - {keep}:
            self.members[keep] += self.members.pop(work)
            self.joined[work] = keep
        for member in self.members[keep]:
            self.work_of[member.document] = keep
        if len(works) > 1:
            self.named.add(keep)

    def public_id(self, work: int) -> str:
        """The id of its earliest member (first seen, then id)."""
        return min(self.members[work], key=lambda member: (member.first_seen, member.public_id)).public_id


_d, _v = t.documents.c, t.versions.c
SAME = (
    sa.select(_v.match_digest, _v.document, _d.work)
    .join(t.documents, _d.id == _v.document)
    .where(_v.match_digest.in_(sa.bindparam("digests", expanding=True)))
    .distinct()
)
MEMBERS = sa.select(_d.work, _d.id, _d.public_id, _d.first_seen).where(_d.work.in_(sa.bindparam("works", expanding=True)))
INSERT = t.works.insert()
JOIN = t.documents.update().where(_d.work == sa.bindparam("b_work")).values(work=sa.bindparam("b_into"))
DROP = t.works.delete().where(t.works.c.id == sa.bindparam("b_work"))
NAME = t.works.update().where(t.works.c.id == sa.bindparam("b_work")).values(public_id=sa.bindparam("b_public_id"))
COPY = ignoring(t.relations)


def load(c: Connection, digests: Collection[str], documents: Iterable[tuple[int, int]]) -> Works:
    """The works of all documents that ever had one of these digests, and of these (document, work)."""
    found = Works()
    for some in chunks(sorted(digests)):
        for row in c.execute(SAME, {"digests": some}):
            found.by_digest.setdefault(row.match_digest, set()).add(row.document)
            found.work_of[row.document] = row.work
    found.work_of.update(documents)
    for numbers in chunks(sorted(set(found.work_of.values()))):
        for member in c.execute(MEMBERS, {"works": numbers}):
            found.members.setdefault(member.work, []).append(Member(member.id, member.public_id, member.first_seen))
            found.work_of[member.id] = member.work
    return found


def insert(c: Connection, works: Works) -> None:
    """Append new works; documents refer to them."""
    rows = [{"id": work, "public_id": public_id} for work, public_id in works.made.items()]
    if rows:
        many(c, INSERT, rows)


def save(c: Connection, works: Works) -> None:
    """Join works and remember the copies. After the documents: they move from one work to the other."""
    gone: Sequence[int] = list(works.joined)
    if gone:
        c.execute(JOIN, [{"b_work": work, "b_into": _last(works, work)} for work in gone])
        c.execute(DROP, [{"b_work": work} for work in gone])
    kept = sorted(work for work in works.named if work not in works.joined)
    if kept:
        c.execute(NAME, [{"b_work": work, "b_public_id": works.public_id(work)} for work in kept])
    rows: list[dict[str, object]] = [
        {"document": document, "other": other, "kind": "copy", "reason": "match_digest", "score": 1.0, "at": at}
        for document, other, at in works.copies
    ]
    if rows:
        c.execute(COPY(c), rows)


def _last(works: Works, work: int) -> int:
    while work in works.joined:
        work = works.joined[work]
    return work
