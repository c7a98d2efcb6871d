"""A reader's session in a closed archive: a cookie that proves the token was shown, holds nothing of it, and only lets read. Pure.

`EXPIRES.SIGNATURE`, signed with the token: another token ends all sessions, and nothing is remembered at the server.
"""

import hashlib
import hmac
import re

from crawler.model import Millis

COOKIE = "gongkai-reader"
LASTS_S = 7 * 86_400
FORM = re.compile(r"(\d{1,15})\.([0-9a-f]{64})", re.ASCII)


def begun(token: str, now: Millis) -> str:
    """A session from now on, a week long."""
    expires = now // 1000 + LASTS_S
    return f"{expires}.{_signed(token, expires)}"


def holds(token: str, session: str | None, now: Millis) -> bool:
    """Is this a session that was begun with this token and is not over?"""
    known = FORM.fullmatch(session or "")
    if known is None:
        return False
    expires = int(known[1])
    return hmac.compare_digest(known[2], _signed(token, expires)) and now // 1000 < expires


def _signed(token: str, expires: int) -> str:
    return hmac.new(token.encode(), f"gongkai reader until {expires}".encode(), hashlib.sha256).hexdigest()
