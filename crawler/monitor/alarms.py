"""Alarms: lines of the ledger that somebody is told of. The outbox remembers what is to be told; here it is worded, grouped and sent.

    ledger ─▶ outbox (enqueue, remind) ─▶ claim ─▶ group ─▶ send ─▶ done, or tried again

One message a transition; trouble of a whole host is one message for all its sources, and trouble of many hosts at once is one message,
because then it is more likely ours. Secrets come from the environment, or files that it names, when a message is sent, and stand in no log, record or error.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, TypeVar

import structlog

from crawler.config.choose import within_region
from crawler.config.secrets import variable
from crawler.config.values import Channel, Config, Source
from crawler.errors import UsageError
from crawler.fetcher.fetcher import FetchSettings
from crawler.fetcher.outgoing import MailServer, mail, post
from crawler.model import ChangeKind, Millis
from crawler.monitor.health import HOST_WIDE, Trouble
from crawler.monitor.told import told
from crawler.repository import outbox
from crawler.repository.database import Connection, Database
from crawler.repository.outage import Outage
from crawler.repository.outbox import Due, Hears
from crawler.text.asked import parse
from crawler.text.beijing import beijing
from crawler.text.urls import host

T = TypeVar("T")
log = structlog.get_logger()

CLAIM: Millis = 180_000  # a message on its way is nobody else's for so long
DEADLINE = 30.0
FIRST_RETRY: Millis = 30_000
LONGEST_RETRY: Millis = 3_600_000
MOST_TRIES = 72  # about three days
MANY_HOSTS = 3
MOST_DIFFERENCES = 8  # of one notice named in a message
MOST_LINES = 20  # sources named in one message
LONGEST_TEXT = 1900  # bytes: WeCom takes 2,048


@dataclass(frozen=True, slots=True)
class Message:
    """What one group of alarms says, to people and to programs."""

    subject: str
    text: str
    data: Mapping[str, Any]


# ------------------------------------------------------------------ wording, pure
def group(rows: Sequence[Due], host_of: Callable[[str], str]) -> list[list[Due]]:
    """Alarms that are one message: those of one host whose trouble is the host's, all hosts' that are down together, else each its own."""
    away = {
        host_of(row.change.source) for row in rows if row.change.detail.get("trouble") == Trouble.HOST_DOWN and not _is_good(row)
    }
    groups: dict[tuple[object, ...], list[Due]] = {}
    for row in rows:
        trouble = row.change.detail.get("trouble")
        key: tuple[object, ...] = ("line", row.change.seq, row.reminder)
        if row.change.kind == ChangeKind.HEALTH and trouble in [str(wide) for wide in HOST_WIDE]:
            everywhere = trouble == Trouble.HOST_DOWN and len(away) >= MANY_HOSTS and not _is_good(row)
            key = (
                "host",
                "" if everywhere else host_of(row.change.source),
                trouble,
                row.change.detail.get("after"),
                bool(row.reminder),
            )
        groups.setdefault(key, []).append(row)
    return list(groups.values())


def _is_good(row: Due) -> bool:
    return row.change.detail.get("after") == "recovered"


def compose(rows: Sequence[Due], host_of: Callable[[str], str]) -> Message:
    """The words of one group."""
    first = rows[0]
    hosts = sorted({host_of(row.change.source) for row in rows})
    if first.change.kind != ChangeKind.HEALTH:
        subject, lines = _notice(first)
    else:
        subject, lines = _health(rows, hosts)
    data = {
        "subject": subject,
        "kind": first.change.kind,
        "state": first.change.detail.get("after"),
        "trouble": first.change.detail.get("trouble"),
        "hosts": hosts,
        "reminder": first.reminder,
        "alarms": [_data(row) for row in rows],
    }
    text = "\n".join([f"[gongkai] {subject}", *lines])
    return Message(subject, text, data | {"text": text})


def _health(rows: Sequence[Due], hosts: Sequence[str]) -> tuple[str, list[str]]:
    first, detail = rows[0], rows[0].change.detail
    state, trouble = detail.get("after"), detail.get("trouble")
    what = f"{state}: {trouble}" if state != "recovered" else f"recovered from {trouble}"
    remind = f"reminder {first.reminder}: still " if first.reminder else ""
    since = f"since {beijing(first.change.at)} (Beijing time)"
    if len(rows) == 1:
        reasons = [str(reason) for reason in detail.get("reasons", ())]
        rest = [f"asked again only after {beijing(first.rests_until)}"] if first.rests_until else []
        return f"{remind}{what}, {first.title}", [*reasons, *rest, f"{since} · gongkai health {first.change.source}"]
    where = hosts[0] if len(hosts) == 1 else f"{len(hosts)} hosts at once: is this machine's own network well?"
    named = [f"· {row.title} ({row.change.source})" for row in rows[:MOST_LINES]]
    more = [f"… and {len(rows) - MOST_LINES} more"] if len(rows) > MOST_LINES else []
    return f"{remind}{what}, {len(rows)} sources of {where}", [*named, *more, f"{since} · gongkai health"]


def _notice(row: Due) -> tuple[str, list[str]]:
    """Of a notice: what happened to which, what it rests on, where it stands."""
    change, said = row.change, told(row.change)
    subject = f"{change.kind}: {' '.join(filter(None, (change.title or row.title, change.doc_no)))}"
    why = list(said.differences[:MOST_DIFFERENCES]) or [said.why]
    more = len(said.differences) - MOST_DIFFERENCES
    where = " · ".join(filter(None, (change.origin, row.title)))
    look = f"gongkai history {change.document}" if change.document else "gongkai changes"
    seen = f"{beijing(change.at)} (Beijing time) · {look}"
    return subject, [line for line in (*why, f"and {more} more" if more > 0 else "", where, change.url or "", seen) if line]


def _data(row: Due) -> dict[str, Any]:
    """The line as every surface tells it, and what its source is called."""
    return {**told(row.change).data, "source_title": row.title}


def cut(text: str, most: int = LONGEST_TEXT) -> str:
    """Not more than so many bytes of UTF-8, cut at a character."""
    data = text.encode()
    return text if len(data) <= most else data[: most - 3].decode("utf-8", "ignore") + "…"


def shape(kind: str, message: Message, url: str, secret: str | None, now: Millis) -> tuple[str, dict[str, Any]]:
    """Address and JSON of a webhook, as each service wants them; signed where there is a secret."""
    text = cut(message.text)
    if kind == "dingtalk":
        if secret:
            stamp = str(now)
            url += ("&" if "?" in url else "?") + urllib.parse.urlencode(
                {"timestamp": stamp, "sign": _sign(secret, f"{stamp}\n{secret}")}
            )
        return url, {"msgtype": "text", "text": {"content": text}}
    if kind == "feishu":
        signed = {}
        if secret:
            stamp = str(now // 1000)
            signed = {"timestamp": stamp, "sign": _sign(f"{stamp}\n{secret}", "")}
        return url, {**signed, "msg_type": "text", "content": {"text": text}}
    if kind == "wecom":
        return url, {"msgtype": "text", "text": {"content": text}}
    if kind == "slack":
        return url, {"text": message.text}
    return url, dict(message.data)


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def refusal(kind: str, status: int | None, body: bytes, detail: str) -> str:
    """Why a service did not take a message; empty when it did. DingTalk, WeCom and Feishu answer 200 and say no in the body."""
    if status is None or not 200 <= status < 300:
        return detail
    if kind not in ("dingtalk", "wecom", "feishu"):
        return ""
    try:
        said = json.loads(body)
        code = said.get("errcode", said.get("code", said.get("StatusCode")))
    except (ValueError, AttributeError):
        return "answered what is not its JSON"
    return "" if code == 0 else f"refused: {code} {str(said.get('errmsg', said.get('msg', '')))[:200]}"


def retry_at(tries: int, now: Millis) -> Millis:
    """When a message that was not taken is tried again: 30 s, 1, 2, 4 … minutes, an hour at most."""
    return now + min(FIRST_RETRY << min(tries, 16), LONGEST_RETRY)


def hears(channel: Channel, sources: Mapping[str, Source]) -> Hears:
    """What a channel is told of. A region (GB/T 2260) holds those below it: 210000 and 21 are the province with all its cities."""
    named: frozenset[str] | None = None
    if channel.sources or channel.regions:
        within = tuple(map(within_region, channel.regions))
        named = frozenset(channel.sources) | {s.id for s in sources.values() if within and (s.region or "").startswith(within)}
    return Hears(frozenset(channel.tell), named, channel.min_rank, parse(channel.query) if channel.query else None)


# ------------------------------------------------------------------ sending
class Alarms:
    """Tells the configured channels. Used by one process at a time or by several: the outbox keeps them apart."""

    def __init__(
        self,
        config: Config,
        database: Database,
        settings: FetchSettings,
        clock: Callable[[], Millis],
        outage: Outage | None = None,
    ) -> None:
        self.config, self.database, self.settings, self.clock = config, database, settings, clock
        self._outage = outage or Outage()

    def _do(self, step: Callable[[Connection], T]) -> T:
        """A step that stands when it is done twice, done over for as long as the database is away."""
        return self._outage.through(lambda: self.database.do(step))

    def host_of(self, source: str) -> str:
        """The politeness key of a source's first address."""
        found = self.config.sources.get(source)
        return (found.politeness.queue or host(found.addresses[0].url)) if found else source

    async def try_out(self, channel: Channel) -> str:
        """Send one message that says it is a test, past the outbox; empty when it was taken, else why not."""
        subject = f"test of channel {channel.name}: alarms arrive here"
        text = f"[gongkai] {subject}"
        data: dict[str, Any] = {
            "subject": subject, "kind": "test", "state": None, "trouble": None, "hosts": [], "reminder": 0, "alarms": [],
            "text": text,
        }  # fmt: skip
        return await self._send(channel, Message(subject, text, data))

    async def tell(self, *, waiting: bool = True) -> int:
        """Send what is due; how many messages were taken. `waiting` False: do not wait for what might still be gathered."""
        channels = self.config.alarms.channels
        if not channels:
            return 0
        await asyncio.to_thread(self._collect, self.config.alarms.gather_ms if waiting else 0)
        counts = await asyncio.gather(*(self._channel(channel) for channel in channels.values()))
        return sum(counts)

    def _collect(self, gather: Millis) -> None:
        alarms, now = self.config.alarms, self.clock()

        def step(c: Connection) -> None:
            outbox.enqueue(c, {name: hears(channel, self.config.sources) for name, channel in alarms.channels.items()}, gather)
            if alarms.remind_ms:
                outbox.remind(c, alarms.channels, now, alarms.remind_ms)

        self._do(step)

    async def _channel(self, channel: Channel) -> int:
        groups = await asyncio.to_thread(self._claim, channel)
        taken = 0
        for rows in groups:
            error = await self._send(channel, compose(rows, self.host_of))
            await asyncio.to_thread(self._record, channel, rows, error)
            taken += not error
        return taken

    def _claim(self, channel: Channel) -> list[list[Due]]:
        now = self.clock()

        def step(c: Connection) -> list[Due]:
            rows = outbox.claim(c, channel.name, now, now + CLAIM)
            over = [row for row in rows if row.is_over]
            outbox.done(c, channel.name, over, now, outbox.GROUPED)
            told = {
                (self.host_of(source), trouble, state)
                for source, trouble, state in outbox.standing(c, channel.name, now - (self.config.alarms.remind_ms or CLAIM))
                if trouble in [str(wide) for wide in HOST_WIDE]
            }
            joined = [row for row in rows if row not in over and not row.reminder and self._is_told(row, told)]
            outbox.done(c, channel.name, joined, now, outbox.GROUPED)
            return [row for row in rows if row not in over and row not in joined]

        return group(self._do(step), self.host_of)

    def _is_told(self, row: Due, told: set[tuple[str, str, str]]) -> bool:
        """Has this host's trouble been told already, for another of its sources?"""
        detail = row.change.detail
        return (self.host_of(row.change.source), str(detail.get("trouble")), str(detail.get("after"))) in told

    def _record(self, channel: Channel, rows: Sequence[Due], error: str) -> None:
        now = self.clock()

        def step(c: Connection) -> None:
            if not error:
                outbox.done(c, channel.name, rows, now, outbox.SENT)
            elif max(row.tries for row in rows) + 1 >= MOST_TRIES:
                outbox.failed(c, channel.name, rows, now, error)
                outbox.done(c, channel.name, rows, now, outbox.GIVEN_UP)
            else:
                outbox.failed(c, channel.name, rows, retry_at(max(row.tries for row in rows), now), error)

        self._do(step)
        told = {"channel": channel.name, "subject": compose(rows, self.host_of).subject, "alarms": len(rows)}
        if error:
            log.warning("alarm not taken", **told, error=error)
        elif channel.kind != "log":
            log.info("alarm sent", **told)

    async def _send(self, channel: Channel, message: Message) -> str:
        """Empty when the channel took it, else why not, without a secret."""
        try:
            if channel.kind == "log":
                log.warning(
                    "alarm", **{name: message.data[name] for name in ("subject", "state", "trouble", "hosts", "reminder")}
                )
                return ""
            if channel.kind == "command":
                return await _run(channel.command, message)
            if channel.kind == "email":
                return await mail(self.settings, _server(channel), _letter(channel, message), DEADLINE)
            return await self._post(channel, message)
        except MissingSecret as error:
            return str(error)

    async def _post(self, channel: Channel, message: Message) -> str:
        base = channel.url or _secret(channel.url_env)
        secret = _secret(channel.sign_env) if channel.sign_env else None
        url, body = shape(channel.kind, message, base or "", secret, self.clock())
        answer = await post(
            self.settings, url, json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8", DEADLINE
        )
        return hide(refusal(channel.kind, answer.status, answer.body, answer.detail), url, base, secret)


