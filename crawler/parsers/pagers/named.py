"""Pagers that a source file names, where the page does not say how it goes on: `next = { kind = "parameter", name = "pageNo" }`."""

from dataclasses import replace

from crawler.model import Request
from crawler.parsers.pagers import requests
from crawler.parsers.pagers.sheet import Pager, Sheet
from crawler.parsers.tree import attribute, select
from crawler.record.rules import ListRules
from crawler.text import urls


def named(sheet: Sheet, rules: ListRules, said: Pager) -> Pager:
    """The pager of the source file; totals are still the page's own."""
    with_ = dict(rules.next_with)
    if rules.next == "parameter":
        return _parameter(sheet, with_, said)
    if rules.next == "range":
        return _range(sheet, with_, said)
    if rules.next == "numbered":
        return _numbered(sheet, with_, said)
    nodes = select(sheet.tree, with_["selector"]) if sheet.tree is not None else []
    href = next((attribute(node, "href") for node in nodes if attribute(node, "href")), None)
    return Pager(sheet.get(href) if href else None, said.total_pages, said.total_rows, "link")


def _parameter(sheet: Sheet, with_: dict[str, str], said: Pager) -> Pager:
    """One more (`step`) of a parameter in query, form or JSON body (`a.b` inside objects), from `from` on; to `pages`, the declared total or an empty page."""
    name, step, first = with_["name"], int(with_.get("step", "1")), int(with_.get("from", "1"))
    at = requests.number(requests.parameters(sheet.request).get(name))
    here = first if at is None else at
    shown = (here - first) // step + 1
    size = int(with_.get("size", "0")) or (sheet.rows if shown == 1 else 0)
    pages = int(with_["pages"]) if "pages" in with_ else said.total_pages
    if pages is None and said.total_rows is not None and size:
        pages = -(-said.total_rows // size)
    if not sheet.rows or (pages is not None and shown >= pages):
        return Pager(None, pages, said.total_rows, "parameter")
    return Pager(requests.changed(sheet.request, {name: here + step}), pages, said.total_rows, "parameter")


def _range(sheet: Sheet, with_: dict[str, str], said: Pager) -> Pager:
    """Two parameters that bound a group of records (`startrecord`, `endrecord`): the next group as long, to the declared total."""
    found = requests.next_range(sheet, with_.get("start", requests.START), with_.get("end", requests.END), said.total_rows)
    return replace(found or Pager(rule="range"), total_pages=said.total_pages, total_rows=said.total_rows)


def _numbered(sheet: Sheet, with_: dict[str, str], said: Pager) -> Pager:
    """Files with a number in their name (`rest = "index_{n}.html"`), the second page being number `from` (1)."""
    before, _, behind = with_["rest"].partition("{n}")
    first = int(with_.get("from", "1"))
    file = urls.path(sheet.url).rpartition("/")[2]
    own = file.removeprefix(before.rpartition("/")[2]).removesuffix(behind)
    number = int(own) + 1 if own.isdigit() and file != own else first
    pages = int(with_["pages"]) if "pages" in with_ else said.total_pages
    if not sheet.rows or (pages is not None and number - first + 2 > pages):
        return Pager(None, pages, said.total_rows, "numbered")
    made = urls.join(sheet.url, f"{before}{number}{behind}")
    return Pager(Request(made) if made else None, pages, said.total_rows, "numbered")
