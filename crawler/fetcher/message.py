"""One response as llhttp tells it, live or read again from the archive: status, headers, payload, and how it was delimited."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import httptools

from crawler.errors import DamagedRecord
from crawler.model import Octets

HEAD_END = re.compile(rb"\r?\n\r?\n")
HEAD_START = re.compile(rb"[^\r\n]")
# What old servers really send. "Dangerous" is said of proxies, where two readers may disagree; here is one reader, and one exchange
# at a time on a connection.
LENIENT = dict.fromkeys(
    ("lenient_headers", "lenient_chunked_length", "lenient_optional_cr_before_lf", "lenient_spaces_after_chunk_size"),
    True,
)
STEP = 1 << 16
BODILESS = frozenset({b"HEAD", b"CONNECT"})  # their answers end with the head, whatever it says (RFC 9112, 6.3)
LENGTH = re.compile(rb"(content-length[ \t]*:[ \t]*)(\d{1,19})(?:[ \t]*,[ \t]*\2)*[ \t]*\r?", re.IGNORECASE)
LENGTH_BEGUN = re.compile(rb"content-length[ \t]*(?::[ \t\d,]*)?\r?", re.IGNORECASE)
LONGEST_LENGTH = 200
STATUS_LINE = re.compile(rb"\s*HTTP/1\.[01][ \t]+\d{3}\b")
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*")  # RFC 9110, 5.6.2; a blank before the colon is let pass


class Answer:
    """What the parser has told of the final answer to one request; interim (1xx) answers are only counted.

    `sink` takes the payload of a chunked body; of any other body the payload is what stands behind the head.
    """

    def __init__(self, method: bytes, sink: Callable[[bytes], None]) -> None:
        self.method, self.sink = method, sink
        self.complete = self.excess = self.keep = False
        self.interim = 0
        self.dropped: tuple[bytes, ...] = ()  # names of fields that no parser reads, left out of what it was given
        self._begin()
        self.parser = httptools.HttpResponseParser(self)
        self.parser.set_dangerous_leniencies(**LENIENT)

    def _begin(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.reason, self.status, self.version = b"", 0, "1.1"
        self.body_size = self.length = 0
        self.head, self.framing = False, "close"
        self.transfer_coded, self.other_coding = False, b""

    # -------------------------------------------------------------- httptools
    def on_message_begin(self) -> None:
        """A second message behind ours is surplus."""
        if self.complete:
            self.excess = True
        else:
            self._begin()

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, perhaps in pieces."""
        if not self.complete:
            self.reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header line, or one trailer line."""
        if self.complete or self.head:
            return
        self.headers.append((name, value))
        lower = name.rstrip(b" \t").lower()  # llhttp lets a blank before the colon pass, and means the header
        if lower == b"content-length":
            if self.framing == "close" and not self.transfer_coded and value.strip().isdigit():  # it refuses any other
                self.framing, self.length = "length", int(value)
        elif lower == b"transfer-encoding":
            self._coded(value.lower().strip())

    def _coded(self, coding: bytes) -> None:
        """A transfer coding counts, and a length beside it does not (RFC 9112, 6.3)."""
        self.framing, self.length = "chunked" if coding.endswith(b"chunked") else "close", 0
        self.transfer_coded = True
        self.other_coding = coding.removesuffix(b"chunked").strip(b" \t,")

    def on_headers_complete(self) -> None:
        """The head is whole; some answers have no body by rule (RFC 9112, 6.3)."""
        if self.complete:
            return
        self.head = True
        self.status, self.version = self.parser.get_status_code(), self.parser.get_http_version()
        if self.status < 200:
            return
        if self.method in BODILESS:  # llhttp does not know the method: end it here
            self.framing = "none"
            self.complete, self.keep = True, self.parser.should_keep_alive()
        elif self.status in (204, 304):
            self.framing = "none"

    def on_body(self, data: bytes) -> None:
        """Payload bytes, chunk framing removed."""
        if not self.complete:
            self.body_size += len(data)
            if self.framing == "chunked":
                self.sink(data)

    def on_message_complete(self) -> None:
        """The message is whole, or an interim answer is and the real one follows."""
        if self.complete:
            return
        if self.status < 200:
            self.interim += 1
            self.head = False
        else:
            self.complete, self.keep = True, self.parser.should_keep_alive()

    # -------------------------------------------------------------- what it is made of
    def feed(self, data: bytes) -> str | None:
        """Parse; why this is not HTTP, or None. Bytes behind a whole message only set `excess`."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if not self.complete:
                return "unasked protocol upgrade"
            self.excess = True
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, OSError):  # the sink's disk, not the server
                raise error.__context__ from None
            if not self.complete:
                return f"bad HTTP: {error}"
            self.excess = True
        return None

    def close(self) -> None:
        """Let go of the parser, which holds on to what holds it."""
        del self.parser


def one_length(raw: bytes) -> bytes:
    """A head that says its length several times, always the same, as if it had said it once (RFC 9110, 8.6); for the parser alone,
    which refuses repetition. Any other head as it is."""
    end = HEAD_END.search(raw)
    lines, said, kept = (raw[: end.end()] if end else raw).split(b"\n"), set[int](), []
    for line in lines:
        found = LENGTH.fullmatch(line)
        if found and int(found[2]) in said:
            continue
        if found:
            said.add(int(found[2]))
            line = found[1] + found[2] + (b"\r" if line.endswith(b"\r") else b"")
        kept.append(line)
    return b"\n".join(kept) + (raw[end.end() :] if end else b"")


