"""Who is believed: for every field its witnesses in order, why that order, what each is known to lie about, and how sure the result is.

A witness is (rule, the page's own text). The first that speaks wins; those that say something else are kept in the provenance. All that
is known of a field's lies stands here and in `meta.py`, nowhere else.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crawler.parsers.tree import squeeze
from crawler.record.notice import Witness
from crawler.text.dates import read_date
from crawler.text.fold import fold

Said = tuple[str, str | None]

# Strongest first.
ORDER: dict[str, tuple[str, ...]] = {
    # what a reader is told is the date beats what a system stores: PubDate is the time of building in one family, of migration or of
    # a 12-hour clock in others (minutes to years late). A labelled date far from the title may be another notice's. An address is
    # written once and may be a day off.
    "published": (
        "own",
        "label.head",
        "disclosure",
        "label.tail",
        "unlabelled",
        "meta.PubDate",
        "meta.firstpublished",
        "label.page",
        "url",
    ),
    # ContentSource is what the editor typed, sometimes the site, sometimes the title; it completes a name the page cuts with …, and
    # speaks alone only where the page shows no label of a source: one that is shown and empty says that there is none.
    "source": ("own", "label.head", "label.tail", "disclosure", "meta.ContentSource", "label.page"),
    # ColumnName is the site's name, a year or another column of the same notice on some sites; the breadcrumb is where the reader is.
    "channel": ("own", "breadcrumb", "meta.ColumnName"),
    # the block is made for the purpose; the text only repeats it, and its signature may be a copy's.
    "meta": ("disclosure", "label.head", "under_title", "text", "title"),
}
PLACES = {name: {rule: place for place, rule in enumerate(rules)} for name, rules in ORDER.items()}
# Bumped with every change of how a field is read.
VERSIONS = {"title": 3, "published": 3, "source": 4, "channel": 3, "body": 3, "meta": 3}
FAMILIES = {  # witnesses of one family are one voice
    "h1": "shown", "h2": "shown", "heading": "shown", "above_facts": "shown", "large": "shown", "ucaptitle": "shown", "script": "shown", "title": "tag",
    "shown": "tag", "label.head": "label", "label.tail": "label", "label.page": "label",
}  # fmt: skip

# What a class of evidence may claim, counted by `tests/parsers/calibrate.py` over the labelled pages of the development corpus: a page counts
# once, with the share of its mutations that were right; the least estimate (Laplace) that is left when any one family of pages is taken out.
# Two voices that agree are "agreed"; one is "alone"; "contested" with anybody against. A class that was not met there has no figure.
CONFIDENCE: dict[str, dict[str, float]] = {
    "title": {"agreed": 0.94, "agreed_contested": 0.9, "alone": 0.94, "contested": 0.83},
    "published": {"agreed": 0.95, "alone": 0.95},
    "source": {"agreed": 0.94, "alone": 0.94, "contested": 0.5},
    "channel": {"agreed": 0.95, "alone": 0.95, "contested": 0.5},
    "body": {"agreed": 0.95, "alone": 0.95},
    "meta": {"agreed": 0.83, "alone": 0.83, "contested": 0.5},
}


@dataclass(frozen=True, slots=True)
class Picked:
    """The field's own text, and its witness."""

    value: str | None
    witness: Witness | None


def pick(name: str, said: Iterable[Said], same: Callable[[str, str], bool]) -> Picked:
    """The first witness that speaks, in the order of `ORDER`; `same`: do two texts say the same?"""
    order = PLACES[name.partition(".")[0]]
    spoken = sorted(((rule, text) for rule, text in said if text), key=lambda item: order[_stem(item[0], order)])
    if not spoken:
        return Picked(None, None)
    (rule, chosen), rest = spoken[0], spoken[1:]
    return Picked(chosen, testify(name, rule, chosen, [(other, text, same(chosen, text)) for other, text in rest]))


def _stem(rule: str, order: dict[str, int]) -> str:
    return rule if rule in order else rule.partition(".")[0]


def testify(name: str, rule: str, raw: str, others: Iterable[tuple[str, str, bool]]) -> Witness:
    """The witness of a field: `others` are (rule, text, agrees)."""
    others = list(others)
    field = name.partition(".")[0]
    against = tuple(dict.fromkeys(other for other, _, agrees in others if not agrees))
    voices = {FAMILIES.get(rule, rule)} | {FAMILIES.get(other, other) for other, _, agrees in others if agrees}
    said = next((text for _, text, agrees in others if not agrees), "")
    return Witness(
        f"{name}.{rule}", raw, said, VERSIONS[field], against, CONFIDENCE[field].get(standing(len(voices), len(against)))
    )


def standing(voices: int, against: int) -> str:
    """The class of evidence a field has."""
    if voices >= 2:
        return "agreed_contested" if against else "agreed"
    return "contested" if against else "alone"


def same_text(one: str, other: str) -> bool:
    """Equal but for white space."""
    return squeeze(one) == squeeze(other)


def same_day(one: str, other: str) -> bool:
    """The same day, whatever the precision of the clock."""
    first, second = read_date(one), read_date(other)
    return first is not None and second is not None and first.iso[:10] == second.iso[:10]


def doc_no_key(written: str) -> str:
    """A document number for matching: brackets of all kinds alike, full-width digits as digits, no white space.

    国发〔2019〕5号, 国发[2019]5号, 国发（２０１９）5 号 have one key. The page's own form is what the record shows.
    """
    return squeeze(fold(written)).translate(_BRACKETS)


def is_doc_no(written: str) -> bool:
    """Has it the look of a document number: a year in brackets, or a number and 号?"""
    return len(written) <= 80 and _DOC_NO.search(doc_no_key(written)) is not None


def same_doc_no(one: str, other: str) -> bool:
    """The same document number, however its year is bracketed."""
    return doc_no_key(one) == doc_no_key(other)


_DOC_NO = re.compile(r"〔(?:19|20)\d\d〕第?\d+号|第?\d+号")
_BRACKETS = str.maketrans("[](){}【】［］（）﹝﹞<>《》", "〔〕" * 9)
