"""By relevance: what has the words in its title, then what speaks of them most. Deterministic, the same on both databases."""

from collections.abc import Iterable, Sequence
from itertools import islice

from crawler.record.frame import searched
from crawler.repository.reader import Reads
from crawler.repository.search import attached
from crawler.repository.search.matches import Match, Matches, records
from crawler.repository.search.plan import Plan, plan
from crawler.text.asked import All, Any, Node, Words, leaves
from crawler.text.words import Phrase

RANKED = 400  # of the newest that fit, and as many of those that have the words in their title
TESTS = 800  # rows whose text is looked at for each of the two
TITLE, BODY = 4.0, 1.0  # weight of a phrase in the title and in the text
TYPICAL = 1500  # characters of search text of a usual notice; what is longer speaks of much


def ranked(c: Reads, wanted: Plan) -> tuple[list[Match], bool]:
    """(the best first, are these all). What is as good stands newest first."""
    newest = Matches(c, wanted, wanted.span)
    found = {row.document: row for row in islice(newest.read(RANKED + 1, most_tests=TESTS), RANKED + 1)}
    whole = len(found) <= RANKED and not newest.cut
    if not whole:
        titled = plan(c, _titled(wanted.node), wanted.origins)
        found |= {row.document: row for row in islice(Matches(c, titled, titled.span).read(RANKED, most_tests=TESTS), RANKED)}
    phrases = [leaf.phrase for leaf in leaves(wanted.node) if isinstance(leaf, Words) and leaf.field in ("text", "title")]
    held = records(c, [row.version for row in found.values()])
    files = attached.indexed(c, list(found)) if phrases else {}
    scores = {
        row.document: score(*_with(searched(held[row.version]), files.get(row.document, ())), phrases) for row in found.values()
    }
    return sorted(found.values(), key=lambda row: (-scores[row.document], -row.place)), whole


def _with(own: tuple[str, str], files: Sequence[str]) -> tuple[str, str]:
    """Title and text of a notice, the latter with those of the documents it links to."""
    return own[0], "|".join((own[1], *files))


def _titled(node: Node) -> Node:
    """The same question, its words asked of titles."""
    if isinstance(node, All):
        return All(tuple(map(_titled, node.of)))
    if isinstance(node, Any):
        return Any(tuple(map(_titled, node.of)))
    return Words(node.phrase, "title", node.raw) if isinstance(node, Words) and node.field == "text" else node


def score(title: str, body: str, phrases: Iterable[Phrase] | Sequence[Phrase]) -> float:
    """How much a notice speaks of phrases: in a title the more, the more of it they are; in a text by how often, which saturates."""
    total = 0.0
    for phrase in phrases:
        if phrase.text in title:
            total += TITLE * (1 + len(phrase.text) / max(1, len(title)))
        often = body.count(phrase.text)
        total += BODY * often / (often + 0.5 + len(body) / TYPICAL)
    return round(total, 6)
