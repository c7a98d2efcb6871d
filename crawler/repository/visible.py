"""What is withheld, decided in this one place: every statement that shows something asks by one of these conditions.

SQL text, so that the views, the search (which loads no SQLAlchemy) and all others mean the same. Of a withheld document nothing is shown
but its tombstone: not its records, not the bytes of its address, of its further pages and of the documents it links to, and not those of the list pages that may have
shown its title.
"""


def document(name: str = "documents") -> str:
    """The document of this table's name or alias may be shown. True where an outer join found none."""
    return f"{name}.withheld IS NULL"


def line(change: str = "changes", document_: str = "documents") -> str:
    """What a line of the ledger says may be shown: its document may be, or it is the tombstone itself."""
    return f"({document(document_)} OR {change}.kind IN ('withheld', 'restored'))"


def address(url: str) -> str:
    """Nothing withheld stands at this address (`url`: a column with a row id of `urls`), nor is it a further page of something withheld."""
    return f"{url} NOT IN ({ADDRESSES})"


def capture(number: str, url: str) -> str:
    """The bytes of this capture may be shown (`number`, `url`: columns with its row id and its address's); true where there is no capture."""
    return f"(coalesce({url}, 0) NOT IN ({ADDRESSES}) AND coalesce({number}, 0) NOT IN ({LISTS}))"


# documents that something withheld links to, but for what a notice that is shown links to as well
FILES = """SELECT a.address FROM documents w JOIN versions v ON v.document = w.id JOIN attachments a ON a.version = v.id
    WHERE w.withheld IS NOT NULL AND a.address IS NOT NULL AND NOT EXISTS (SELECT 1 FROM attachments b
        JOIN versions x ON x.id = b.version JOIN documents y ON y.version = x.id AND y.id = x.document
        WHERE b.address = a.address AND y.withheld IS NULL)"""

ADDRESSES = f"""SELECT w.url FROM documents w WHERE w.withheld IS NOT NULL
    UNION SELECT n.url FROM documents w JOIN captures k ON k.url = w.url JOIN continuations n ON n.capture = k.id
    WHERE w.withheld IS NOT NULL
    UNION SELECT f.address FROM ({FILES}) f
    UNION SELECT g.id FROM ({FILES}) f JOIN urls e ON e.id = f.address JOIN urls g ON g.key = e.redirect"""

# a column's pages while it listed something withheld: which of them had its row is not kept
COLUMNS = """SELECT g.source, min(g.first_listed) AS first, max(g.last_listed) AS last
    FROM documents w JOIN urls h ON h.id = w.url JOIN urls u ON u.id = h.id OR u.redirect = h.key JOIN listings g ON g.url = u.id
    WHERE w.withheld IS NOT NULL GROUP BY g.source"""
LISTS = f"""SELECT k.id FROM (SELECT DISTINCT p.url, o.first, o.last FROM ({COLUMNS}) o
    JOIN runs r ON r.source = o.source JOIN list_pages p ON p.run = r.id) q
    JOIN captures k ON k.url = q.url AND k.at BETWEEN q.first AND q.last"""
