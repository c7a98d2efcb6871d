"""`fetch`: the whole story of one exchange. Keeps nothing."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from crawler.archive.metadata import redact
from crawler.cli import guarded, output, words
from crawler.cli.settings import configured
from crawler.config.values import Config
from crawler.errors import CannotError, UsageError
from crawler.model import GOOD, Exchange, Kind, Outcome, Reach, Tls
from crawler.pipeline.peek import Story
from crawler.record.reading import Reading
from crawler.record.serial import record_of
from crawler.scheduler import process as house
from crawler.text import charset, urls

WIDTH = 10
WHY = {
    "bom": "its byte order mark says so",
    "header": "the server says so",
    "meta": "the page says so",
    "utf-8": "it is valid UTF-8",
    "ascii": "it is ASCII",
    "evidence": "its bytes look like it",
}
LONGEST_HEAD = 60  # lines


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("fetch")(fetch)


@dataclass(frozen=True, slots=True)
class Told:
    """An exchange, its text and what was read."""

    story: Story
    exchange: Exchange
    decoded: charset.Decoded | None
    reading: Reading | None


def fetch(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="An http or https address.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")] = False,
) -> None:
    """The whole story of one exchange: robots.txt, name, guard, TLS, request, response, decoding, text, outcome. Keeps nothing.

    Exit code 1 when the outcome is neither good nor a redirect. A daemon that asks the same host knows nothing of it.

    Example: gongkai fetch http://www.example.gov.cn/zwgk/index.html
    """
    config = configured(context)
    if not urls.is_http(url):
        raise UsageError(f"{url!r} is no http or https address", remedy="give the whole address, scheme included")
    told = _tell(config, url)
    if as_json:
        output.json_line(_json(told))
    else:
        _show(told)
        guarded.note_closed([told.exchange.detail, *(step.detail for step in told.story.exchanges)])
    if told.exchange.outcome not in GOOD | {Outcome.REDIRECTED}:
        raise typer.Exit(1)


def _tell(config: Config, url: str) -> Told:
    story = asyncio.run(house.peek_at(config, url))
    if not story.exchanges:
        raise CannotError(
            f"nothing was asked of {urls.host(url)}: its robots.txt must be waited for too long", remedy="try again later"
        )
    exchange = story.exchanges[-1]
    if exchange.task.kind is not Kind.DETAIL:
        raise CannotError(
            f"robots.txt of {urls.origin(url)} answers {exchange.outcome}, so nothing more is asked", remedy="try again later"
        )
    page = exchange.page
    if page is None or not page.body or exchange.outcome is not Outcome.OK:
        return Told(story, exchange, None, None)
    return Told(story, exchange, charset.decode(page.body, page.header("content-type")), house.read_once(page))


# ------------------------------------------------------------------ for people
def _show(told: Told) -> None:
    exchange = told.exchange
    output.say(f"{exchange.task.request.method} {exchange.task.request.url}", "bold")
    for step in told.story.exchanges[:-1]:
        said = " · ".join(filter(None, [f"{step.outcome} {step.status or ''}".strip(), step.task.request.url, step.detail]))
        _line("robots.txt", said, f"{step.ms} ms")
    if exchange.robots:
        asked = f" · asks for {exchange.robots.crawl_delay:g} s between requests" if exchange.robots.crawl_delay else ""
        _line("robots", f"{exchange.robots.decision} · {exchange.robots.line or 'no rule speaks of it'}{asked}")
    _show_reach(told)
    _show_messages(exchange)
    _show_body(told)
    style = "bold" if exchange.outcome in GOOD else "bold red"
    _line("outcome", f"{exchange.outcome}{f' · {exchange.detail}' if exchange.detail else ''}", f"{exchange.ms} ms", style)
    if exchange.location:
        _line("leads to", f"{exchange.location}{f' ({exchange.leads})' if exchange.leads else ''}")
    if exchange.retry_after:
        _line("not before", f"{output.when(exchange.retry_after, '%Y-%m-%d %H:%M:%S')} Beijing time")


def _line(label: str, value: str, right: str = "", style: str = "") -> None:
    """`label   value   right`, the label and what stands at the right in the background."""
    from rich.text import Text

    line = Text(f"  {output.fit(words.said(label), WIDTH)}  ", style="dim")
    line.append(output.safe(words.said(value)), style=style or "not dim")
    if right:
        line.append(f"   {right}", style="dim")
    output.out().print(line)


def _reach(told: Told) -> Reach | None:
    """How the host was reached: as told by the exchange that made the connection this one was sent on, or that tried to."""
    known = [exchange.reach for exchange in reversed(told.story.exchanges) if exchange.reach is not None]
    here = [reach for reach in known if (reach.host, reach.port) == (known[0].host, known[0].port)]
    return next((reach for reach in here if not reach.reused), here[0] if here else None)


def _show_reach(told: Told) -> None:
    exchange, reach = told.exchange, _reach(told)
    if reach is None:
        return
    answers = ", ".join(reach.answers) or ("network.connect says where" if reach.guard == "configured" else "no address")
    _line("name", f"{reach.host} → {answers}", _ms(reach.lookup_ms))
    _line("guard", reach.guard or "not asked")
    if reach.proxy:
        _line("proxy", reach.proxy)
    if reach.address:
        _line("address", reach.address, _ms(reach.connect_ms))
    tls = exchange.wire.tls if exchange.wire else None
    if tls:
        _line("tls", _tls(tls), _ms(reach.tls_ms))


def _tls(tls: Tls) -> str:
    said = f"{tls.protocol} {tls.cipher} · profile {tls.profile}{f' ({tls.reason})' if tls.reason else ''}"
    return f"{said} · {'verified' if tls.verified else 'NOT verified'} · chain {tls.chain_digest}"


def _ms(value: int | None) -> str:
    return "" if value is None else f"{value} ms"


def _show_messages(exchange: Exchange) -> None:
    wire = exchange.wire
    if wire is None:
        return
    for label, lines in (("request", _request(exchange)), ("response", _head(exchange))):
        for number, line in enumerate(lines[:LONGEST_HEAD]):
            _line(label if not number else "", line, style="" if not number else "dim")
        if len(lines) > LONGEST_HEAD:
            _line("", f"and {len(lines) - LONGEST_HEAD} lines more", style="dim")


def _request(exchange: Exchange) -> list[str]:
    """The head of the request as sent, secrets redacted."""
    assert exchange.wire is not None
    return redact(exchange.wire.request)[0].partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")


def _head(exchange: Exchange) -> list[str]:
    """The head of the response as it came, secrets redacted."""
    wire = exchange.wire
    assert wire is not None
    raw = bytes(wire.response[: wire.head or 65_536])
    return redact(raw.rstrip(b"\r\n"))[0].decode("utf-8", "replace").splitlines()


def _show_body(told: Told) -> None:
    exchange, wire = told.exchange, told.exchange.wire
    if wire is not None and wire.response:
        said = f"{output.size(len(exchange.payload))}, {wire.framing}, {'whole' if wire.whole else 'NOT whole'}"
        if exchange.codings and exchange.page is not None:
            said += f" → {output.size(len(exchange.page.body))} ({', '.join(exchange.codings)})"
        odd = [*exchange.flags, *([f"{wire.surplus} bytes behind it"] if wire.surplus else []), wire.condemned]
        _line("body", " · ".join([said, *filter(None, odd)]))
    if told.decoded:
        declared = told.decoded.declared or "nothing"
        flags = f" · {', '.join(told.decoded.flags)}" if told.decoded.flags else ""
        _line("text", f"{told.decoded.encoding}: {WHY[told.decoded.why]} · declared: {declared}{flags}")
    if told.reading:
        title = f" · {record_of(told.reading.notices[0]).title}" if told.reading.notices else ""
        why = told.reading.error or told.reading.evidence
        _line("reads as", f"{told.reading.page_kind}{title}{f' · {why}' if why else ''}")


# ------------------------------------------------------------------ for machines
def _json(told: Told) -> dict[str, Any]:
    exchange, wire, reach = told.exchange, told.exchange.wire, _reach(told)
    robots, origin = exchange.robots, told.story.origin
    return {
        "url": exchange.task.request.url, "source": exchange.task.source, "outcome": str(exchange.outcome), "detail": exchange.detail,
        "at": output.iso(exchange.at), "ms": exchange.ms, "status": exchange.status, "location": exchange.location, "leads": exchange.leads or None,
        "retry_after": output.iso(exchange.retry_after),
        "robots": {
            "decision": robots.decision if robots else None, "line": robots.line if robots else None, "pause": robots.crawl_delay if robots else None,
            "verdict": origin.verdict if origin else None, "sitemaps": list(origin.sitemaps) if origin else [],
            "looks": [{"url": e.task.request.url, "outcome": str(e.outcome), "status": e.status, "ms": e.ms} for e in told.story.exchanges[:-1]],
        },
        "reach": {name: getattr(reach, name) for name in reach.__dataclass_fields__} if reach else None,
        "tls": {name: getattr(wire.tls, name) for name in wire.tls.__dataclass_fields__} if wire and wire.tls else None,
        "request": _request(exchange) if wire else None,
        "response": {
            "head": _head(exchange), "framing": wire.framing, "whole": wire.whole, "wire_bytes": len(wire.response),
            "payload_bytes": len(exchange.payload), "surplus": wire.surplus, "interim": wire.interim, "condemned": wire.condemned or None,
        } if wire and wire.response else None,
        "body": {"bytes": len(exchange.page.body) if exchange.page else 0, "codings": list(exchange.codings), "flags": list(exchange.flags)},
        "text": {
            "encoding": told.decoded.encoding, "declared": told.decoded.declared, "why": told.decoded.why, "flags": list(told.decoded.flags),
            "characters": len(told.decoded.text),
        } if told.decoded else None,
        "reading": {"page_kind": str(told.reading.page_kind), "evidence": told.reading.evidence, "error": told.reading.error,
                    "titles": [record_of(notice).title for notice in told.reading.notices]} if told.reading else None,
    }  # fmt: skip
