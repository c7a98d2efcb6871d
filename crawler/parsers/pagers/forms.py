"""Pagers that send a form: `goPage(2)` that fills a field and submits, ASP.NET's `__doPostBack`. The request a browser would send, from
what the page itself carries. Nothing is run."""

import re
from urllib.parse import urlencode

from crawler.model import Request
from crawler.parsers.pagers.links import NEXT
from crawler.parsers.pagers.sheet import Pager, Sheet
from crawler.parsers.pushed import Call, called
from crawler.parsers.tree import Node, ancestors, attribute, squeeze
from crawler.text import urls
from crawler.text.late import late

FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
SETS = (
    late(r"getElementById\s*\(\s*[\"'](?P<id>[\w$.:-]+)[\"']\s*\)\s*\.\s*value\s*=(?!=)\s*(?P<value>[\w$]+)"),
    late(r"\$\s*\(\s*[\"'](?:form\s+)?#(?P<id>[\w$:-]+)[\"']\s*\)\s*\.\s*val\s*\(\s*(?P<value>[\w$]+)\s*\)"),
    late(r"\$\s*\(\s*[\"'][^\"']*\[name=\\?[\"']?(?P<id>[\w$:.-]+)\\?[\"']?\]\s*[\"']\s*\)\s*\.\s*val\s*\(\s*(?P<value>[\w$]+)\s*\)"),
    late(r"(?:\.|\[\s*[\"'])(?P<id>[\w$-]+)(?:[\"']\s*\])?\s*\.\s*value\s*=(?!=)\s*(?P<value>[\w$]+)"),
)  # fmt: skip
SUBMITS = re.compile(r"\bsubmit\s*\(")
UNSENT = frozenset({"submit", "button", "image", "reset", "file", "checkbox", "radio", "password"})
LONGEST = 400_000  # characters of a form's body: a view state may be large


def submitted(sheet: Sheet) -> Pager | None:
    """The form that the link to the next page would send; None where there is no such link, or no form is understood."""
    if sheet.tree is None:
        return None
    for node in sheet.tree.css("a, button, span, li, input"):
        shown = squeeze(attribute(node, "value") if node.tag == "input" else node.text(deep=True))
        if len(shown) > 12 or not NEXT.match(shown):
            continue
        for code in (attribute(node, "onclick"), attribute(node, "href")):
            call = called(sheet.tree, code) if code else None
            request = _request(sheet, call, node) if call is not None else None
            if request is not None:
                return Pager(request, None, None, "form")
    return None


def _request(sheet: Sheet, call: Call, node: Node) -> Request | None:
    if call.name == "__doPostBack" and call.given:
        target, argument = (*call.given, "")[:2]
        form = next((above for above in ancestors(node) if above.tag == "form"), None) or _holding(sheet, "__VIEWSTATE")
        return _sent(sheet, form, {"__EVENTTARGET": target, "__EVENTARGUMENT": argument}) if form is not None else None
    if not SUBMITS.search(call.body):
        return None
    known = dict(zip(call.names, call.given, strict=False))
    for pattern in SETS:
        for match in pattern().finditer(call.body):
            value = known.get(match["value"], match["value"] if match["value"].isdigit() else None)
            field = _field(sheet, match["id"]) if value is not None else None
            held = next((above for above in ancestors(field) if above.tag == "form"), None) if field is not None else None
            if field is not None and held is not None and value is not None:
                return _sent(sheet, held, {attribute(field, "name") or match["id"]: value})
    return None


def _field(sheet: Sheet, name: str) -> Node | None:
    assert sheet.tree is not None
    return next(
        (node for node in sheet.tree.css("input, select") if name in (attribute(node, "id"), attribute(node, "name"))), None
    )


def _holding(sheet: Sheet, name: str) -> Node | None:
    field = _field(sheet, name)
    return next((above for above in ancestors(field) if above.tag == "form"), None) if field is not None else None


def _sent(sheet: Sheet, form: Node, new: dict[str, str]) -> Request | None:
    """The request of a form with these fields set."""
    fields: dict[str, str] = {}
    for node in form.css("input[name], select[name], textarea[name]"):
        if attribute(node, "type").lower() in UNSENT:
            continue
        chosen = node.css_first("option[selected]") or node.css_first("option") if node.tag == "select" else node
        fields.setdefault(attribute(node, "name"), attribute(chosen, "value") if chosen is not None else "")
    fields.update(new)
    url = urls.join(sheet.url, attribute(form, "action").strip() or sheet.url, sheet.encoding)
    said = urlencode(
        fields, encoding="utf-8" if sheet.encoding.lower().startswith("utf") else sheet.encoding, errors="xmlcharrefreplace"
    )
    if url is None or len(said) > LONGEST:
        return None
    if attribute(form, "method").strip().lower() == "post":
        return Request(url, "POST", FORM, said.encode())
    return sheet.get(f"{url.partition('?')[0]}?{said}")
