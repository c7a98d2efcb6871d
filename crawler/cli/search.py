"""`search`: what the archive holds, found by its words."""

from typing import Annotated

import typer

from crawler.cli import known, output
from crawler.cli.options import Json, asking, day
from crawler.record.frame import unpacked
from crawler.repository import search
from crawler.text.words import snippet

PRESENCE = ("here", "missing", "gone")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search")(find)


def find(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORD...", help='Words, "phrases" and prefixes*; all must match.')],
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="So many at most.")] = 20,
    after: Annotated[int | None, typer.Option(metavar="PLACE", help="Go on after this place (from the last answer).")] = None,
    source: Annotated[str | None, typer.Option(metavar="SOURCE", help="Only this source.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="Published on this day (YYYY-MM-DD) or later.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="Published on this day or earlier.")] = None,
    presence: Annotated[
        str | None,
        typer.Option(metavar="WORD", parser=known.one_of("presence", PRESENCE), help=f"One of {', '.join(PRESENCE)}."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Find records, newest first. Simplified, traditional and annotated spellings find each other.

    Example: gongkai search 长兴岛 "全体会议" --since 2019-01-01
    """
    asked = " ".join(f'"{word}"' if " " in word else word for word in words)
    with asking(context) as c:
        only = search.Only(
            known.source(context, c, source), day(since) if since else None, day(until) if until else None, presence
        )
        hits = search.find(c, asked, limit=limit, after=after, only=only)
        total = search.count(c, asked, only) if hits.next is not None or after is not None else (len(hits.rows), True)
    for hit in hits.rows:
        if as_json:
            _hit_json(hit, asked)
        else:
            _hit(hit, asked)
    if not as_json or hits.next is not None:
        output.note(_counted(hits, total, asked))


def _counted(hits: search.Hits, total: tuple[int, bool], asked: str) -> str:
    """How many there are beside how many are shown, and how to see more."""
    count, all_of_them = total
    more = f" · go on with --after {hits.next}" if hits.next is not None else ""
    if not hits.rows:
        return f"nothing found for {asked}"
    if count == len(hits.rows):
        return f"{count} found"
    return f"{len(hits.rows)} of {'' if all_of_them else 'more than '}{count} found{more}"


def _hit_json(hit: search.Hit, asked: str) -> None:
    record = unpacked(hit.record)
    output.json_line(
        {
            "id": hit.id,
            "version": hit.version,
            "title": hit.title,
            "published": hit.published,
            "source": record["source"],
            "archive_source": hit.source,
            "doc_no": hit.doc_no,
            "url": hit.url,
            "presence": hit.presence,
            "snippet": snippet("\n".join(record["body"]), asked),
        }
    )


def _hit(hit: search.Hit, asked: str) -> None:
    gone = f"  [{hit.presence}]" if hit.presence != "here" else ""
    output.say(f"{hit.id}  {hit.published or '-':<10}  {hit.title}{gone}", "bold")
    text = "\n".join(unpacked(hit.record)["body"])
    marked = output.safe(snippet(text, asked, marks=("\ue000", "\ue001"))).replace("\n", " ")
    styled = [
        (piece, "bold underline" if i % 2 else "dim")
        for i, piece in enumerate(marked.replace("\ue001", "\ue000").split("\ue000"))
    ]
    output.pieces([(" " * 14, ""), *styled])
