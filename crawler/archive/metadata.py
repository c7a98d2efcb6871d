"""The metadata record of a look: everything the database needs to be told again, with secrets redacted.

Its block is `application/warc-fields`, the look as JSON in the line `gongkai-look`. The page's address is its target; under any other
content type pywb, cdxj-indexer and whoever builds on them index it as a capture of that address, and answer with it instead of the page
(archives written before have `application/json`; they are read all the same).
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from crawler.errors import DamagedRecord
from crawler.model import Capture, Exchange, Kept, Kind, Original, Outcome, Reach, Request, Run, RunKind, Task, Tls

FORMAT = 1
CONTENT_TYPE = "application/warc-fields"
LOOK = b"gongkai-look:"
SECRET = re.compile(
    r"^(?:cookie|authorization|proxy-authorization|.*(?:token|secret|session|apikey|api-key|appkey).*)$", re.IGNORECASE
)
REDACTED = "redacted"
LONE = re.compile("[\ud800-\udfff]")  # no UTF-8 has them
LOST = "\ufffd".encode()


@lru_cache(maxsize=1024)
def is_secret(header: str) -> bool:
    """Is the value of this request header never stored? (cookies, credentials, tokens, keys, sessions by name)"""
    return SECRET.match(header) is not None


def redact(request: bytes) -> tuple[bytes, bool]:
    """A request as it may be stored: values of secret headers replaced; whether there were any."""
    head, mark, body = request.partition(b"\r\n\r\n")
    lines, found = head.split(b"\r\n"), False
    for i, line in enumerate(lines[1:], 1):
        name, colon, _ = line.partition(b":")
        if colon and is_secret(name.decode("latin-1").strip()):
            lines[i], found = name + b": " + REDACTED.encode(), True
    return b"\r\n".join(lines) + mark + body, found


def write(exchange: Exchange, outcome: Outcome, *, redacted: bool, wire: str = "") -> bytes:
    """The block of a look's metadata record. JSON escapes every line break, so it is one line whatever a server said.

    `wire`: the record that holds the answer's exact bytes, where the response or revisit record does not.
    """
    values = _to_json(exchange, outcome, redacted=redacted)
    said = json.dumps({**values, "wire": wire} if wire else values, ensure_ascii=False)
    block = f"fetchTimeMs: {exchange.ms}\r\n{LOOK.decode()} {said}\r\n"
    try:
        return block.encode()
    except UnicodeEncodeError:
        return LONE.sub("\ufffd", block).encode()


def _to_json(exchange: Exchange, outcome: Outcome, *, redacted: bool) -> dict[str, Any]:
    task, wire = exchange.task, exchange.wire
    page = exchange.page
    return {
        "format": FORMAT,
        "task": _task_json(task),
        "outcome": str(outcome),
        "at": exchange.at,
        "ms": exchange.ms,
        "status": exchange.status,
        "detail": exchange.detail,
        "location": exchange.location,
        "leads": exchange.leads,
        "retry_after": exchange.retry_after,
        "etag": page.header("etag") if page else None,
        "last_modified": page.header("last-modified") if page else None,
        "robots": {"decision": exchange.robots.decision, "line": exchange.robots.line} if exchange.robots else None,
        "peer": wire.address if wire else None,
        "framing": wire.framing if wire else None,
        "whole": wire.whole if wire else None,
        "interim": wire.interim if wire else 0,
        "surplus": wire.surplus if wire else 0,
        "condemned": wire.condemned if wire else "",
        "tls": _tls_json(wire.tls) if wire and wire.tls else None,
        "reach": _reach_json(exchange.reach) if exchange.reach else None,
        "codings": list(exchange.codings),
        "flags": list(exchange.flags),
        "redacted": redacted,
        **({"provenance": dict(exchange.provenance.said)} if exchange.provenance else {}),
    }


def _tls_json(tls: Tls) -> dict[str, Any]:
    return {
        "protocol": tls.protocol,
        "cipher": tls.cipher,
        "chain": tls.chain_digest,
        "profile": tls.profile,
        "reason": tls.reason,
        "verified": tls.verified,
    }


def _reach_json(reach: Reach) -> dict[str, Any]:
    return {
        "host": reach.host,
        "port": reach.port,
        "answers": list(reach.answers),
        "guard": reach.guard,
        "address": reach.address,
        "proxy": reach.proxy,
        "tls_profile": reach.tls_profile,
        "reused": reach.reused,
        "lookup_ms": reach.lookup_ms,
        "connect_ms": reach.connect_ms,
        "tls_ms": reach.tls_ms,
    }


def _task_json(task: Task) -> dict[str, Any]:
    request = task.request
    return {
        "key": task.key,
        "url": request.url,
        "method": request.method,
        "headers": [[name, REDACTED if is_secret(name) else value] for name, value in request.headers],
        "body": base64.b64encode(request.body).decode() if request.body else "",
        "public_url": task.public_url,
        "queue": task.queue,
        "kind": str(task.kind),
        "source": task.source,
        "run": {"source": task.run.source, "kind": str(task.run.kind), "slot": task.run.slot},
        "tries": task.tries,
        "via": task.via,
        "hops": task.hops,
        "last_digest": task.last_digest,
    }


def kept(look: str, block: bytes, *, file: str, end: int, capture: Capture | None) -> Kept:
    """The look a metadata record tells of. Raises DamagedRecord when it is none of ours."""
    try:
        said = look_of(block)
        if said["format"] != FORMAT:
            raise DamagedRecord(f"metadata record of format {said['format']}, this program reads {FORMAT}")
        return Kept(
            look=look,
            task=_task(said["task"]),
            outcome=Outcome(said["outcome"]),
            at=int(said["at"]),
            ms=int(said["ms"]),
            file=file,
            end=end,
            status=said["status"],
            capture=capture,
            location=said["location"],
            leads=said["leads"],
            retry_after=said["retry_after"],
            etag=said["etag"],
            last_modified=said["last_modified"],
            detail=said["detail"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedRecord(f"metadata record {look} is not one of ours: {error}") from error


def told(
    exchange: Exchange, outcome: Outcome, block: bytes, *, look: str, place: tuple[str, int], capture: Capture | None
) -> Kept:
    """What `kept` reads in a block that was just written of an exchange; it is read only where something was lost on the way to UTF-8.

    `place`: the file, and the offset behind the record.
    """
    file, end = place
    task, page = exchange.task, exchange.page
    if LOST in block:
        return kept(look, block, file=file, end=end, capture=capture)
    run, request = task.run, task.request
    if request.headers:
        request = replace(
            request, headers=tuple((name, REDACTED if is_secret(name) else value) for name, value in request.headers)
        )
    return Kept(
        look=look,
        task=Task(
            key=task.key,
            request=request,
            public_url=task.public_url,
            queue=task.queue,
            kind=task.kind,
            source=task.source,
            run=Run(run.source, run.kind, run.slot),
            tries=task.tries,
            via=task.via,
            hops=task.hops,
            last_digest=task.last_digest,
        ),
        outcome=outcome,
        at=exchange.at,
        ms=exchange.ms,
        file=file,
        end=end,
        status=exchange.status,
        capture=capture,
        location=exchange.location,
        leads=exchange.leads,
        retry_after=exchange.retry_after,
        etag=page.header("etag") if page else None,
        last_modified=page.header("last-modified") if page else None,
        detail=exchange.detail,
    )


def look_of(block: bytes) -> dict[str, Any]:
    """The JSON of a metadata record's block, in fields or bare. Raises ValueError when there is none."""
    lines = (
        [block]
        if block.lstrip()[:1] == b"{"
        else [line[len(LOOK) :] for line in block.split(b"\n") if line[: len(LOOK)].lower() == LOOK]
    )
    if lines and isinstance(said := json.loads(lines[0]), dict):
        return said
    raise ValueError("it has no line gongkai-look")


def _task(said: Mapping[str, Any]) -> Task:
    run = said["run"]
    headers = tuple((name, value) for name, value in said["headers"])
    return Task(
        key=said["key"],
        request=Request(said["url"], said["method"], headers, base64.b64decode(said["body"])),
        public_url=said["public_url"],
        queue=said["queue"],
        kind=Kind(said["kind"]),
        source=said["source"],
        run=Run(run["source"], RunKind(run["kind"]), int(run["slot"])),
        tries=int(said["tries"]),
        via=said["via"],
        hops=int(said["hops"]),
        last_digest=said["last_digest"],
    )


def original(headers: Mapping[str, str], date: int) -> Original:
    """What a revisit record refers to. `date` in milliseconds."""
    return Original(headers["warc-refers-to"], headers["warc-refers-to-target-uri"], date, headers.get("warc-payload-digest", ""))
