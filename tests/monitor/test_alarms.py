"""Alarms: the outbox, the wording, and channels that are real servers and commands on this machine."""

import asyncio
import base64
import hashlib
import hmac
import http.server
import json
import socketserver
import ssl
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
import trustme

from crawler.cli.main import run
from crawler.config.load import load
from crawler.errors import ConfigError
from crawler.fetcher.fetcher import FetchSettings
from crawler.fetcher.outgoing import MailServer, mail
from crawler.model import ChangeKind, Millis
from crawler.monitor.alarms import Alarms, Message, compose, cut, hide, refusal, retry_at, shape
from crawler.monitor.told import told
from crawler.record.frame import framed
from crawler.repository import outbox
from crawler.repository import schema as t
from crawler.repository.changes import ChangeView, NewChange, append
from crawler.repository.database import Database, ignoring
from crawler.repository.migrations import upgrade
from crawler.scheduler.process import fetch_settings
from crawler.text.words import search_text

MINUTE: Millis = 60_000
DAY: Millis = 86_400_000
START: Millis = 1_725_000_000_000
HOSTS = {"a": "one.test", "b": "one.test", "c": "two.test", "d": "three.test"}


class Service:
    """A webhook on loopback: remembers what it was sent, answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.status, self.answer = 200, b'{"errcode": 0}'
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.got.append((self.path, json.loads(body)))
                self.send_response(service.status)
                self.send_header("Content-Length", str(len(service.answer)))
                self.end_headers()
                self.wfile.write(service.answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def texts(self) -> list[str]:
        """The texts of everything sent."""
        return [str(body.get("text", "")) for _, body in self.got]


@pytest.fixture
def service() -> Iterator[Service]:
    """A webhook that takes everything."""
    made = Service()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture(autouse=True)
def logs() -> None:
    """Logs as they are by default: another test's command may have turned them to its own stream."""
    structlog.reset_defaults()


class Desk:
    """A database with four sources on three hosts, a clock, and the alarms of one configuration."""

    def __init__(self, folder: Path, channels: str, settings: str = 'allow_private = ["127.0.0.0/8"]') -> None:
        sources = folder / "config" / "sources"
        sources.mkdir(parents=True)
        for name, host in HOSTS.items():
            (sources / f"{name}.toml").write_text(
                f'title = "{host} 通知公告"\nstart = "http://{host}/"\nenabled = true\n', "utf-8"
            )
        self.path = folder / "config" / "gongkai.toml"
        text = f'[operator]\nname = "测试"\ncontact = "mailto:a@example.org"\n[network]\n{settings}\n{channels}'
        self.path.write_text(text, "utf-8")
        self.config = load(self.path)
        self.database = Database(self.config.storage.database)
        upgrade(self.database)
        self.now = START
        self.alarms = Alarms(self.config, self.database, fetch_settings(self.config), lambda: self.now)
        with self.database.write() as c:
            c.execute(
                t.sources.insert(),
                [{"id": name, "title": f"{host} 通知公告", "config_digest": ""} for name, host in HOSTS.items()],
            )
        self.tell()

    def tell(self, *, waiting: bool = True) -> int:
        """Send what is due."""
        return asyncio.run(self.alarms.tell(waiting=waiting))

    def health(self, source: str, after: str, trouble: str = "list empty", before: str = "ok") -> None:
        """A source changes its state."""
        with self.database.write() as c:
            c.execute(t.sources.update().where(t.sources.c.id == source).values(health=after, trouble=trouble))
            detail = {"before": before, "after": after, "trouble": trouble, "reasons": ["list has 0 rows, had 20"]}
            append(c, [NewChange(ChangeKind.HEALTH, self.now, source, detail=detail)])

    def outbox(self) -> list[tuple[Any, ...]]:
        """(source, reminder, tries, result) of everything in the outbox."""
        query = sa.select(t.changes.c.source, t.outbox.c.reminder, t.outbox.c.tries, t.outbox.c.result)
        with self.database.read() as c:
            joined = query.join(t.changes, t.changes.c.seq == t.outbox.c.change)
            return [tuple(row) for row in c.execute(joined.order_by(t.outbox.c.change, t.outbox.c.reminder))]


def hook(service: Service, more: str = "") -> str:
    """A channel to that webhook."""
    return f'[alarms]\nremind = "3d"\ngather = "5m"\n[alarms.channels.duty]\nkind = "webhook"\nurl = "http://127.0.0.1:{service.port}/hook?token=s3cret"\n{more}'


