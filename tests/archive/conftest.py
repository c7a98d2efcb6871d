"""Exchanges to be archived."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from crawler.model import Exchange, Kind, Millis, Outcome, Page, Request, Run, RunKind, Task, Wire

AT: Millis = 1_700_000_000_123
Make = Callable[..., Exchange]


@pytest.fixture
def make() -> Make:
    """make(n=0, body=…, **changes): an exchange of a page, its parts changed by keyword."""

    def made(number: int = 0, body: bytes = b"<p>body</p>", **changes: object) -> Exchange:
        url = f"http://a.test/{number}"
        task = Task(f"GET {url}", Request(url), url, "a.test", Kind.DETAIL, "demo", Run("demo", RunKind.ONCE, 5))
        response = (
            b'HTTP/1.1 200 OK\r\nContent-type:  text/html; charset=gbk\r\nx-ODD:a\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n%s'
            % (len(body), body)
        )
        wire = Wire(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", response, "192.0.2.1", "length", whole=True)
        page = Page(url, 200, (("Content-type", "text/html; charset=gbk"), ("ETag", '"1"')), body, AT + number)
        exchange = Exchange(task, Outcome.OK, AT + number, 7, 200, wire, page, body)
        return replace(exchange, **changes)  # type: ignore[arg-type] # a test's own keywords

    return made
