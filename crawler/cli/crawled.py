"""What came of a crawl: of each address that was asked for, and why its exit code is not 0."""

from collections.abc import Sequence
from typing import Any

from crawler.cli import output, words
from crawler.cli.output import plural
from crawler.model import GOOD, Outcome, PageKind
from crawler.repository.progress import Ended, Looked, Progress

FAILED = (
    "SELECT l.at, l.outcome, l.detail, c.reading, l.url FROM v_looks l LEFT JOIN v_captures c ON c.id = l.capture WHERE l.source = '{source}' AND l.kind IN ('list', 'detail') "
    f"AND (l.outcome NOT IN ({', '.join(repr(str(fine)) for fine in sorted(GOOD | {Outcome.REDIRECTED}))}) OR c.reading = 'unreadable') "
    "ORDER BY l.at DESC"
)


def is_well(found: Looked) -> bool:
    """Is a notice known at this address, and was it there?"""
    return found.outcome in GOOD and not found.error and bool(found.documents)


def tell_address(found: Looked) -> None:
    """One line on what came of an address: the notice, or why there is none."""
    way = f" → {found.led_to}" if found.led_to else ""
    if is_well(found):
        for verdict, public_id, title in found.documents:
            output.say(f"{output.fit(words.said(verdict), 8)}{public_id}  {title}")
        output.say(f"        {found.url}{way}", "dim")
        return
    output.tell(f"{said(found)}: {found.url}{way}")
    if found.outcome in GOOD and found.page_kind == PageKind.LIST:
        output.note(f"it is a list and no notice: gongkai crawl --url {found.url} --follow takes it as one")
    for verdict, public_id, title in found.documents:
        output.note(f"known here as {public_id} ({verdict}), {title}: gongkai history {public_id}")


def said(found: Looked) -> str:
    """What came of it in a few words."""
    outcome = f"{found.outcome} {found.status}" if found.status and found.outcome not in GOOD else found.outcome
    if found.outcome not in GOOD:
        return f"{outcome} ({found.detail})" if found.detail else outcome
    if found.error:
        return f"unreadable ({found.error})"
    rows = f" of {plural(found.rows, 'row')}" if found.page_kind == PageKind.LIST and found.rows else ""
    kind = "a list" if found.page_kind == PageKind.LIST else f"no notice: {found.page_kind or 'not read'}"
    return f"{kind}{rows} ({found.evidence})" if found.evidence else f"{kind}{rows}"


def address_json(found: Looked) -> dict[str, Any]:
    """The same for programs."""
    return {
        "url": found.url,
        "outcome": found.outcome,
        "status": found.status,
        "detail": found.detail or None,
        "led_to": found.led_to,
        "page_kind": found.page_kind,
        "evidence": found.evidence or None,
        "error": found.error,
        "documents": [{"id": public_id, "title": title, "verdict": verdict} for verdict, public_id, title in found.documents],
    }


def tell_ended(ended: Sequence[Ended]) -> None:
    """Why a crawl's exit code is 1: each run that did not end well, and the command that shows it."""
    for run in ended:
        if run.result not in ("failed", "suspect"):
            continue
        why = "; ".join(run.reasons) or ", ".join(
            f"{count} {what}" for count, what in ((run.failed, "failed"), (run.shelved, "given up without a look")) if count
        )
        output.note(f"{run.source}: {run.result}{f': {why}' if why else ''} · gongkai {_shows(run)}")


def _shows(run: Ended) -> str:
    if run.shelved and not run.reasons:
        return f"frontier list --state dead --source {run.source}"
    if run.reasons:
        return f"health {run.source}"
    return f'sql "{FAILED.format(source=run.source)}"'  # single notices: the source may be well, and no line of the ledger tells of them


def tell_interrupted(progress: Progress, again: str, *, resumes: bool) -> None:
    """What an interrupted crawl has done, what remains, and how to go on."""
    done = f"{plural(progress.lists, 'list page')} and {plural(progress.details, 'notice')} looked at, {progress.new} new"
    rest = [plural(progress.todo, "address", "addresses")] + (
        [plural(progress.pending, "page") + " to be read"] if progress.pending else []
    )
    how = (
        f"gongkai {again} goes on where it stood" if resumes else f"gongkai run works what remains, gongkai {again} begins again"
    )
    output.note(f"interrupted: {done}; {' and '.join(rest)} remain · {how}")
