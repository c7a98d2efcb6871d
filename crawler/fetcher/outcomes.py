"""What came of a look, from status and headers alone. Pure."""

import email.utils
from collections.abc import Mapping
from datetime import UTC

from crawler import urls
from crawler.model import Millis, Outcome

LONGEST_WAIT: Millis = 24 * 3_600_000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
WALLS = frozenset({412, 521})  # 瑞数 and 加速乐 answer so
EXACT = {
    401: Outcome.FORBIDDEN,
    403: Outcome.FORBIDDEN,
    404: Outcome.NOT_FOUND,
    410: Outcome.GONE,
    429: Outcome.BUSY,
    451: Outcome.FORBIDDEN,
    503: Outcome.BUSY,
}


def outcome_of(status: int, headers: Mapping[str, str], *, conditional: bool) -> Outcome:
    """The outcome of a whole answer. `headers` with lower-case names; `conditional`: our request carried validators."""
    if status in WALLS or ("__jsluid" in headers.get("set-cookie", "") and status >= 400):
        return Outcome.BLOCKED
    if status == 304:
        return Outcome.NOT_MODIFIED if conditional else Outcome.PROTOCOL_ERROR
    if status in REDIRECTS and headers.get("location"):
        return Outcome.REDIRECTED
    if status in EXACT:
        return EXACT[status]
    if 200 <= status < 300:
        return Outcome.OK
    if 400 <= status < 500:
        return Outcome.CLIENT_ERROR
    return Outcome.SERVER_ERROR if status >= 500 else Outcome.PROTOCOL_ERROR


def location_of(url: str, value: str) -> str | None:
    """Where a redirect points, absolute; None when it cannot be fetched. Bytes above ASCII are read as UTF-8, else as GBK."""
    raw = value.encode("latin-1", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return urls.join(url, raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return urls.join(url, value)


def retry_after(value: str | None, now: Millis) -> Millis | None:
    """The moment a Retry-After header names (seconds or a date, RFC 9110, 10.2.3), a day at most; None when it is neither."""
    if value is None:
        return None
    value = value.strip()
    if value.isdigit():
        return now + min(int(value[:9]) * 1000, LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(int(moment.timestamp() * 1000), now), now + LONGEST_WAIT)
