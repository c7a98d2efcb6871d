"""What came of a look, from status, headers and, of a refusal, the marks of a wall in its body. Pure.

A wall stands before a site and answers in its place; what it says is nothing the site said. A wall that is known by status or headers
is `blocked`, also where it says 403 or 405; a bare 403 is the site's own `forbidden`. A wall that answers 200 is told by reading.
"""

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC

from crawler.model import Millis, Outcome
from crawler.text import urls
from crawler.text.walls import wall_words

LONGEST_WAIT: Millis = 24 * 3_600_000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WALLS = {412: "412, as 瑞数 answers", 521: "521, as 加速乐 answers"}
EXACT = {
    401: Outcome.FORBIDDEN,
    403: Outcome.FORBIDDEN,
    404: Outcome.NOT_FOUND,
    410: Outcome.GONE,
    429: Outcome.BUSY,
    451: Outcome.FORBIDDEN,
    503: Outcome.BUSY,
}
SPOKEN = frozenset({401, 404, 410, 429, 451})  # the site's own word, also where a wall passes it on with its cookie
WALL_HEADERS = (  # (header, pattern): marks of the walls in front of these sites, as they were met or as their makers document them
    ("set-cookie", re.compile(r"\b(__jsluid_[sh]|__jsl_clearance|HWWAFSESID|acw_sc__v[23]|yunsuo_session_verify|safedog)", re.IGNORECASE)),
    ("server", re.compile(r"\b(yunjiasu|cloudwaf|waf|safedog|safe3waf|yundun|anyu|nsfocus)", re.IGNORECASE)),
    ("x-via-jsl", re.compile(r"(.{0,40})")),
    ("x-powered-by", re.compile(r"\b(anquanbao|360wzb|waf)", re.IGNORECASE)),
    ("cf-mitigated", re.compile(r"(challenge)")),
)  # fmt: skip
WALL_BODY = re.compile(
    rb"(\$_ts\b|__jsluid|__jsl_clearance|\bacw_sc__v[23]\b|errors\.aliyun\.com|/_guard/|yunsuo_session_verify|TencentCaptcha|geetest"
    rb"|[\"'/._-]captcha|waf_captcha|\xe8\xae\xbf\xe9\x97\xae\xe8\xa2\xab\xe6\x8b\xa6\xe6\x88\xaa|\xe5\xae\x89\xe5\x85\xa8\xe9\xaa\x8c\xe8\xaf\x81)",
    re.IGNORECASE,
)
MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
LOOKED_AT = 65_536  # bytes of a body that are searched for marks


BLANK = 4096  # bytes of a page that may have nothing to see
NO_TEXT = re.compile(
    rb"<!--.*?-->|<(title|style|noscript)\b.*?</\1\s*>|<(?!\s*(?:script|i?frame|frameset|ima?ge?|object|embed|svg|canvas|video|audio|form|input|select|button"
    rb"|a\b|ul|ol|table|meta[^>]*refresh))[^>]*>|&nbsp;|\xc2\xa0|\xef\xbb\xbf|\s",
    re.IGNORECASE | re.DOTALL,
)
HTML = re.compile(rb"<\s*(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


def is_blank(body: bytes) -> bool:
    """Does a page show nothing at all: no letter, no picture, no frame, no script, no link, no box that might be filled?"""
    return not body.removeprefix(b"\xef\xbb\xbf").strip() or (
        len(body) <= BLANK and HTML.search(body) is not None and not NO_TEXT.sub(b"", body)
    )


def wall_in(body: bytes) -> str:
    """The mark of a wall's challenge in a body; empty when there is none."""
    found = WALL_BODY.search(body, 0, LOOKED_AT)
    return found[1].decode("utf-8", "replace") if found else ""


def outcome_of(status: int, headers: Mapping[str, str], *, conditional: bool, body: bytes = b"") -> tuple[Outcome, str]:
    """The outcome of a whole answer, and the evidence where the status alone does not say it.

    `headers` with lower-case names; `conditional`: our request carried validators; `body` decoded.
    """
    if status in WALLS:
        return Outcome.BLOCKED, WALLS[status]
    if status >= 400 and status not in SPOKEN and (mark := _wall(status, headers, body)):
        return Outcome.BLOCKED, mark
    if status == 304:
        return (Outcome.NOT_MODIFIED, "") if conditional else (Outcome.PROTOCOL_ERROR, "304 to a request without validators")
    if status in REDIRECTS and headers.get("location"):
        return Outcome.REDIRECTED, ""
    if status in EXACT:
        return EXACT[status], ""
    if 200 <= status < 300:
        return Outcome.OK, ""
    if 400 <= status < 500:
        return Outcome.CLIENT_ERROR, ""
    return (Outcome.SERVER_ERROR, "") if status >= 500 else (Outcome.PROTOCOL_ERROR, f"status {status}")


def _wall(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The mark of a wall on a refusal: a header (walls pass the site's own 5xx on), or what a challenge page cannot do without."""
    for name, pattern in WALL_HEADERS if status < 500 else ():
        found = pattern.search(headers.get(name, ""))
        if found and name in headers:
            return f"{status} with a wall's mark, {name}: {found[1]}"
    mark = wall_in(body)
    if mark:
        return f"{status} with a wall's mark in its body: {mark}"
    words = wall_words(_shown(body))
    return f"{status} with {words}" if words else ""


def _shown(body: bytes) -> str:
    """The words of a refusal's page, roughly: no reader looks at it."""
    try:
        plain = body[:LOOKED_AT].decode("utf-8")
    except UnicodeDecodeError:
        plain = body[:LOOKED_AT].decode("gb18030", "replace")
    return MARKUP.sub(" ", plain)


# ------------------------------------------------------------------ redirects
def location_of(url: str, value: str) -> str | None:
    """Where a redirect points, absolute; None when it cannot be fetched.

    `value` holds the header's bytes as characters. Bytes above ASCII are percent-encoded as they are, as browsers do: whichever
    encoding they are in, the server gets back what it sent.
    """
    raw = value.encode("latin-1", "replace")
    return urls.join(url, "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw))


def retry_after(value: str | None, now: Millis) -> Millis | None:
    """The moment a Retry-After header names (seconds or a date, RFC 9110, 10.2.3), a day at most; None when it is neither."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return now + min(int(value[:9]) * 1000, LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(int(moment.timestamp() * 1000), now), now + LONGEST_WAIT)
