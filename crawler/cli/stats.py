"""`stats`: how much the archive holds, and of what."""

import typer

from crawler.cli import output, words
from crawler.cli.archive import reading
from crawler.cli.options import Json
from crawler.repository import holdings
from crawler.repository.holdings import Counts

SHOWN = 20  # of a list, on a terminal


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("stats")(stats)


def stats(context: typer.Context, as_json: Json = False) -> None:
    """How much the archive holds, and of what.

    Example: gongkai stats --json
    """
    with reading(context) as c:
        found = holdings.read(c)
    if as_json:
        output.json_line(
            {
                **found.totals, "bytes": found.bytes, "presence": dict(found.presence), "years": dict(found.years),
                "attachments": dict(found.attached), "outcomes": dict(found.outcomes), "kinds": dict(found.kinds), "sources": dict(found.sources),
            }
        )  # fmt: skip
        return
    for name, count in found.totals.items():
        output.say(f"{output.fit(words.said(name), 11)}{count:>12,}", "bold" if name == "documents" else "")
    output.say(f"{output.fit(words.said('evidence'), 11)}{output.size(found.bytes):>12}")
    for title, counts in (
        ("presence", found.presence), ("published", found.years), ("attachments", found.attached), ("looks", found.outcomes), ("ledger", found.kinds), ("sources", found.sources),
    ):  # fmt: skip
        _listed(title, counts)


def _listed(title: str, counts: Counts) -> None:
    said = [f"{words.said(name) if name else words.said('no date')} {count:,}" for name, count in counts[:SHOWN]]
    if len(counts) > SHOWN:
        said.append(f"and {len(counts) - SHOWN} more")
    if said:
        output.say()
        output.tell(title, "dim")
        output.wrapped("  ".join(said), 2)
