"""Connections that keep nobody else waiting: a request must arrive within a time, an answer be taken, and of too many the idle ones go.

The server counts a connection that says nothing like one that asks, and gives it all the time it wants: a thousand of them would be its end.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from crawler.console.problems import MEDIA_TYPE

MOST_LEFT = 8 << 20  # bytes of a refused request that are still taken


class Connection(H11Protocol):
    """One connection. `request_s`: seconds for a request to arrive whole, from the connection's begin or the last answer; `taken_s`: for a
    reader to take what is written; `most`: how many may be open before the one that has waited longest is closed."""

    request_s, taken_s, most = 20.0, 30.0, 512
    waiting: dict["Connection", None]  # that have no request, the longest first: one for all of a server

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._refused: int | None = None  # bytes that came after the refusal

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It is there: it has so long to ask."""
        super().connection_made(transport)
        self._await_request()
        if len(self.connections) > self.most:
            next(iter(self.waiting)).close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._stop()
        self._free()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request, or all of it."""
        if self._refused is not None:
            self._refused += len(data)
            if self._refused > MOST_LEFT:
                self.close()
            return
        super().data_received(data)
        self._judge()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - what the parser says of it is for nobody
        """Refuse what is no HTTP, or whose head is too long. What still comes is taken for a while and dropped: a reset would lose the answer."""
        if self._refused is not None:
            return
        self._refused = 0
        told = {
            "type": "about:blank",
            "title": "Bad Request",
            "status": 400,
            "detail": "this is no HTTP, or its head is too long",
        }
        body = json.dumps(told).encode()
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def on_response_complete(self) -> None:
        """Answered: the next request may come."""
        super().on_response_complete()
        self._judge()

    def pause_writing(self) -> None:
        """What is written is not taken."""
        super().pause_writing()
        self._stuck = self._stuck or self.loop.call_later(self.taken_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It is."""
        super().resume_writing()
        self._free()

    def close(self) -> None:
        """At once."""
        self._stop()
        self.transport.abort()

    def _judge(self) -> None:
        """A request that is here whole has the time it takes; for any other the time runs on."""
        asked = self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body
        if asked:
            self._stop()
        elif self._timer is None and not self.transport.is_closing():
            self._await_request()

    def _await_request(self) -> None:
        self.waiting[self] = None
        self._timer = self.loop.call_later(self.request_s, self.close)

    def _stop(self) -> None:
        self.waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _free(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


def bounded(most: int, request_s: float, taken_s: float) -> type[Connection]:
    """The connections of one server."""
    return type("Bounded", (Connection,), {"most": most, "request_s": request_s, "taken_s": taken_s, "waiting": {}})