def tokens_only(raw: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """A head without the fields whose names are no tokens, and those names; for the parser alone, which refuses the whole answer for them
    (as RFC 9110, 5.1, has it; browsers and curl read on). The bytes that are kept are the server's own."""
    end = HEAD_END.search(raw)
    head = raw[: end.end()] if end else raw
    if STATUS_LINE.match(head) is None:
        return raw, ()
    kept, dropped, leaving = [], list[bytes](), False
    for number, line in enumerate(head.split(b"\n")):
        name, colon, _ = line.partition(b":")
        if number == 0 or not line.strip():
            leaving = False
        elif line[:1] not in b" \t":
            leaving = not colon or TOKEN.fullmatch(name) is None
            if leaving:
                dropped.append(name.strip()[:100])
        if not leaving:
            kept.append(line)
    return b"\n".join(kept) + (raw[end.end() :] if end else b""), tuple(dropped)


def read_again(raw: bytes, answer: Answer) -> tuple[Answer, str | None, bool]:
    """After an error in the head: the answer to the same bytes with their length said once and without fields that have no name; the error,
    if it stays; or that the line it may stand in must be whole first."""
    tail = raw[raw.rfind(b"\n") + 1 :]
    if HEAD_END.search(raw) is None and len(tail) < LONGEST_LENGTH and (LENGTH_BEGUN.fullmatch(tail) or _is_odd(raw, tail)):
        return answer, None, True
    mended, dropped = tokens_only(one_length(raw))
    if dropped and HEAD_END.search(raw) is None and _ends_left_out(raw, dropped[-1]):
        return answer, None, True
    if mended == raw:
        return answer, "bad HTTP", False
    answer.close()
    again = Answer(answer.method, answer.sink)
    again.dropped = dropped
    return again, again.feed(mended), False


def _ends_left_out(raw: bytes, name: bytes) -> bool:
    """Is the last line of a head that is not whole yet left out, or the continuation of one that is? It may still go on."""
    lines = [line for line in raw.split(b"\n") if line.strip()]
    while lines[-1][:1] in (b" ", b"\t"):
        lines.pop()
    return lines[-1].partition(b":")[0].strip()[:100] == name


def _is_odd(raw: bytes, tail: bytes) -> bool:
    """Is the line that has just begun, behind a status line, one that will be left out?"""
    name = tail.partition(b":")[0]
    return bool(tail.strip()) and b"\n" in raw and STATUS_LINE.match(raw) is not None and TOKEN.fullmatch(name) is None


def head_places(raw: bytes, answer: Answer) -> tuple[int, int]:
    """Where the final answer starts and where its head ends in bytes whose head the parser has just completed."""
    start = end = 0
    for _ in range(answer.interim + 1):
        start = end
        first = HEAD_START.search(raw, start)
        found = HEAD_END.search(raw, first.start() if first else start)
        if found is None:
            return _head_by_parser(raw)
        end = found.end()
    if answer.framing != "chunked" and not answer.complete and len(raw) - end != answer.body_size:
        return _head_by_parser(raw)
    return start, end


def _head_by_parser(raw: bytes) -> tuple[int, int]:
    """The same, asked of the parser byte by byte: slow, and right however odd the head is."""
    probe, start, interim = Answer(b"HEAD", _drop), 0, 0
    for at in range(len(raw)):
        probe.feed(raw[at : at + 1])
        if probe.complete:
            probe.close()
            return start, at + 1
        if probe.interim > interim:
            start, interim = at + 1, probe.interim
    probe.close()
    return start, len(raw)


def message_end(before: Octets, last: bytes, method: bytes) -> int:
    """Offset behind the message in `before + last`, by the parser; it ends within `last`. For a chunked body with bytes behind it."""
    probe, at = Answer(method, _drop), 0
    first = bytes(before[:STEP]) or last
    end = HEAD_END.search(first)
    begun = 0
    if end is not None and (mended := tokens_only(one_length(first[: end.end()]))[0]) != first[: end.end()]:
        probe.feed(mended)
        begun = end.end()
    if not before:
        at = begun
    for start in range(begun, len(before), STEP):
        probe.feed(bytes(before[start : start + STEP]))
    while at < len(last) and not probe.complete:
        probe.feed(last[at : at + 1])
        at += 1
    probe.close()
    return len(before) + at


def _drop(_data: bytes) -> None:
    """A sink that keeps nothing."""


@dataclass(frozen=True, slots=True)
class Message:
    """`payload` after transfer decoding; `whole` False when the block ends before the message does."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    payload: bytes
    whole: bool


def parse_response(block: bytes, method: str = "GET") -> Message:
    """Read a response block. Raises DamagedRecord when it has no head."""
    body: list[bytes] = []
    answer = Answer(method.encode("ascii", "replace"), body.append)
    wrong = answer.feed(block)
    if wrong and not answer.head:
        answer, mended, _ = read_again(block, answer)
        wrong = mended and wrong
    if not answer.head:
        raise DamagedRecord(f"no HTTP response in the record: {wrong or 'the head is not whole'}")
    if answer.framing == "chunked":
        payload = b"".join(body)
    else:
        end = head_places(block, answer)[1]
        payload = block[end : end + answer.body_size]
    answer.close()
    whole = answer.complete or answer.framing in ("close", "none")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
    return Message(answer.status, answer.reason.decode("latin-1"), headers, payload, whole)
