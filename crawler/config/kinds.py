"""What single values of the configuration files may be, each with the words of its error: durations, sizes, hours, schedules, addresses."""

import difflib
import ipaddress
import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from crawler.config import cron
from crawler.errors import UsageError
from crawler.fetcher.tls import PROFILES
from crawler.model import ChangeKind, Millis
from crawler.parsers import attachments
from crawler.text import urls
from crawler.text.asked import NOTHING, parse

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))+")
PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB)", re.IGNORECASE)
SIZES = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}
LONGEST: Millis = 36_525 * 86_400_000  # a moment and such a span still fit into a column of the database
LARGEST = 1 << 50
HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


def _duration(value: object) -> Millis:
    if not isinstance(value, str) or not DURATION.fullmatch(value.strip()):
        raise ValueError('expected a duration such as "2s", "14d" or "1h30m"')
    found = sum(float(number) * UNITS[unit] for number, unit in PIECE.findall(value))
    if found > LONGEST:
        raise ValueError("expected a duration of a hundred years at most")
    return int(found)


def size_of(value: object) -> int:
    match = SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('expected a size such as "32MB"')
    found = float(match[1]) * SIZES[match[2].lower()]
    if found > LARGEST:
        raise ValueError("expected a size of a petabyte at most")
    return int(found)


def _cron(value: str) -> str:
    cron.check(value)
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'unknown time zone {value!r}; expected a name such as "Asia/Shanghai"') from None
    return value


def _address(value: str) -> str:
    if not urls.is_http(value):
        raise ValueError("expected an http or https address")
    return value


def contact_of(value: str) -> str:
    if not (value.startswith("mailto:") and "@" in value) and not urls.is_http(value):
        raise ValueError("expected the address of a page, or mailto:you@example.org")
    return value


def _endpoint(value: str) -> str:
    host, _, port = value.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        raise ValueError('expected "ip:port", for example "127.0.0.1:8765"') from None
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError('expected "ip:port", for example "127.0.0.1:8765"')
    return value


def _hours(value: object) -> tuple[int, int]:
    match = HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    minutes = [int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3)] if match else [0, 0]
    if match is None or minutes[0] == minutes[1] or max(minutes) > 24 * 60 or int(match[2]) > 59 or int(match[4]) > 59:
        raise ValueError('expected hours of the day such as "08:00-20:00"')
    return minutes[0], minutes[1]


def proxy_of(value: str) -> str:
    try:
        host, path = urls.host(value), urls.path(value)
    except urls.BadUrl:
        host, path = "", ""
    if not host or path != "/" or "@" in value or not value.lower().startswith("http://"):
        raise ValueError('expected "http://host:port", without user and password')
    return value.rstrip("/")


def host_of(value: str) -> str:
    try:
        host = urls.host(f"https://{value}/")
    except urls.BadUrl:
        host = ""
    if not host or set(value) & set("/:@?#"):
        raise ValueError("expected a host name, without scheme, port and path")
    return host


def profile_of(value: str) -> str:
    if value not in PROFILES:
        raise ValueError(f"no TLS profile of that name; expected one of {', '.join(PROFILES)}")
    return value


def one_line(value: str) -> str:
    if not value.strip() or any(ord(c) < 32 for c in value):
        raise ValueError("expected one line of text")
    return value.strip()


def question_of(value: str) -> str:
    try:
        meant = parse(value)
    except UsageError as error:
        raise ValueError(str(error)) from error
    if meant == NOTHING:
        raise ValueError("expected what gongkai search takes; this has neither letter nor digit")
    return value


def tag_of(value: str) -> str:
    if not value or any(c.isspace() or ord(c) < 32 or c == "," for c in value):
        raise ValueError("expected one word")
    return value


def _told(value: str) -> str:
    if value not in [str(kind) for kind in ChangeKind]:
        raise ValueError(f"expected kinds of ledger lines: {', '.join(ChangeKind)}")
    return value


Duration = Annotated[
    int,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{DURATION.pattern}$", "examples": ["2s", "14d"]}),
]
Size = Annotated[
    int, BeforeValidator(size_of), WithJsonSchema({"type": "string", "pattern": f"^{SIZE.pattern}$", "examples": ["32MB"]})
]
Hours = Annotated[tuple[int, int], BeforeValidator(_hours)]
Cron = Annotated[str, AfterValidator(_cron)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]


def listen_of(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError("expected where to listen, such as 127.0.0.1:8080")
    return value


Endpoint = Annotated[str, AfterValidator(_endpoint)]
Line = Annotated[str, AfterValidator(one_line)]
Told = Annotated[str, AfterValidator(_told)]


def as_fetched(value: object) -> object:
    """One word is `all`, `none`, or a single type."""
    if value == []:
        return "none"
    return [value] if isinstance(value, str) and value not in ("all", "none") else value


def file_type_of(value: str) -> str:
    """An ending that documents have, in small letters."""
    known = sorted(attachments.KINDS)
    ending = value.strip().lower().removeprefix(".")
    if ending not in known:
        near = difflib.get_close_matches(ending, known, 1, 0.5)
        raise ValueError(
            f'expected "all", "none" or endings of files such as ["pdf", "xlsx"]; {value!r} is none'
            + (f', did you mean "{near[0]}"?' if near else "")
        )
    return ending
