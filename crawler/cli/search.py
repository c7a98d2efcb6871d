"""`search`: what the archive holds, found by its words."""

from typing import Annotated

import typer

from crawler.cli import known, output, words
from crawler.cli import narrowing as n
from crawler.cli.options import Json, asking, last_moment
from crawler.errors import UsageError
from crawler.repository.search.attached import at_values, excerpt
from crawler.repository.search.find import Answer, Hit, find, hit_values
from crawler.repository.search.question import Only, Question
from crawler.text.asked import phrases
from crawler.text.words import Phrase

FACETS = {
    "source": "source",
    "year": "year",
    "issuer": "issuer",
    "channel": "channel",
    "category": "category",
    "region": "region",
    "presence": "presence",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search", context_settings={"ignore_unknown_options": True})(search)


def search(
    context: typer.Context,
    words: n.Words = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many are shown.")] = 20,
    after: Annotated[str | None, n.option("PLACE", "Go on: what the last answer named.")] = None,
    sort: Annotated[str, n.one_of("order", ("date", "relevance"), "Newest first, or what fits best.")] = "date",
    source: Annotated[str | None, n.option("SOURCE", "A source's id, or words of its title or of the page's 来源.")] = None,
    since: Annotated[str | None, n.option("DAY", "Published on this day or later: 2024, 2024-05, 2024-05-31.")] = None,
    until: Annotated[str | None, n.option("DAY", "Published on this day or earlier.")] = None,
    written: n.Written = None,
    seen: n.Seen = None,
    presence: n.Presence = None,
    region: n.Region = None,
    level: n.Level = None,
    channel: n.Channel = None,
    issuer: n.Issuer = None,
    category: n.Category = None,
    genre: n.Genre = None,
    validity: n.Validity = None,
    has: n.Has = None,
    as_of: n.AsOf = None,
    facets: Annotated[bool, typer.Option("--facets", help="Also count by source, year, issuer …")] = False,
    as_json: Json = False,
) -> None:
    """Find records, newest first. Simplified, traditional and annotated spellings find each other.

    Example: gongkai search 长兴岛 "全体会议" -通知 --since 2019
    """
    asked = n.query_of(words or [])
    only = Only(
        source=source, since=since, until=until, presence=presence, region=region, level=level, channel=channel, issuer=issuer,
        category=category, genre=genre, validity=validity, has=has, written=written, seen=seen,
    )  # fmt: skip
    if not asked and only == Only():
        raise UsageError("what is to be found?", remedy="give words, or something to narrow the archive by, as --source ID")
    question = Question(asked, only, sort, limit, after, last_moment(as_of) if as_of else None, as_of or "", counted=True)
    with asking(context) as c:
        answer = find(c, question)
        if not answer.rows and source is not None and source.isascii():  # what may be words is Chinese
            known.source(context, c, source)
    marked = phrases(asked)
    for hit in answer.rows:
        if as_json:
            found = excerpt(hit.record, hit.files, marked)
            output.json_line({**hit_values(hit), "snippet": found.text, "at": at_values(found.at)})
        else:
            _hit(hit, marked)
    if not as_json:
        if facets and answer.facets:
            _facets(answer)
        output.note(_told(answer, asked))


def _told(answer: Answer, asked: str) -> str:
    if not answer.rows:
        return f"nothing found for {asked}" if asked else "nothing found"
    total = f"{answer.total} found" if answer.exact else f"at least {answer.total} found"
    shown = "" if answer.total == len(answer.rows) else f", {len(answer.rows)} shown"
    more = f" · go on with --after {answer.next}" if answer.next else ""
    return f"{total}{shown}{more}"


def _hit(hit: Hit, marked: tuple[Phrase, ...]) -> None:
    gone = f"  [{words.said(hit.presence)}]" if hit.presence != "here" else ""
    output.say(f"{hit.id}  {hit.published or '-':<10}  {hit.title}{gone}", "bold")
    facts = "  ".join(fact for fact in (hit.doc_no, hit.issuer or hit.origin, hit.source) if fact)
    output.say(f"{'':14}{facts}", "dim")
    found = excerpt(hit.record, hit.files, marked, marks=("\ue000", "\ue001"))
    shown = output.safe(found.text).replace("\n", " ")
    styled = [
        (piece, "bold underline" if i % 2 else "dim") for i, piece in enumerate(shown.replace("\ue001", "\ue000").split("\ue000"))
    ]
    output.pieces([(" " * 14, ""), *([(f"{output.safe(str(found.at))}: ", "")] if found.at else []), *styled])


def _facets(answer: Answer) -> None:
    assert answer.facets is not None
    for name, label in FACETS.items():
        values = answer.facets[name]
        if values:
            output.say(f"{label:<9} {'  '.join(f'{value} {count}' for value, count in values)}")
