"""An archived page as text, and as a page that loads nothing: both in time that grows with its length only, whatever its markup is. Pure."""

import html
import re

TAG = re.compile(r"<(?:/?([A-Za-z][A-Za-z0-9]*)|[!?])[^<>]*>?")
SILENT = frozenset({"script", "style", "template", "noscript", "textarea", "svg", "math", "iframe", "object"})
BREAKS = frozenset(
    {
        "p", "div", "br", "li", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "dt", "dd", "section", "article", "header",
        "footer", "title", "hr", "form", "pre", "blockquote", "td", "th", "body",
    }
)  # fmt: skip
LOADS = re.compile(
    r"<(/?)(?=(?:link|meta|base|script|frame|frameset|iframe|object|embed|applet|audio|video|source|track|portal|bgsound|image|use|feimage|img"
    r"(?![^<>]{0,200}?\ssrc\s*=\s*[\"']?data:image/))(?:[\s/>]|$))",
    re.IGNORECASE,
)
SCRIPT = re.compile(r"<(/?)script(?=[\s/>])", re.IGNORECASE)
INERT = r"<\1archived-"


def text_of(page: str) -> str:
    """What a page shows, a line for each block. It is an aid for reading: the record is made by the parsers, not by this."""
    lines: list[str] = []
    held: list[str] = []
    silent, at = "", 0
    page = _without_comments(page)
    for tag in TAG.finditer(page):
        name = (tag[1] or "").lower()
        if not silent:
            held.append(page[at : tag.start()])
        at = tag.end()
        closing = page.startswith("</", tag.start())
        if silent:
            silent = "" if closing and name == silent else silent
        elif name in SILENT and not closing and not tag[0].endswith("/>"):
            silent = name
        if not silent and name in BREAKS:
            lines.append("".join(held))
            held = []
    if not silent:
        held.append(page[at:])
    lines.append("".join(held))
    shown = (" ".join(html.unescape(line).split()) for line in lines)
    return "\n".join(line for line in shown if line)


def inert(page: str) -> str:
    """The page without its scripts, and with whatever would load something as elements that nobody knows: what a browser may connect to
    before any policy is asked (links, bases, refreshes), and what the policy it is served with would refuse, loudly."""
    return LOADS.sub(INERT, _without_scripts(page))


def _without_scripts(page: str) -> str:
    kept, at, inside = [], 0, False
    for tag in SCRIPT.finditer(page):
        if not inside and not tag[1]:
            kept.append(page[at : tag.start()])
            inside = True
        elif inside and tag[1]:
            end = page.find(">", tag.end())
            at, inside = end + 1 if end >= 0 else len(page), False
    return "".join(kept) + ("" if inside else page[at:])


def _without_comments(page: str) -> str:
    first, *rest = page.split("<!--")
    return first + "".join(part.partition("-->")[2] for part in rest)
