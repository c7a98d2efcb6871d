"""Everything about addresses, by one WHATWG parser (ada): the host that is checked is the host that is dialled.

Canonical form, the identity of an address: serialised as the URL standard does, which lowers scheme and host, writes the host in
ASCII, resolves dots and percent-encodes what must be; then without fragment, default port, empty query, user and password, and
`;jsessionid=…` parameters of the path. Nothing is guessed: index.html, www, the case of paths, the order of parameters, and escapes
that were not needed stay as they are, so that the canonical form is what the server is asked for. It is its own canonical form.
"""

import hashlib
import re
from functools import lru_cache

import ada_url

from crawler.model import Request
from crawler.text.late import late

LONGEST = 2_000  # what browsers took for decades (2,083) and a PostgreSQL index takes (2,704 bytes a key); longer ones on pages are traps or pasted data
REMEMBERED = 4096  # addresses: each is asked about a dozen times on its way through the line
SESSION = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
LOGIN_PATH = late(r"/(?:(?:sso|cas|oauth2?|idp)/|(?:user/?)?(?:login|signin|logon)(?:[/.]|$))", re.IGNORECASE)
HOME_PATH = late(r"/(?:(?:index|default|main)\.(?:s?html?|jsp|aspx?|php|action|do))?", re.IGNORECASE)
PORT = re.compile(r":\d+$")
PATH_END = re.compile("[?#]")
UNICODE_ENCODINGS = frozenset({"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"})
REGISTRIES = re.compile(r"com|net|org|gov|edu|ac|co|mil")
PROVINCES = late(r"ah|bj|cq|fj|g[dszx]|h[abeikln]|j[lsx]|ln|mo|nm|nx|qh|s[cdhnx]|tj|tw|xj|xz|yn|zj")
QUERY_PLAIN = frozenset(b"!$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~")


class BadUrl(ValueError):
    """Not an http or https address."""


@lru_cache(REMEMBERED)
def _serialised(url: str) -> str:
    """The address as the URL standard writes it: all that is asked of it can be read off that."""
    try:
        href = str(ada_url.URL(url).href)
    except ValueError as error:
        raise BadUrl(f"not an address: {url[:200]!r}") from error
    if not href.startswith(("http://", "https://")):
        raise BadUrl(f"neither http nor https: {url[:200]!r}")
    return href


def is_http(url: str) -> bool:
    """Is this an absolute address that can be fetched?"""
    try:
        _serialised(url)
    except BadUrl:
        return False
    return True


def canonical(url: str) -> str:
    """The canonical form of an absolute http(s) address; idempotent. Raises BadUrl."""
    href = _serialised(url)
    if "#" not in href and ";" not in href and "@" not in href and not href.endswith("?"):
        return href
    parsed = ada_url.URL(href)
    parsed.hash = ""
    if not parsed.search:
        parsed.search = ""  # a lone question mark goes
    if ";" in parsed.pathname:
        parsed.pathname = SESSION.sub("", parsed.pathname)
    parsed.username = parsed.password = ""
    return str(parsed.href)


def join(base: str, href: str, encoding: str = "utf-8") -> str | None:
    """A link of the page at `base`, absolute, fragment kept; None when it cannot be fetched.

    That is: another scheme (script, mail, file), invalid, or longer than 2,000 characters. A query with characters outside ASCII
    is percent-encoded in the page's `encoding`, as browsers do (URL standard, query state): old servers read GBK.
    """
    if len(href) > LONGEST:
        return None
    if not href.isascii() and encoding.lower() not in UNICODE_ENCODINGS:
        href = _encode_query(href, encoding)
    try:
        address = ada_url.join_url(base, href)
    except ValueError:
        return None
    return address if address.startswith(("http:", "https:")) and len(address) <= LONGEST else None


def _encode_query(href: str, encoding: str) -> str:
    """`href` with its query in that encoding; a character it lacks becomes %26%23…%3B (URL standard, 1.3)."""
    address, hash_mark, fragment = href.partition("#")
    head, question_mark, query = address.partition("?")
    encoded = []
    for character in query:
        try:
            raw = character.encode(encoding)
        except UnicodeEncodeError:
            encoded.append(f"%26%23{ord(character)}%3B")
        except LookupError:
            return href
        else:
            encoded.append(raw.decode("ascii") if character.isascii() else "".join(map(_percent_encoded, raw)))
    return f"{head}{question_mark}{''.join(encoded)}{hash_mark}{fragment}"


def _percent_encoded(byte: int) -> str:
    return chr(byte) if byte in QUERY_PLAIN else f"%{byte:02X}"


def key(request: Request) -> str:
    """The URL key: method, canonical address and, where there is a body, 32 hex digits of its SHA-256. Raises BadUrl."""
    body = f" {hashlib.sha256(request.body).hexdigest()[:32]}" if request.body else ""
    return f"{request.method} {canonical(request.url)}{body}"


def host(url: str) -> str:
    """The host name, in ASCII, without port; an IPv6 address in its brackets. Raises BadUrl."""
    return PORT.sub("", origin(url).partition("://")[2])


def registered(name: str) -> str:
    """The part of a host name that one owner registered, by a small rule instead of the Public Suffix List.

    The last two labels; three where the second-last is a registry: below .cn its category or province, below other two-letter domains
    com, net, org, gov, edu, ac, co and mil. An address is itself. Used to name things, never to decide where something is sent.
    """
    labels = name.rstrip(".").split(".")
    if len(labels) < 3 or labels[-1].isdigit() or name.startswith("["):
        return name.rstrip(".")
    registry = REGISTRIES.fullmatch(labels[-2]) or (labels[-1] == "cn" and PROVINCES().fullmatch(labels[-2]))
    return ".".join(labels[-3:] if registry and len(labels[-1]) == 2 else labels[-2:])


def origin(url: str) -> str:
    """scheme://host[:port], the port only where it is not the scheme's own. Raises BadUrl."""
    href = _serialised(url)
    whole = href[: href.index("/", len("https://"))]
    if "@" not in whole:
        return whole
    scheme, mark, rest = whole.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def path(url: str) -> str:
    """The path, percent-encoded. Raises BadUrl."""
    href = _serialised(url)
    return PATH_END.split(href[href.index("/", len("https://")) :], maxsplit=1)[0]


def leads(url: str, location: str) -> str:
    """What a redirect says besides where it goes: `home` (a notice's address leads to its site's start page), `login`, `itself`, or empty."""
    if canonical(url) == canonical(location):
        return "itself"
    if LOGIN_PATH().search(path(location)) and not LOGIN_PATH().search(path(url)):
        return "login"
    same = registered(host(url)) == registered(host(location))
    if same and "?" not in location and HOME_PATH().fullmatch(path(location)) and not HOME_PATH().fullmatch(path(url)):
        return "home"
    return ""
