"""Is this the page a site shows for what it has not? By comparison with what it showed for an address that cannot exist. Pure.

A page is that page when it has no words of its own. Likeness alone proves nothing: beside the frame of a site, a short notice is a few
lines among a hundred.
"""

import re

from crawler.parsers.flat import lay_flat
from crawler.parsers.tree import parse

NO_WORDS = re.compile(r"[\W\d_年月日时分秒星期一二三四五六七八九十]+|(?i:gongkai|html?|jsp|aspx?|https?|www)")
MOST_OWN = 3  # letters or characters that are not on the other page
LEAST_SHARED = 0.8  # of the other page's lines


def resembles(source: str, shown: str) -> str:
    """Why a page is what the site shows for nothing (`shown`); empty when it is not."""
    ours, theirs = _lines(source), _lines(shown)
    if not theirs or not ours:
        return ""
    own = sum(len(words) for words in ours - theirs)
    shared = len(theirs & ours) / len(theirs)
    if own > MOST_OWN or shared < LEAST_SHARED:
        return ""
    return f"the page shown for an address that cannot exist: {round(shared * 100)}% of its lines, {own} characters of its own"


def _lines(source: str) -> set[str]:
    """The words of the page's lines: numbers, dates and what an address is made of say nothing."""
    return {words for line in lay_flat(parse(source)).lines if (words := NO_WORDS.sub("", line.plain))}
