"""MHTML (RFC 2557), which browsers and Word save pages as: its first page, read like an HTML file. Nothing it refers to is fetched."""

from email import message_from_bytes, policy
from email.message import Message

from crawler.parsers.attached import plain
from crawler.parsers.attached.said import NoText, Reading, Section

MOST_PARTS = 2_000
DEEPEST = 20


def read(data: bytes, reading: Reading) -> tuple[Section, ...]:
    """The text of the page that the archive begins with, else of its plain text. Raises NoText."""
    try:
        held = message_from_bytes(data.lstrip(b"\r\n"), policy=policy.compat32)
    except (RecursionError, ValueError, LookupError) as error:
        raise NoText(f"damaged: {type(error).__name__}") from error
    found: dict[str, Message] = {}
    start = str(held.get_param("start") or "")
    for part in _parts(held):
        kind = part.get_content_type()
        if part.is_multipart() or kind not in ("text/html", "text/plain", "application/xhtml+xml"):
            continue
        found.setdefault(kind.replace("application/xhtml+xml", "text/html"), part)
        if start and str(part.get("Content-ID", "")) == start:
            found["text/html"] = part
    for kind, reads in (("text/html", plain.read_html), ("text/plain", plain.read_text)):
        if (chosen := found.get(kind)) is not None:
            raw = chosen.get_payload(decode=True)
            charset = chosen.get_content_charset()
            return reads(raw if isinstance(raw, bytes) else b"", f"text/html; charset={charset}" if charset else None, reading)
    raise NoText("no page in it")


def _parts(message: Message) -> list[Message]:
    """All parts in their order, no deeper and no more than is reasonable."""
    found: list[Message] = []
    stack = [(message, 0)]
    while stack and len(found) < MOST_PARTS:
        part, depth = stack.pop()
        found.append(part)
        inner = part.get_payload()
        if isinstance(inner, list) and depth < DEEPEST:
            stack += [(each, depth + 1) for each in reversed(inner) if isinstance(each, Message)]
    return found
