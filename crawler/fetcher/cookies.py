"""Cookies of one source in one run (RFC 6265), kept in memory and forgotten with it. Pure but for what it remembers.

Stricter than the RFC in one point that makes a list of public suffixes needless: every cookie is host-only. It goes back to the very host
that set it, whatever its Domain says; one whose Domain is not that host, a parent of it, or is too wide to be anybody's (`cn`, `gov.cn`),
is not kept at all. Values go into the request and nowhere else: the archive stores `Cookie: redacted` (`archive.metadata.redact`).
"""

import email.utils
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from crawler.model import Millis
from crawler.text import urls

MOST_JARS = 1000
MOST_OF_A_HOST = 50
LONGEST = 4096
NEVER: Millis = 1 << 62


@dataclass(frozen=True, slots=True)
class Cookie:
    """What a host asked us to send back."""

    name: str
    value: str
    path: str
    secure: bool
    expires: Millis


class Jars:
    """The cookies of each source in each run."""

    def __init__(self) -> None:
        self._jars: OrderedDict[tuple[str, int], dict[str, dict[tuple[str, str], Cookie]]] = OrderedDict()

    def keep(self, source: str, run: int, url: str, lines: Iterable[str], now: Millis) -> None:
        """Remember what an answer's Set-Cookie lines say."""
        for line in lines:
            cookie = parse(url, line, now)
            if cookie is None:
                continue
            jar = self._jars.setdefault((source, run), {})
            self._jars.move_to_end((source, run))
            mine = jar.setdefault(urls.host(url), {})
            mine.pop((cookie.name, cookie.path), None)
            if cookie.expires > now:
                mine[cookie.name, cookie.path] = cookie
            while len(mine) > MOST_OF_A_HOST:
                del mine[next(iter(mine))]
        while len(self._jars) > MOST_JARS:
            self._jars.popitem(last=False)

    def header(self, source: str, run: int, url: str, now: Millis) -> str:
        """The Cookie header for a request, empty when there is nothing to send: longest path first, then oldest (RFC 6265, 5.4)."""
        mine = self._jars.get((source, run), {}).get(urls.host(url))
        if not mine:
            return ""
        secure, path = url.startswith("https:"), urls.path(url)
        fitting = [c for c in mine.values() if c.expires > now and (secure or not c.secure) and _within(path, c.path)]
        return "; ".join(f"{c.name}={c.value}" for c in sorted(fitting, key=lambda c: -len(c.path)))

    def forget(self, source: str, run: int) -> None:
        """Forget a run's cookies."""
        self._jars.pop((source, run), None)


def parse(url: str, line: str, now: Millis) -> Cookie | None:
    """One Set-Cookie line (RFC 6265, 5.2 and 5.3), None for what is not to be kept."""
    pair, *rest = line.split(";")
    name, equals, value = (part.strip(" \t") for part in pair.partition("="))
    if not equals or not name or len(pair) > LONGEST or any(ord(c) < 32 or ord(c) == 127 for c in pair):
        return None
    said: dict[str, str] = {}
    for item in rest:
        key, _, text = item.partition("=")
        said[key.strip(" \t").lower()] = text.strip(" \t")
    secure = "secure" in said
    if not _may(urls.host(url), said.get("domain", "")) or (secure and not url.startswith("https:")):
        return None
    if name.lower().startswith(("__secure-", "__host-")) and not secure:
        return None
    path = said.get("path", "")
    if not path.startswith("/"):
        path = urls.path(url).rpartition("/")[0] or "/"
    return Cookie(name, value, path, secure, _expires(said, now))


def _may(host: str, domain: str) -> bool:
    """May this host set a cookie for that domain?"""
    domain = domain.lower().removeprefix(".")
    if not domain or domain == host:
        return True
    return host.endswith(f".{domain}") and urls.registered(host) in (domain, urls.registered(domain))


def _expires(said: dict[str, str], now: Millis) -> Millis:
    age = said.get("max-age", "")
    if age.removeprefix("-").isdecimal():
        return now + int(age[:10]) * 1000 if not age.startswith("-") else 0
    try:
        moment = email.utils.parsedate_to_datetime(said["expires"].replace("-", " "))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (KeyError, ValueError, TypeError, OverflowError):
        return NEVER


def _within(path: str, folder: str) -> bool:
    return path == folder or (path.startswith(folder) and (folder.endswith("/") or path[len(folder)] == "/"))