@pytest.fixture
def desk(tmp_path: Path, service: Service) -> Iterator[Desk]:
    """A desk that tells the webhook."""
    made = Desk(tmp_path, hook(service))
    yield made
    made.database.close()


# ------------------------------------------------------------------ the outbox
def test_a_transition_is_told_once_after_it_was_gathered(desk: Desk, service: Service) -> None:
    desk.health("a", "suspect")
    assert desk.tell() == 0
    desk.now += 5 * MINUTE
    assert desk.tell() == 1
    desk.now += 5 * MINUTE
    assert desk.tell() == 0
    assert len(service.got) == 1
    path, body = service.got[0]
    assert path == "/hook?token=s3cret"
    assert (body["state"], body["trouble"], body["hosts"]) == ("suspect", "list empty", ["one.test"])
    assert "list has 0 rows, had 20" in body["text"]
    assert body["alarms"][0]["source"] == "a"


def test_what_happened_before_a_channel_was_configured_is_not_told(tmp_path: Path, service: Service) -> None:
    desk = Desk(tmp_path, "")
    desk.health("a", "suspect")
    desk.path.write_text(desk.path.read_text("utf-8") + hook(service), "utf-8")
    later = Alarms(load(desk.path), desk.database, desk.alarms.settings, lambda: START + DAY)
    assert asyncio.run(later.tell(waiting=False)) == 0
    desk.health("a", "down", before="suspect")
    assert asyncio.run(later.tell(waiting=False)) == 1
    assert [body["state"] for _, body in service.got] == ["down"]
    desk.database.close()


def test_a_one_off_crawl_does_not_wait_for_what_may_still_come(desk: Desk) -> None:
    desk.health("a", "suspect")
    assert desk.tell(waiting=False) == 1


def test_trouble_of_a_host_is_one_message_and_latecomers_join_it(desk: Desk, service: Service) -> None:
    desk.health("a", "suspect", "host down")
    desk.now += MINUTE
    desk.health("b", "suspect", "host down")
    desk.health("c", "suspect", "list empty")
    desk.now += 5 * MINUTE
    assert desk.tell() == 2
    assert "host down, 2 sources of one.test" in service.texts[0]
    assert "one.test 通知公告 (a)" in service.texts[0]
    desk.health("d", "suspect", "host down")
    desk.health("b", "recovered", "host down")
    desk.health("b", "suspect", "host down", before="recovered")
    desk.now += 10 * MINUTE
    desk.tell()
    assert ("b", 0, 0, "grouped") in desk.outbox()
    assert sum("one.test" in text for text in service.texts if "recovered" not in text) == 1


def test_many_hosts_down_at_once_are_one_message(desk: Desk, service: Service) -> None:
    for source in ("a", "c", "d"):
        desk.health(source, "suspect", "host down")
    assert desk.tell(waiting=False) == 1
    assert "3 hosts at once: is this machine's own network well?" in service.texts[0]


def test_what_is_still_not_well_is_told_again_until_it_is(desk: Desk, service: Service) -> None:
    desk.health("a", "suspect")
    desk.tell(waiting=False)
    for _ in range(4):
        desk.now += 2 * DAY
        desk.tell()
    assert [body["reminder"] for _, body in service.got] == [0, 1, 2]
    assert "reminder 1: still suspect: list empty" in service.texts[1]
    desk.health("a", "recovered", before="suspect")
    desk.tell(waiting=False)
    desk.now += 30 * DAY
    assert desk.tell() == 0


def test_what_the_operator_paused_is_neither_told_nor_reminded_of(desk: Desk, service: Service) -> None:
    desk.health("a", "suspect")
    desk.tell(waiting=False)
    with desk.database.write() as c:
        c.execute(t.sources.update().where(t.sources.c.id == "a").values(paused=desk.now))
        append(c, [NewChange(ChangeKind.HEALTH, desk.now, "a", detail={"before": "running", "after": "paused", "reasons": []})])
    desk.now += 30 * DAY
    assert desk.tell() == 0
    assert len(service.got) == 1


