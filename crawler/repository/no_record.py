"""Rows that were fetched and gave no record, by reason: nothing that a list promised is lost in silence. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from crawler.model import GOOD, Kind, Outcome, PageKind
from crawler.repository.database import AnyRow

NO_RECORD = {
    PageKind.OTHER: "no notice on the page",
    PageKind.LIST: "no notice on the page",
    PageKind.SHELL: "filled by script",
    PageKind.CHALLENGE: "a wall in its place",
    PageKind.LOGIN: "a login in its place",
    PageKind.ERROR: "an error page",
    PageKind.SOFT_404: "says it is not there",
    PageKind.HOME: "the home page in its place",
}
LEADS = {"home": "leads to the home page", "login": "leads to a login", "missing": "leads to the page for what is not there"}
MISSED = {Outcome.NOT_FOUND: "not found", Outcome.GONE: "not found", Outcome.FORBIDDEN: "forbidden"}
LOOP, ENDLESS = "redirect loop", "too many redirects"
MOST_HOPS = 10


def reasons(rows: Sequence[AnyRow]) -> Counter[str]:
    """By reason. `rows`: the last look of a run at each address: kind, via, key, redirect, outcome, leads, state, page_kind."""
    found: Counter[str] = Counter()
    details = [row for row in rows if row.kind == Kind.DETAIL]
    onward = {row.key: row for row in details if _goes_on(row)}
    for row in details:
        if row.outcome == Outcome.REDIRECTED and row.leads in LEADS:
            found[LEADS[row.leads]] += 1
        elif row.outcome in MISSED:
            found[MISSED[Outcome(row.outcome)]] += 1
        elif row.outcome in GOOD and row.state == "done" and row.page_kind in NO_RECORD:
            found[NO_RECORD[PageKind(row.page_kind)]] += 1
    found.update(_lost_on_the_way(onward, {row.key for row in details}))
    return found


def _goes_on(row: AnyRow) -> bool:
    """Is this an address whose notice is looked for at another?"""
    led = row.outcome == Outcome.REDIRECTED and row.leads not in LEADS
    return row.redirect is not None and (led or (row.outcome in GOOD and row.page_kind == PageKind.REDIRECT))


def _lost_on_the_way(onward: Mapping[str, AnyRow], looked: set[str]) -> Counter[str]:
    """Chains of redirects that end nowhere, each counted once: those that come back to themselves, and those that were not followed on."""
    found: Counter[str] = Counter()
    begun = [key for key, row in onward.items() if row.via not in onward]
    loops = set[frozenset[str]]()
    told = set[frozenset[str]]()
    for key in [*begun, *(key for key in onward if key not in begun)]:
        path, at = list[str](), key
        while at in onward and at not in path:
            path.append(at)
            at = str(onward[at].redirect)
        if at in path:
            loop = frozenset(path[path.index(at) :])
            loops.add(loop)
            if key in begun:
                found[LOOP] += 1
                told.add(loop)
        elif at not in looked and len(path) > MOST_HOPS and key in begun:
            found[ENDLESS] += 1
    found[LOOP] += len(loops - told)
    return +found
