"""What must hold of an archive: as a fault left it, and when it was worked to its end."""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.archive.members import Damage, Member, members
from crawler.archive.reader import open_page
from crawler.archive.recover import looks_of
from crawler.model import Capture, now_ms
from crawler.pipeline.audit import EVERYTHING, Audit
from crawler.repository.database import Database
from crawler.repository.evidence import PASS
from tests.crash.world import Place, Result, asked, result

KEPT = {
    "looks": "SELECT l.record, u.url, l.at, l.outcome FROM looks l JOIN urls u ON u.id = l.url",
    "captures": 'SELECT record, file, "offset", length, payload_digest FROM captures',
    "versions": "SELECT d.public_id, v.n, v.rules, v.text_digest FROM versions v JOIN documents d ON d.id = v.document",
    "ledger": "SELECT seq, kind, source, document, before, after FROM changes",
    "runs": "SELECT source, kind, slot FROM runs",
    "readings": "SELECT capture FROM readings WHERE state <> 'pending'",
    "origins": "SELECT origin FROM origins",
}
TWICE = {
    "looks": "SELECT record FROM looks GROUP BY record HAVING count(*) > 1",
    "captures": 'SELECT file FROM captures GROUP BY file, "offset" HAVING count(*) > 1',
    "versions": "SELECT document FROM versions GROUP BY document, n, rules HAVING count(*) > 1",
    "states": "SELECT v.document FROM versions v JOIN versions w ON w.document = v.document AND w.n = v.n + 1 AND w.text_digest = v.text_digest",
    "documents": "SELECT url FROM documents GROUP BY url, part HAVING count(*) > 1",
    "slots": "SELECT source FROM runs GROUP BY source, kind, slot HAVING count(*) > 1",
    "ledger lines": "SELECT kind FROM changes WHERE document IS NOT NULL GROUP BY kind, document, before, after HAVING count(*) > 1",
    "frontier rows": "SELECT run FROM frontier GROUP BY run, url HAVING count(*) > 1",
}
NEVER = {  # also in the midst of work
    "done without a record": """SELECT r.capture FROM readings r JOIN captures c ON c.id = r.capture WHERE r.state = 'done' AND r.page_kind = 'notice'
        AND NOT EXISTS (SELECT 1 FROM documents d JOIN versions v ON v.document = d.id WHERE d.url = c.url)""",
    "a document without a version": "SELECT id FROM documents d WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.id = d.version AND v.document = d.id)",
    "a version without its line": """SELECT v.id FROM versions v WHERE NOT EXISTS (SELECT 1 FROM changes ch WHERE ch.after = v.id)""",
    "a capture without a look": "SELECT id FROM captures c WHERE NOT EXISTS (SELECT 1 FROM looks l WHERE l.capture = c.id)",
    # what the deadline cut off is kept as evidence, and nobody reads half a page
    "a capture without a reading": """SELECT c.id FROM captures c JOIN urls u ON u.id = c.url JOIN looks l ON l.capture = c.id
        WHERE u.kind IN ('list', 'detail') AND l.outcome IN ('ok', 'same_bytes') AND c.status = 200
        AND NOT EXISTS (SELECT 1 FROM readings r WHERE r.capture = c.id)""",
    "robots.txt believed without a look": """SELECT origin FROM origins o WHERE NOT EXISTS
        (SELECT 1 FROM looks l JOIN urls u ON u.id = l.url WHERE u.url = o.origin || '/robots.txt')""",
}
NOT_AT_THE_END = {
    "readings pending": "SELECT capture FROM readings WHERE state NOT IN ('done', 'unreadable')",
    "readings unreadable": "SELECT capture FROM readings WHERE state = 'unreadable'",
    "runs open": "SELECT id FROM runs WHERE ended IS NULL",
    "addresses to do": "SELECT url FROM frontier WHERE state = 'todo'",
    "queues held": "SELECT name FROM queues WHERE owner IS NOT NULL OR leased_until > 0",
    "processes known as living": "SELECT owner FROM daemons",
    "files open": "SELECT name FROM files WHERE state <> 'closed'",
    "documents not indexed": "SELECT id FROM documents WHERE indexed = 0",
}


@dataclass(frozen=True, slots=True)
class Left:
    """What a fault left: every row that was acknowledged, and what was wrong already."""

    rows: dict[str, Counter[tuple[Any, ...]]]
    wrong: tuple[str, ...]


def look(place: Place) -> Left:
    """The archive as it stands, untouched."""
    if not (place.data / "gongkai.db").exists():
        return Left({}, ())
    with place.rows() as c:
        wrong = sound(c)
        return Left({name: Counter(asked(c, query)) for name, query in KEPT.items()}, tuple(wrong))


