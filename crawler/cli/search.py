"""`search`: what the archive holds, found by its words."""

import re
from typing import Annotated, Any

import typer

from crawler.cli import known, output
from crawler.cli.options import Json, asking, moment
from crawler.errors import UsageError
from crawler.record.frame import unpacked
from crawler.repository.search.find import Answer, Hit, find
from crawler.repository.search.question import Only, Question
from crawler.text.asked import phrases
from crawler.text.words import Phrase, snippet

PLAIN = re.compile(r'[^"“”「」()|:：]+')
FACETS = {
    "source": "source",
    "year": "year",
    "issuer": "issuer",
    "channel": "channel",
    "category": "category",
    "region": "region",
    "presence": "presence",
}

LEVELS = ("central", "province", "city", "county", "town")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search", context_settings={"ignore_unknown_options": True})(search)


def _filter(metavar: str, help_text: str) -> Any:
    return typer.Option(metavar=metavar, help=help_text)


def _word(what: str, words: tuple[str, ...], help_text: str) -> Any:
    return typer.Option(metavar="|".join(words), parser=known.one_of(what, words), help=help_text)


def search(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY", help='Words, "phrases", OR, -not, (…), title:… source:… issuer:… no:… has:…'),
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many are shown.")] = 20,
    after: Annotated[str | None, _filter("PLACE", "Go on: what the last answer named.")] = None,
    sort: Annotated[str, _word("order", ("date", "relevance"), "Newest first, or what fits best.")] = "date",
    source: Annotated[str | None, _filter("SOURCE", "A source's id, or words of its title or of the page's 来源.")] = None,
    since: Annotated[str | None, _filter("DAY", "Published on this day or later: 2024, 2024-05, 2024-05-31.")] = None,
    until: Annotated[str | None, _filter("DAY", "Published on this day or earlier.")] = None,
    written: Annotated[str | None, _filter("SPAN", "成文: a day, month or year, or A..B.")] = None,
    seen: Annotated[str | None, _filter("SPAN", "First seen by the archive: a day, month or year, or A..B.")] = None,
    presence: Annotated[str | None, _word("presence", ("here", "missing", "gone"), "Only what is so.")] = None,
    region: Annotated[str | None, _filter("CODE", "The beginning of a GB/T 2260 code: 21, 2102, 210200.")] = None,
    level: Annotated[str | None, _word("level", LEVELS, "Only this level of government.")] = None,
    channel: Annotated[str | None, _filter("WORDS", "Words of the 栏目.")] = None,
    issuer: Annotated[str | None, _filter("WORDS", "Words of the 发文机关.")] = None,
    category: Annotated[str | None, _filter("WORDS", "Words of the 主题分类.")] = None,
    genre: Annotated[str | None, _filter("WORDS", "Words of the 体裁.")] = None,
    validity: Annotated[str | None, _filter("WORDS", "Words of the 有效性.")] = None,
    has: Annotated[str | None, _word("part", ("attachment", "table", "image"), "Only what has one.")] = None,
    as_of: Annotated[str | None, _filter("DAY|AGO", "What the archive knew then: a day, or 7d.")] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Also count by source, year, issuer …")] = False,
    as_json: Json = False,
) -> None:
    """Find records, newest first. Simplified, traditional and annotated spellings find each other.

    Example: gongkai search 长兴岛 "全体会议" -通知 --since 2019
    """
    asked = query_of(words or [])
    only = Only(
        source=source, since=since, until=until, presence=presence, region=region, level=level, channel=channel, issuer=issuer,
        category=category, genre=genre, validity=validity, has=has, written=written, seen=seen,
    )  # fmt: skip
    if not asked and only == Only():
        raise UsageError("what is to be found?", remedy="give words, or something to narrow the archive by, as --source ID")
    question = Question(asked, only, sort, limit, after, moment(as_of) if as_of else None, counted=True)
    with asking(context) as c:
        answer = find(c, question)
        if not answer.rows and source is not None and source.isascii():  # what may be words is Chinese
            known.source(context, c, source)
    marked = phrases(asked)
    for hit in answer.rows:
        if as_json:
            output.json_line(as_object(hit, marked))
        else:
            _hit(hit, marked)
    if not as_json:
        if facets and answer.facets:
            _facets(answer)
        output.note(_told(answer, asked))


def query_of(words: list[str]) -> str:
    """The query that a shell's words make: one word is a query as it stands; of several, one that holds blanks and no sign is a phrase."""
    for word in words:
        if word.startswith("--") and len(word) > 2:
            raise UsageError(f"there is no option {word!r}", remedy="gongkai search --help lists them")
    if len(words) == 1:
        return words[0]
    return " ".join(f'"{word}"' if " " in word and PLAIN.fullmatch(word) else word for word in words)


def _told(answer: Answer, asked: str) -> str:
    if not answer.rows:
        return f"nothing found for {asked}" if asked else "nothing found"
    total = f"{answer.total} found" if answer.exact else f"at least {answer.total} found"
    shown = "" if answer.total == len(answer.rows) else f", {len(answer.rows)} shown"
    more = f" · go on with --after {answer.next}" if answer.next else ""
    return f"{total}{shown}{more}"


def as_object(hit: Hit, marked: tuple[Phrase, ...]) -> dict[str, Any]:
    """A hit as JSON."""
    record = unpacked(hit.record)
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
        "snippet": snippet("\n".join(record["body"]), marked),
    }


def _hit(hit: Hit, marked: tuple[Phrase, ...]) -> None:
    gone = f"  [{hit.presence}]" if hit.presence != "here" else ""
    output.say(f"{hit.id}  {hit.published or '-':<10}  {hit.title}{gone}", "bold")
    facts = "  ".join(fact for fact in (hit.doc_no, hit.issuer or hit.origin, hit.source) if fact)
    output.say(f"{'':14}{facts}", "dim")
    text = "\n".join(unpacked(hit.record)["body"])
    shown = output.safe(snippet(text, marked, marks=("\ue000", "\ue001"))).replace("\n", " ")
    styled = [
        (piece, "bold underline" if i % 2 else "dim") for i, piece in enumerate(shown.replace("\ue001", "\ue000").split("\ue000"))
    ]
    output.pieces([(" " * 14, ""), *styled])


def _facets(answer: Answer) -> None:
    assert answer.facets is not None
    for name, label in FACETS.items():
        values = answer.facets[name]
        if values:
            output.say(f"{label:<9} {'  '.join(f'{value} {count}' for value, count in values)}")