def test_a_service_that_is_away_is_asked_again_later_and_nothing_is_lost(desk: Desk, service: Service) -> None:
    service.status = 500
    desk.health("a", "suspect")
    assert desk.tell(waiting=False) == 0
    assert desk.tell() == 0
    assert len(service.got) == 1
    assert desk.outbox() == [("a", 0, 1, None)]
    service.status = 200
    desk.now += MINUTE
    assert desk.tell() == 1
    assert desk.outbox() == [("a", 0, 1, "sent")]


def test_after_three_days_an_alarm_is_given_up_and_the_channel_says_so(desk: Desk, service: Service) -> None:
    service.status = 404
    desk.health("a", "suspect")
    tries = 0
    while desk.outbox() in ([], [("a", 0, tries, None)]):
        desk.tell(waiting=False)
        tries = desk.outbox()[0][2]
        desk.now += 61 * MINUTE
    assert desk.outbox() == [("a", 0, 72, "given up")]
    with desk.database.read() as c:
        (shown,) = outbox.channels(c)
    assert (shown.waiting, shown.given_up) == (0, 1)
    assert shown.error is not None
    assert "404" in shown.error


def test_two_processes_do_not_tell_the_same_alarm(desk: Desk, service: Service) -> None:
    desk.health("a", "suspect")
    other = Alarms(desk.config, desk.database, desk.alarms.settings, lambda: desk.now)

    async def both() -> list[int]:
        return list(await asyncio.gather(desk.alarms.tell(waiting=False), other.tell(waiting=False)))

    asyncio.run(both())
    desk.now += MINUTE
    desk.tell()
    assert len(service.got) == 1


def test_a_channel_may_ask_for_other_lines_of_the_ledger(tmp_path: Path, service: Service) -> None:
    desk = Desk(tmp_path, hook(service, 'tell = ["gone"]\n'))
    desk.health("a", "suspect")
    with desk.database.write() as c:
        append(c, [NewChange(ChangeKind.GONE, desk.now, "a")])
    assert desk.tell(waiting=False) == 1
    assert service.got[0][1]["kind"] == "gone"
    desk.database.close()


def test_an_alarm_about_a_notice_names_it_its_address_and_what_stood_there() -> None:
    found = [
        {"field": "body", "paragraph": 3, "before": "90.2%", "after": "9.02%", "passage": "支出占9.02%。"},
        {"field": "title", "paragraph": None, "before": "甲", "after": "乙", "passage": None},
    ]
    change = ChangeView(
        seq=7, at=START, kind="edit", source="a", rank=80, detail={"differences": found}, document="7k3m9q2x1vtd", title="关于决算公开的说明",
        doc_no="〔2024〕5号", before=1, after=2, before_record=None, after_record=None, last_seen=None, first_missed=None,
        url="http://one.test/1.html", origin="财政局", before_capture="c-1", after_capture="c-2",
    )  # fmt: skip
    message = compose([outbox.Due(change, 0, 0, "one.test 通知公告", "ok", None, None)], lambda source: HOSTS[source])
    assert message.subject == "edit: 关于决算公开的说明 〔2024〕5号"
    for words in ("90.2% → 9.02%     正文第 3 段", "甲 → 乙     标题", "http://one.test/1.html", "财政局 · one.test 通知公告"):
        assert words in message.text
    (line,) = message.data["alarms"]
    assert line == {**told(change).data, "source_title": "one.test 通知公告"}  # what `changes --json` says
    assert (line["before"], line["after"]) == ({"body": "90.2%", "title": "甲"}, {"body": "9.02%", "title": "乙"})
    assert (line["before_capture"], line["after_capture"], line["at"]) == ("c-1", "c-2", "2024-08-30T06:40:00Z")


