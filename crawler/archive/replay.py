"""An answer in the form that replay tools read, where its exact bytes are not.

pywb and all that build on warcio (1.8) misread three things that servers do and HTTP allows, or once allowed: a trailer behind a chunked body
(its lines become part of the page), a chunk line that is longer than 63 bytes or ends with a bare LF (the framing becomes part of the page),
and a reason phrase in UTF-8 that is not Latin-1 (no WSGI server can send it: there is no answer at all). Such an answer's `response` record
holds the same head and payload in plain framing, and a `resource` record behind it, whose target is `urn:wire:` and the page's address, the
bytes as they came. Of every other answer, and of a chunked one that was cut, the `response` record is the bytes as they came.

A 304 is kept so too: pywb shows a revisit with a status in its block as that status, and a browser that is shown 304 shows nothing. The
revisit record's block is empty, the answer stands behind it, and replay tools show the page that the 304 confirmed.
"""

import re

from crawler.model import Octets

WIRE = "urn:wire:"
LINE = 64  # bytes of a chunk's line that warcio reads
SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")
MOST = 1 << 31
STATUS_LINE = re.compile(rb"(HTTP/\d(?:\.\d)?[ \t]+\d{3})([^\r\n]*)")


def replayable(response: Octets, head: int, framing: str, payload: Octets) -> bytes | None:
    """What the `response` record holds instead of `response`, whose first `head` bytes are its head; None: the bytes as they came."""
    if not head:
        return None
    start = bytes(response[:head])
    plain = plain_reason(start)
    if framing == "chunked" and not _plainly_chunked(response, head):
        return (plain or start) + one_chunk(payload)
    return None if plain is None else plain + bytes(response[head:])


def plain_reason(head: bytes) -> bytes | None:
    """A head without its reason phrase, where the phrase is UTF-8 that Latin-1 has not; None: the head can stay as it is."""
    found = STATUS_LINE.match(head)
    if found is None:
        return None
    try:
        found[2].decode("utf-8").encode("latin-1")
    except UnicodeDecodeError:  # read as Latin-1, which every phrase is
        return None
    except UnicodeEncodeError:
        return found[1] + b" " + head[found.end() :]
    return None


def one_chunk(payload: Octets) -> bytes:
    """A payload in the plainest chunked framing."""
    framed = b"%x\r\n%b\r\n" % (len(payload), bytes(payload)) if payload else b""
    return framed + b"0\r\n\r\n"


def _plainly_chunked(response: Octets, at: int) -> bool:
    """Does warcio take off this framing of a whole body?"""
    while at < len(response):
        line = bytes(response[at : at + LINE])
        found = SIZE.match(line)
        if found is None:
            return False
        at += found.end()
        size = int(found[1], 16)
        if size > MOST:
            return False
        if not size:
            return bytes(response[at:]) == b"\r\n"
        at += size + 2
        if bytes(response[at - 2 : at]) != b"\r\n":
            return False
    return False
