"""The next page of a list, from what the page says of itself, never from a guessed pattern alone.

Each strategy takes a sheet and answers a pager, or None where it finds nothing of its kind; the first that answers is taken.
"""

from dataclasses import replace

from crawler.parsers.pagers import apis, fetched, forms, links, named, requests, scripts
from crawler.parsers.pagers.sheet import NONE, Pager, Sheet
from crawler.record.rules import ListRules

STRATEGIES = (
    requests.ranged,
    apis.grouped,
    apis.unit,
    scripts.created,
    scripts.counted,
    scripts.optioned,
    scripts.jumped,
)


def read_pager(sheet: Sheet, rules: ListRules) -> Pager:
    """What the page says of its pages: by the source's own pager where it names one, else by the first strategy that finds its kind."""
    said = _said(sheet)
    if rules.next not in ("auto", "none"):
        return named.named(sheet, rules, said)
    return said


def _said(sheet: Sheet) -> Pager:
    linked = links.linked(sheet) if sheet.answer is None or sheet.tree is not None else None
    found = next((pager for strategy in STRATEGIES if (pager := strategy(sheet)) is not None), None)
    if found is None and sheet.answer is not None:
        answer = sheet.answer
        found = requests.stepped(sheet, answer.total_rows, answer.total_pages, answer.page)
        if found is None and answer.following:
            found = Pager(sheet.get(answer.following), answer.total_pages, answer.total_rows, "feed")
        if found is None:
            found = Pager(None, answer.total_pages, answer.total_rows)
    if found is None and linked is not None and linked.next is None and linked.rule != "link":
        found = forms.submitted(sheet) if linked.rule == "script" else None
        found = found or requests.stepped(sheet, linked.total_rows, linked.total_pages, None)
    if found is None and (linked is None or linked.rule == NONE):
        found = next(
            (pager for strategy in (apis.posted, apis.datasource, fetched.fetched) if (pager := strategy(sheet)) is not None),
            None,
        )
    if found is None:
        return linked or Pager()
    if linked is None:
        return found
    rows = found.total_rows if found.total_rows is not None else linked.total_rows
    pages = found.total_pages if found.total_pages is not None else linked.total_pages
    return replace(found, total_rows=rows, total_pages=pages)


__all__ = ["NONE", "Pager", "Sheet", "read_pager"]
