"""Messages out, for alarms: a POST and a mail. The same guard as for pages: nothing that is not public, unless the operator allows it."""

import asyncio
import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from crawler.fetcher.fetcher import Fetcher, FetchSettings
from crawler.fetcher.guard import Endpoint, Guard, Refused
from crawler.fetcher.tls import context
from crawler.model import Kind, Request, Run, RunKind, Task

LONGEST_ANSWER = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status (None: no answer), the first 64 KiB of the body, and in words why there is no answer."""

    status: int | None
    body: bytes
    detail: str


async def post(settings: FetchSettings, url: str, body: bytes, content_type: str, deadline: float) -> Answer:
    """Send a body once; network trouble is a value. Redirects are not followed: a body is not for whoever an answer names."""
    request = Request(url, "POST", (("Content-Type", content_type),), body)
    task = Task("", request, url, "", Kind.DETAIL, "", Run("", RunKind.ONCE, 0))
    fetcher = Fetcher(settings)
    try:
        exchange = await fetcher.fetch(task, deadline)
    finally:
        await fetcher.aclose()
    said = exchange.page.body[:LONGEST_ANSWER] if exchange.page else b""
    return Answer(
        exchange.status, said, f"{exchange.outcome}{f' {exchange.status}' if exchange.status else ''}: {exchange.detail}"
    )


@dataclass(frozen=True, slots=True)
class MailServer:
    """`security`: tls (from the first byte), starttls, or none. `password` None: no login."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None


class _Smtp(smtplib.SMTP):
    """SMTP to an address that the guard has checked, under the name it was configured with."""

    def __init__(self, server: MailServer, endpoint: Endpoint, trust: ssl.SSLContext, timeout: float) -> None:
        self._endpoint, self._trust, self._server = endpoint, trust, server
        super().__init__(server.host, server.port, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's own seam
        plain = socket.create_connection((self._endpoint.ip, self._endpoint.port), timeout)
        return self._trust.wrap_socket(plain, server_hostname=host) if self._server.security == "tls" else plain


async def mail(settings: FetchSettings, server: MailServer, message: EmailMessage, deadline: float) -> str:
    """Hand a message to a mail server; empty when it took it, else in words why not. Never holds the password."""
    try:
        checked = await Guard(settings.allow_private, settings.connect).check(server.host, server.port)
        await asyncio.to_thread(_send, server, checked.endpoints[0], context(settings.ca_file), message, deadline)
    except Refused as error:
        return str(error)
    except smtplib.SMTPAuthenticationError as error:
        return f"the mail server refuses the login: {error.smtp_code}"
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _send(server: MailServer, endpoint: Endpoint, trust: ssl.SSLContext, message: EmailMessage, deadline: float) -> None:
    with _Smtp(server, endpoint, trust, deadline) as smtp:
        if server.security == "starttls":
            smtp.starttls(context=trust)
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password)
        smtp.send_message(message)
