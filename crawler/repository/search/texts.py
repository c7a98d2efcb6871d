"""What of a record is searched, and under which key: the day of publication, then the row's number within the day.

So the newest come first without sorting, and neighbours in a list of matches differ by little: an index of 1,000 notices takes
4.6 kB each, where the document's id in the key's place took 11.
"""

from collections.abc import Iterator

from crawler.text.words import OVERLAP, parts, tokens

DAY = 16  # bits of a place behind its day: so many rows of one day keep their order, the rest stands with what has no date
MOST_PARTS = 256  # of a document, about 30 million characters: the rest is not searched
LARGEST = (1 << 20) - 1  # bytes of words in a tsvector
LONGEST_TITLE = 2000  # characters of a title that are searched


def texts(title: str, body: str) -> list[tuple[str, str]]:
    """(title, text) of each part of a document, of its texts as they are searched; the title stands in each, so that it may be asked for
    together with words of any."""
    return [(title[:LONGEST_TITLE], text) for _, text in zip(range(MOST_PARTS), _parts(body), strict=False)]


def _parts(body: str) -> Iterator[str]:
    """Parts whose words fit into a tsvector: 120,000 characters do, unless most of them lie outside the basic plane."""
    for part in parts(body):
        spare = LARGEST - 3 * 4 * LONGEST_TITLE
        if 3 * len(part.encode()) <= spare or sum(len(token.encode()) for token in tokens(part)) <= spare:
            yield part
        else:
            middle = len(part) // 2
            yield part[: middle + OVERLAP]
            yield part[middle:]