def sound(c: sqlite3.Connection) -> list[str]:
    """Is the database whole, and does it hold nothing twice and nothing half?"""
    wrong = [f"integrity: {row[0]}" for row in c.execute("PRAGMA integrity_check") if row[0] != "ok"]
    wrong += [f"foreign key: {row}" for row in c.execute("PRAGMA foreign_key_check")]
    wrong += [f"{what} twice: {len(rows)}" for what, query in TWICE.items() if (rows := asked(c, query))]
    return wrong + [f"{what}: {rows[:3]}" for what, query in NEVER.items() if (rows := asked(c, query))]


def finished(place: Place, left: Left, expected: Result | None) -> list[str]:
    """What does not hold of an archive that was worked to its end; `expected`: what it must say."""
    wrong = list(left.wrong)
    with place.rows() as c:
        wrong += sound(c)
        wrong += [f"{what}: {rows[:3]}" for what, query in NOT_AT_THE_END.items() if (rows := asked(c, query))]
        wrong += vanished(c, left)
        wrong += bytes_of(place, c)
        if expected is not None:
            found = result(c)
            wrong += [f"{what}: {_apart(found[what], expected[what])}" for what in expected if found[what] != expected[what]]
    return wrong


def vanished(c: sqlite3.Connection, left: Left) -> list[str]:
    """What was there and is no more."""
    gone = {name: before - Counter(asked(c, KEPT[name])) for name, before in left.rows.items()}
    return [f"vanished of {name}: {sorted(lost, key=str)[:2]}" for name, lost in gone.items() if lost]


def _apart(found: list[Any], wanted: list[Any]) -> str:
    more, less = [row for row in found if row not in wanted], [row for row in wanted if row not in found]
    return f"not as undisturbed: {len(more)} more {more[:2]}, {len(less)} less {less[:2]}"


def bytes_of(place: Place, c: sqlite3.Connection) -> list[str]:
    """Files walked from end to end, and against the rows, both ways."""
    wrong: list[str] = []
    said: set[tuple[str, str]] = set()
    ids: Counter[str] = Counter()
    refers: dict[str, str] = {}
    for path in sorted(place.archive.iterdir()) if place.archive.is_dir() else []:
        if path.name.endswith(".torn"):
            continue
        if path.name.endswith(".born"):  # of a process killed while it began: taken away after a minute
            continue
        if not path.name.endswith(".warc.gz"):
            wrong.append(f"left behind: {path.name}")
            continue
        found, lost = walked(path)
        wrong += [f"damaged: {damage}" for damage in lost]
        ids.update(member.record.id for member in found)
        refers |= {m.record.id: m.record.headers["warc-refers-to"] for m in found if m.record.type == "revisit"}
        said |= {(kept.look, path.name) for kept in looks_of(found, path.name)}
    wrong += [f"record twice: {record}" for record, count in ids.items() if count > 1]
    wrong += [f"revisit {record} without its original" for record, to in refers.items() if to not in ids]
    kept = {row[0] for row in asked(c, "SELECT record FROM looks")}
    wrong += [f"look without its record: {record}" for record in sorted(kept - {record for record, _ in said})][:3]
    wrong += [f"record without its look: {record}" for record in sorted({record for record, _ in said} - kept)][:3]
    return wrong + captures_of(place, c)


def walked(path: Path) -> tuple[list[Member], list[Damage]]:
    """The records of a file, and what is damaged."""
    lost: list[Damage] = []
    with path.open("rb") as file:
        found = list(members(file, 0, lost, path.name))
    if not found or found[0].record.type != "warcinfo":
        lost.append(Damage(path.name, 0, path.stat().st_size, "no warcinfo"))
    return found, lost


def captures_of(place: Place, c: sqlite3.Connection) -> list[str]:
    """Captures whose bytes are not at their place with the right digest."""
    wrong = []
    rows = asked(
        c,
        'SELECT c.id, c.record, u.url, c.at, c.file, c."offset", c.length, c.type, c.payload_digest, c.media_type, c.status, c.original '
        "FROM captures c JOIN urls u ON u.id = c.url",
    )
    held = {row[0]: Capture(*row[1:11]) for row in rows}
    original = {row[0]: row[11] for row in rows}
    for number, capture in held.items():
        try:
            open_page(place.archive, capture, held.get(original[number]))
        except Exception as error:
            wrong.append(f"capture {number}: {error}")
    return wrong


def audited(place: Place) -> list[str]:
    """What `gongkai audit` finds; the same code, in this process."""
    database = Database(f"sqlite:///{place.data / 'gongkai.db'}")
    try:
        checked = list(Audit(database, place.archive, EVERYTHING, "tests.crash", now_ms).run())
    finally:
        database.close()
    return [f"audit: {one.object}: {one.outcome} {list(map(str, one.troubles))[:3]}" for one in checked if one.outcome != PASS]