class MissingSecret(Exception):
    """An environment variable that a channel needs is not set; the message names it."""


def _secret(name: str | None) -> str:
    try:
        value = variable(name) if name else None
    except UsageError as error:
        raise MissingSecret(error.message) from error
    if not value:
        raise MissingSecret(f"the environment has no {name}, and no {name}_FILE")
    return value


def hide(text: str, *secrets: str | None) -> str:
    """The text without these secrets: addresses whole, and their paths and queries, which hold tokens."""
    for secret in secrets:
        if not secret:
            continue
        parts = urllib.parse.urlsplit(secret)
        for piece in (
            secret,
            f"{parts.path}?{parts.query}" if parts.query else "",
            parts.query,
            parts.path if parts.netloc else "",
        ):
            if len(piece) > 1:
                text = text.replace(piece, "…")
    return text


async def _run(command: Sequence[str], message: Message) -> str:
    """Run a command with the message as JSON on its standard input; exit code 0 takes it."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror or error}"
    try:
        async with asyncio.timeout(DEADLINE):
            _, said = await process.communicate(json.dumps(message.data, ensure_ascii=False).encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"{command[0]}: not done within {DEADLINE:g} s"
    if process.returncode:
        return f"{command[0]}: exit code {process.returncode}: {said.decode('utf-8', 'replace').strip()[:200]}"
    return ""


def _server(channel: Channel) -> MailServer:
    password = _secret(channel.password_env) if channel.password_env else None
    return MailServer(channel.host or "", channel.port, channel.security, channel.user, password)


def _letter(channel: Channel, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["Subject"] = f"[gongkai] {' '.join(message.subject.split())}"
    letter["From"] = channel.sender or ""
    letter["To"] = ", ".join(channel.to)
    letter.set_content(message.text)
    return letter