# ------------------------------------------------------------------ secrets and guards
def test_secrets_stand_in_no_log_and_no_record(tmp_path: Path, service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    desk = Desk(tmp_path, hook(service))
    service.http.shutdown()
    service.http.server_close()
    desk.health("a", "suspect")
    assert desk.tell(waiting=False) == 0
    with desk.database.read() as c:
        (shown,) = outbox.channels(c)
    said = "".join(capfd.readouterr())
    assert shown.error
    assert "s3cret" not in shown.error + said + repr(desk.config.alarms)
    assert "duty" in said
    desk.database.close()


def test_a_webhook_that_is_not_public_needs_leave(tmp_path: Path, service: Service) -> None:
    desk = Desk(tmp_path, hook(service), "allow_private = []")
    desk.health("a", "suspect")
    assert desk.tell(waiting=False) == 0
    assert service.got == []
    with desk.database.read() as c:
        assert "not public" in (outbox.channels(c)[0].error or "")
    desk.database.close()


def test_a_secret_that_is_not_in_the_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GONGKAI_HOOK", raising=False)
    desk = Desk(tmp_path, '[alarms.channels.duty]\nkind = "wecom"\nurl_env = "GONGKAI_HOOK"\n')
    desk.health("a", "suspect")
    assert desk.tell(waiting=False) == 0
    with desk.database.read() as c:
        assert outbox.channels(c)[0].error == "the environment has no GONGKAI_HOOK, and no GONGKAI_HOOK_FILE"
    desk.database.close()


def test_addresses_and_tokens_are_hidden_wherever_an_error_repeats_them() -> None:
    url = "https://oapi.example.com/robot/send?access_token=abc123"
    assert hide(f"not asked: {url} and /robot/send?access_token=abc123", url) == "not asked: … and …"
    assert hide("plain", None, "") == "plain"


def test_a_channel_without_what_it_needs_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Desk(tmp_path, '[alarms.channels.duty]\nkind = "email"\nhost = "mail.example.org"\n')
    assert "gongkai.toml:" in str(caught.value)
    assert "needs sender and to" in str(caught.value)


# ------------------------------------------------------------------ shapes
MESSAGE = Message("suspect: list empty, 甲", "[gongkai] suspect: list empty, 甲\n" + "很长" * 900, {"state": "suspect"})


def test_every_service_gets_the_shape_it_documents() -> None:
    assert shape("dingtalk", MESSAGE, "u", None, 0)[1] == {"msgtype": "text", "text": {"content": cut(MESSAGE.text)}}
    assert shape("wecom", MESSAGE, "u", None, 0)[1]["text"]["content"].endswith("…")
    assert shape("feishu", MESSAGE, "u", None, 0)[1] == {"msg_type": "text", "content": {"text": cut(MESSAGE.text)}}
    assert shape("slack", MESSAGE, "u", None, 0)[1] == {"text": MESSAGE.text}
    assert shape("webhook", MESSAGE, "u", None, 0)[1] == {"state": "suspect"}


def test_robots_that_sign_are_signed_for() -> None:
    url, _ = shape("dingtalk", MESSAGE, "https://o.example.com/send?access_token=x", "SEC1", 1_700_000_000_000)
    said = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    wanted = base64.b64encode(hmac.new(b"SEC1", b"1700000000000\nSEC1", hashlib.sha256).digest()).decode()
    assert (said["timestamp"], said["sign"], said["access_token"]) == (["1700000000000"], [wanted], ["x"])
    _, body = shape("feishu", MESSAGE, "u", "SEC2", 1_700_000_000_000)
    assert body["timestamp"] == "1700000000"
    assert body["sign"] == base64.b64encode(hmac.new(b"1700000000\nSEC2", b"", hashlib.sha256).digest()).decode()


def test_a_text_is_cut_at_a_character() -> None:
    assert len(cut("汉" * 1000).encode()) <= 1900
    assert cut("汉" * 1000).rstrip("…") == "汉" * (len(cut("汉" * 1000)) - 1)
    assert cut("short") == "short"


def test_a_service_that_answers_200_and_says_no_has_said_no() -> None:
    assert refusal("dingtalk", 200, b'{"errcode": 310000, "errmsg": "sign not match"}', "") == "refused: 310000 sign not match"
    assert refusal("feishu", 200, b'{"code": 19021, "msg": "sign match fail"}', "") == "refused: 19021 sign match fail"
    assert refusal("wecom", 200, b"<html>", "") == "answered what is not its JSON"
    assert refusal("wecom", 200, b'{"errcode": 0}', "") == refusal("slack", 200, b"ok", "") == ""
    assert refusal("webhook", 302, b"", "redirected 302: ") == "redirected 302: "


def test_tries_are_an_hour_apart_at_most() -> None:
    assert [retry_at(n, 0) // 1000 for n in (0, 1, 2, 20)] == [30, 60, 120, 3600]


# ------------------------------------------------------------------ commands, mail, log
def test_a_command_gets_json_and_its_exit_code_counts(tmp_path: Path) -> None:
    target = tmp_path / "told.json"
    script = f"import sys; open({str(target)!r}, 'w', encoding='utf-8').write(sys.stdin.buffer.read().decode())"
    command = json.dumps([sys.executable, "-c", script])
    failing = json.dumps([sys.executable, "-c", "import sys; sys.stderr.write('no line'); sys.exit(3)"])
    desk = Desk(
        tmp_path,
        f'[alarms.channels.a]\nkind = "command"\ncommand = {command}\n[alarms.channels.b]\nkind = "command"\ncommand = {failing}\n'
        '[alarms.channels.c]\nkind = "command"\ncommand = ["/nowhere/tell"]\n[alarms.channels.d]\nkind = "log"\n',
    )
    desk.health("a", "suspect")
    assert desk.tell(waiting=False) == 2
    assert json.loads(target.read_text("utf-8"))["trouble"] == "list empty"
    with desk.database.read() as c:
        errors = {shown.name: shown.error for shown in outbox.channels(c)}
    assert errors["a"] is errors["d"] is None
    assert "exit code 3: no line" in (errors["b"] or "")
    assert "/nowhere/tell" in (errors["c"] or "")
    desk.database.close()


class Mailbox(socketserver.ThreadingTCPServer):
    """Enough of SMTP to take a message."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.logins: list[str] = []
        super().__init__(("127.0.0.1", 0), Postman)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class Postman(socketserver.StreamRequestHandler):
    """One connection."""

    server: Mailbox

    def handle(self) -> None:
        """Line by line."""
        self.wfile.write(b"220 mail.test\r\n")
        for raw in self.rfile:
            line = raw.decode().strip()
            verb = line.upper()
            if verb.startswith("EHLO"):
                self.wfile.write(b"250-mail.test\r\n250 AUTH PLAIN\r\n")
            elif verb.startswith("AUTH"):
                self.server.logins.append(line)
                self.wfile.write(b"235 welcome\r\n" if "AG1lAHJpZ2h0" in line else b"535 no\r\n")
            elif verb == "DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.letters.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                self.wfile.write(b"250 taken\r\n")
            elif verb == "QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


@pytest.mark.parametrize(("password", "taken"), [("right", 1), ("wrong", 0)])
def test_a_mail_server_takes_a_letter_and_never_sees_its_password_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, taken: int
) -> None:
    monkeypatch.setenv("GONGKAI_MAIL", password)
    with Mailbox() as box:
        channel = (
            f'[alarms.channels.mail]\nkind = "email"\nhost = "127.0.0.1"\nport = {box.server_address[1]}\nsecurity = "none"\nuser = "me"\n'
            'password_env = "GONGKAI_MAIL"\nsender = "archive@example.org"\nto = ["duty@example.org"]\n'
        )
        desk = Desk(tmp_path, channel)
        desk.health("a", "suspect")
        assert desk.tell(waiting=False) == taken
        box.shutdown()
    assert len(box.letters) == taken
    with desk.database.read() as c:
        error = outbox.channels(c)[0].error
    assert error == (None if taken else "the mail server refuses the login: 535")
    desk.database.close()


def test_mail_goes_over_tls_to_the_name_that_was_configured(tmp_path: Path) -> None:
    authority = trustme.CA()
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.test").configure_cert(served)
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@example.org", "b@example.org", "c"
    with Mailbox() as box:
        box.socket = served.wrap_socket(box.socket, server_side=True)
        settings = FetchSettings(
            "gongkai",
            connect={"mail.test": f"127.0.0.1:{box.server_address[1]}", "other.test": f"127.0.0.1:{box.server_address[1]}"},
            ca_file=trusted,
        )
        assert asyncio.run(mail(settings, MailServer("mail.test", 465, "tls", None, None), letter, 10)) == ""
        refused = asyncio.run(mail(settings, MailServer("other.test", 465, "tls", None, None), letter, 10))
        box.shutdown()
    assert len(box.letters) == 1
    assert "other.test" in refused


def test_a_wrong_address_of_a_webhook_is_named_without_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Desk(tmp_path, '[alarms.channels.duty]\nkind = "slack"\nurl = "htps://hooks.example.com/s3cret"\n')
    assert "alarms.channels.duty.url: expected an http or https address" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_log_tells_an_alarm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    desk = Desk(tmp_path, '[alarms.channels.here]\nkind = "log"\n')
    desk.health("a", "suspect")
    assert desk.tell(waiting=False) == 1
    assert "suspect: list empty, one.test 通知公告" in "".join(capfd.readouterr())
    desk.database.close()


# ------------------------------------------------------------------ what a channel hears of
def notice(desk: Desk, number: int, source: str, kind: ChangeKind, title: str, body: str) -> None:
    """A line about a notice of its own."""
    with desk.database.write() as c:
        c.execute(t.works.insert(), {"id": number, "public_id": f"{number:012}"})
        c.execute(
            t.urls.insert(),
            {
                "id": number, "key": f"GET http://one.test/{number}", "method": "GET", "url": f"http://one.test/{number}",
                "public_url": "", "queue": "one.test", "kind": "detail", "source": source,
            },
        )  # fmt: skip
        document = {"public_id": f"{number:012}", "url": number, "part": 0, "source": source, "work": number}
        c.execute(t.documents.insert(), {"id": number, **document, "first_seen": 1, "last_seen": 1, "version": number})
        c.execute(ignoring(t.files)(c), {"name": "f", "owner": "o", "state": "closed"})
        capture = {"id": number, "record": f"r{number}", "public_id": f"c-{number:012}", "url": number, "at": 1, "file": "f"}
        more = {"offset": number, "length": 1, "type": "response", "payload_digest": "", "media_type": "", "status": 200}
        c.execute(t.captures.insert(), capture | more)
        version = {"id": number, "document": number, "n": 1, "rules": "1", "capture": number, "first_seen": 1, "text_digest": ""}
        record = framed("{}", search_text(title), search_text(body))
        c.execute(t.versions.insert(), version | {"title": title, "record": record})
        append(c, [NewChange(kind, desk.now, source, document=number, after=number)])


FILTERS = {
    'query = "中标 水务局"': {1, 2},
    'query = "\\"水务局 管网\\""': set[int](),
    'sources = ["a"]': {1, 4, 5},
    'regions = ["210000"]': {2, 3},
    'regions = ["2102"]': {3},
    'sources = ["a"]\nregions = ["2102"]': {1, 3, 4, 5},
    "min_rank = 80": {2, 5},
    'query = "中标"\nsources = ["a"]\nmin_rank = 20': {1, 5},
}


@pytest.mark.parametrize("filters", FILTERS)
def test_a_channel_hears_of_what_it_asked_for(tmp_path: Path, service: Service, filters: str) -> None:
    desk = Desk(tmp_path, hook(service, f'tell = ["new", "edit", "health"]\n{filters}\n'))
    for source, region in {"b": "210100", "c": "210283"}.items():
        file = desk.path.parent / "sources" / f"{source}.toml"
        file.write_text(file.read_text("utf-8") + f'region = "{region}"\n', "utf-8")
    desk.alarms.config = load(desk.path)
    notice(desk, 1, "a", ChangeKind.NEW, "管网改造中标公告", "采购人：区水务局。")
    notice(desk, 2, "b", ChangeKind.EDIT, "公告", "水務局 中標 结果")
    notice(desk, 3, "c", ChangeKind.NEW, "中标公告", "采购人：区教育局。")
    notice(desk, 4, "a", ChangeKind.NEW, "水务局任免", "免去职务。")
    notice(desk, 5, "a", ChangeKind.EDIT, "中标公告", "采购人：区教育局。")
    desk.tell(waiting=False)
    told = {int(alarm["document"]) for _, body in service.got for alarm in body["alarms"] if alarm["document"]}
    assert told == FILTERS[filters]
    desk.database.close()


def test_a_test_message_arrives_and_a_channel_that_refuses_is_told(
    tmp_path: Path, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, hook(service, 'query = "中标"\n') + '[alarms.channels.away]\nkind = "slack"\nurl_env = "NOT_SET"\n')
    command = ["--config", str(desk.path), "alarms"]
    assert run([*command, "test", "duty"]) == 0
    assert [body["kind"] for _, body in service.got] == ["test"]
    assert run([*command, "test", "away"]) == 3
    assert "NOT_SET" in capsys.readouterr().err
    assert run([*command, "test", "dut"]) == 2
    assert "did you mean 'duty'?" in capsys.readouterr().err
    desk.health("a", "suspect")
    desk.tell(waiting=False)
    assert run([*command, "list", "--json"]) == 1
    shown = {line["name"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert (shown["duty"]["heard"], shown["duty"]["waiting"], shown["duty"]["query"]) == (1, 0, "中标")
    assert "NOT_SET" in shown["away"]["error"]
    assert run([*command, "list"]) == 1
    assert "health; saying 中标" in capsys.readouterr().out
    desk.database.close()
