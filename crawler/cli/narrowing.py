"""What narrows a question on the command line: the same options for whatever asks the archive. Also how a shell's words make a query."""

import re
from typing import Annotated, Any

import typer

from crawler.cli import known
from crawler.errors import UsageError

PLAIN = re.compile(r'[^"“”「」()|:：]+')
LEVELS = ("central", "province", "city", "county", "town")


def option(metavar: str, help_text: str) -> Any:
    """An option of free words."""
    return typer.Option(metavar=metavar, help=help_text)


def one_of(what: str, words: tuple[str, ...], help_text: str) -> Any:
    """An option that is one of these."""
    return typer.Option(metavar="|".join(words), parser=known.one_of(what, words), help=help_text)


Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="QUERY", help='Words, "phrases", OR, -not, (…), title:… source:… issuer:… no:… has:…'),
]
Written = Annotated[str | None, option("SPAN", "成文: a day, month or year, or A..B.")]
Seen = Annotated[str | None, option("SPAN", "First seen by the archive: a day, month or year, or A..B.")]
Presence = Annotated[str | None, one_of("presence", ("here", "missing", "gone"), "Only what is so.")]
Region = Annotated[str | None, option("CODE", "The beginning of a GB/T 2260 code: 21, 2102, 210200.")]
Level = Annotated[str | None, one_of("level", LEVELS, "Only this level of government.")]
Channel = Annotated[str | None, option("WORDS", "Words of the 栏目.")]
Issuer = Annotated[str | None, option("WORDS", "Words of the 发文机关.")]
Category = Annotated[str | None, option("WORDS", "Words of the 主题分类.")]
Genre = Annotated[str | None, option("WORDS", "Words of the 体裁.")]
Validity = Annotated[str | None, option("WORDS", "Words of the 有效性.")]
Has = Annotated[str | None, one_of("part", ("attachment", "table", "image"), "Only what has one.")]
AsOf = Annotated[str | None, option("DAY|AGO", "What the archive knew then: at the end of a day, or 7d.")]


def query_of(words: list[str]) -> str:
    """The query that a shell's words make: one word is a query as it stands; of several, one that holds blanks and no sign is a phrase."""
    for word in words:
        if word.startswith("--") and len(word) > 2:
            raise UsageError(f"there is no option {word!r}", remedy="--help lists them")
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{word}"' if " " in word and PLAIN.fullmatch(word) else word for word in words)
