"""What a request's target means, as routes see it: no scheme and authority in front (RFC 9112, 3.2.2), a page's address as one segment. Pure.

A document is named by its id or by its page's address, and a route's name has no slash. So an address that stands where an id may is written into
the path with its own slashes escaped, and `name_of` reads it back.
"""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

Scope = MutableMapping[str, Any]
ABSOLUTE = re.compile(rb"https?://([^/]*)", re.IGNORECASE)
NAMED = ("/d/", "/api/v1/records/")  # behind these a document is named
WEB = re.compile(r"https?://", re.IGNORECASE)
WRITTEN = re.compile(r"https?:%2F%2F", re.IGNORECASE)
APART = re.compile(r"[%/?#]")  # what would end a segment, or be taken for an escape


def meant(scope: Scope) -> Scope:
    """The request as it is meant. The authority of a target counts as Host, whatever that header says."""
    raw = bytes(scope.get("raw_path") or b"")
    known = ABSOLUTE.match(raw)
    if known is not None:
        raw = raw[known.end() :] or b"/"
        others = [header for header in scope["headers"] if header[0] != b"host"]
        scope = {**scope, "raw_path": raw, "path": unquote(raw.decode("latin-1")), "headers": [(b"host", known[1]), *others]}
    path = _with_address(raw.decode("latin-1"))
    return scope if path is None else {**scope, "path": path}


def _with_address(raw: str) -> str | None:
    """The path of a document that is named by its page's address; None for any other. The address is percent-encoded, and what is asked of
    the document stands behind it; or it stands as it is, and ends the path."""
    start = next((one for one in NAMED if raw.startswith(one)), "")
    rest = raw[len(start) :]
    if not start or not WEB.match(unquote(rest)):
        return None
    first, slash, below = rest.partition("/")
    if WEB.match(unquote(first)):
        return f"{start}{_written(unquote(first))}{slash}{unquote(below)}"
    return f"{start}{_written(rest if WEB.match(rest) else unquote(rest))}"


def _written(address: str) -> str:
    return APART.sub(lambda mark: f"%{ord(mark[0]):02X}", address)


def name_of(segment: str) -> str:
    """What a segment names: an id as it is, a page's address without the escapes that made it one segment."""
    return unquote(segment) if WRITTEN.match(segment) else segment
