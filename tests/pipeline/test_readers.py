"""The pool of reading processes: whatever a page does to its reader, the others are read."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from crawler.model import Kind, Page, PageKind, Request
from crawler.parsers import protocol
from crawler.parsers.page import read
from crawler.pipeline.readers import Job, Readers, keep
from crawler.record.content import pieces_of, searched_of
from crawler.record.reading import Reading
from crawler.record.rules import DetailRules, ListRules, ReadRules
from tests.parsers.attached import made

GOOD = (
    "<html><head><meta name='ArticleTitle' content='关于放假的通知'></head><body><h1>关于放假的通知</h1><div id='zoom'><p>"
    + "各单位放假三天。" * 9
    + "</p></div></body></html>"
)


def job(body: bytes | str = GOOD, kind: Kind = Kind.DETAIL, rules: ReadRules | None = None) -> Job:
    """A page to be read."""
    data = body.encode() if isinstance(body, str) else body
    return Job(
        Page("http://a.test/1.html", 200, (("Content-Type", "text/html"),), data, 1_700_000_000_000),
        kind,
        rules or ReadRules(),
        "http://a.test/1",
    )


def asking(readers: Readers) -> threading.Thread:
    """Somebody who has asked for a page to be read."""
    thread = threading.Thread(target=readers.read, args=(job(),))
    thread.start()
    return thread


@pytest.fixture(autouse=True)
def _each_pool_for_itself() -> Iterator[None]:
    keep(0)
    yield
    keep(2)  # as tests/conftest.py has it


def test_a_page_is_read_as_it_would_be_in_this_process() -> None:
    with Readers(1) as readers:
        one = job()
        assert readers.read(one) == read(one.page, one.kind, one.rules, one.public_url)


def test_a_page_that_outlives_its_deadline_costs_only_itself() -> None:
    with Readers(1, deadline=60) as readers:
        readers.read(job())
        readers.deadline, began = 1.0, time.monotonic()
        late = readers.read(job(b"<div>" * 200_000))
        assert (late.error, late.page_kind, time.monotonic() - began < 20) == ("deadline", PageKind.OTHER, True)
        readers.deadline = 60
        assert readers.read(job()).page_kind is PageKind.NOTICE


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_AS is POSIX")
def test_a_page_that_eats_memory_costs_only_itself() -> None:
    with Readers(1, memory=300 << 20) as readers:
        hungry = readers.read(job(b"<b>" + b"<p>x</p>" * 4_000_000))
        assert hungry.error is not None
        assert readers.read(job()).page_kind is PageKind.NOTICE


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_reader_killed_from_outside_is_replaced() -> None:
    with Readers(1) as readers:
        readers.read(job())
        process = readers._children[0].process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert (readers.read(job()).error or "").startswith("crash")
        assert readers.read(job()).page_kind is PageKind.NOTICE


def test_a_pool_may_leave_an_idle_process_to_the_next_that_would_start_the_same_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def pid(**how: int) -> int:
        with Readers(1, **how) as readers:
            assert readers.read(job()).page_kind is PageKind.NOTICE
            process = readers._children[0].process
            assert process is not None
            return process.pid

    keep(1)
    first = pid()
    assert pid() == first
    assert pid(memory=2 << 30) != first
    monkeypatch.setenv("LANG", "another")
    assert pid() != first
    monkeypatch.undo()
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert pid() != first
    keep(0)
    assert pid() != pid()


def test_readers_are_recycled_and_leave_no_process_behind() -> None:
    seen = set()
    with Readers(1, recycle=2) as readers:
        for _ in range(5):
            readers.read(job())
            process = readers._children[0].process
            assert process is not None
            seen.add(process.pid)
    assert len(seen) == 3
    assert readers._children[0].process is None


def test_many_threads_share_the_pool() -> None:
    found: list[Reading] = []
    with Readers(2) as readers:
        threads = [threading.Thread(target=lambda: found.append(readers.read(job()))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [reading.page_kind for reading in found] == [PageKind.NOTICE] * 8


def test_pages_wait_for_the_process_that_runs_until_that_costs_more_than_to_start_another() -> None:
    with Readers(2) as readers:
        readers.read(job())
        readers._price = 3600.0
        with readers._taken():
            waiting = asking(readers)
        waiting.join()
        assert [child.process is None for child in readers._children] == [False, True]
        readers._price = 0.0
        with readers._taken():
            assert readers.read(job()).page_kind is PageKind.NOTICE
        assert [child.process is None for child in readers._children] == [False, False]


def test_few_pages_are_read_by_one_process_also_when_they_are_the_first() -> None:
    with Readers(2) as readers:
        readers.expect(many=False)
        for thread in [asking(readers) for _ in range(4)]:
            thread.join()
        assert sum(child.process is not None for child in readers._children) == 1


def test_where_many_pages_wait_a_further_process_is_started_at_once() -> None:
    with Readers(2) as readers:
        readers.read(job())
        readers._price = 3600.0
        with readers._taken():
            waiting = asking(readers)
            readers.expect(many=True)  # who waits is told
            waiting.join()
        assert [child.process is None for child in readers._children] == [False, False]


def test_a_process_that_ended_is_no_reason_to_wait_when_it_was_the_only_one() -> None:
    with Readers(2) as readers:
        readers._price = 3600.0
        with readers._taken() as child:
            child.stop()
        assert readers.read(job()).page_kind is PageKind.NOTICE


def test_a_source_s_wrong_selector_is_told_by_name() -> None:
    with Readers(1) as readers:
        told = readers.read(job(rules=ReadRules((DetailRules(body="div[["),))))
        assert told.error is not None
        assert "div[[" in told.error
        assert readers.read(job()).page_kind is PageKind.NOTICE


def test_a_batch_is_read_in_its_order_by_one_child() -> None:
    pages = [GOOD.replace("放假三天", f"放假{n}天") for n in range(20)]
    with Readers(2) as readers:
        found = readers.read_many([job(page) for page in pages])
        assert found == [readers.read(job(page)) for page in pages]
        assert [child.process is not None for child in readers._children].count(True) == 1
        assert readers.read_many([]) == []


def test_pages_too_large_for_one_message_are_read_all_the_same() -> None:
    large = GOOD + "<!--" + "x" * (5 << 20) + "-->"
    with Readers(1) as readers:
        assert [reading.page_kind for reading in readers.read_many([job(large)] * 3)] == [PageKind.NOTICE] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_AS is POSIX")
def test_hostile_pages_in_a_batch_cost_only_their_own_readings() -> None:
    late, hungry = job(b"<div>" * 200_000), job(b"<b>" + b"<p>x</p>" * 4_000_000)
    wrong = job(rules=ReadRules((DetailRules(body="div[["),)))
    with Readers(1, deadline=60, memory=300 << 20) as readers:
        readers.read(job())
        found = readers.read_many([job(), hungry, job(), wrong, job()])
        assert [reading.error is None for reading in found] == [True, False, True, False, True]
        assert "div[[" in (found[3].error or "")
        readers.deadline = 1.0
        found = readers.read_many([job(), late, job(), job()])
        assert [reading.error for reading in found] == [None, "deadline", None, None]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_reader_killed_within_a_batch_costs_one_page() -> None:
    slow = GOOD.replace("<p>", "<p>" * 3000)
    with Readers(1) as readers:
        readers.read(job())
        process = readers._children[0].process
        assert process is not None
        threading.Timer(0.2, process.kill).start()
        found = readers.read_many([job(slow) for _ in range(200)])
    assert [reading.error for reading in found if reading.error is not None] == ["crash"]
    assert len(found) == 200


def test_the_deadline_is_each_page_s_own() -> None:
    slow = job(GOOD.replace("<p>", "<p>" * 3000))
    with Readers(1, deadline=60) as readers:
        readers.read(job())
        began = time.monotonic()
        readers.read(slow)
        once = time.monotonic() - began
        readers.deadline = 8 * once + 1
        assert [reading.error for reading in readers.read_many([slow] * 40)] == [None] * 40


def test_jobs_survive_the_pipe() -> None:
    rules = ReadRules((DetailRules(body="#a", since="2024-01-01"), DetailRules()), ListRules(hosts=("a.test",), rows="li"))
    piece = Page("http://a.test/1_1.html", 200, (), b"more", 1_700_000_000_001)
    sent = [
        job("正文", Kind.LIST, rules),
        replace(
            job(), more=(("GET http://a.test/1_1.html", piece),), request=Request("http://a.test/1.html", "POST", (), b"\xff")
        ),
        job(rules=rules),
    ]
    pipe = BytesIO()
    protocol.write_jobs(pipe, sent)
    assert pipe.getvalue().count(b"next_with") == 2  # once for each of the two sets of rules
    pipe.seek(0)
    message = protocol.read(pipe)
    assert message is not None
    assert protocol.jobs_of(*message) == sent
    assert protocol.read(pipe) is None
    with pytest.raises(protocol.BadMessage, match="announced"):
        protocol.jobs_of(message[0], message[1] + b"x")


def test_only_headers_that_a_reader_looks_at_are_sent() -> None:
    headers = (("content-TYPE", "text/html"), ("Set-Cookie", "a=b"), ("Content-Disposition", "inline"))
    pipe = BytesIO()
    protocol.write_jobs(pipe, [replace(job(), page=Page("http://a.test/", 200, headers, b"", 0))])
    pipe.seek(0)
    message = protocol.read(pipe)
    assert message is not None
    assert protocol.jobs_of(*message)[0].page.headers == (headers[0], headers[2])


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [["http://a.test/", 5, None, None]]},
        {"rows": [["x", "y", None, None]] * 50_001},
        {"notices": [[-1, "t", [None] * 9, 0, [], "d", 0, 0]]},
        {"notices": [[0, "t", [None] * 9, 0, [], "d", 1, 0]]},
        {"page_kind": "exploit"},
        {"total_pages": 10**30},
        {"evidence": None},
        {"notices": "abc"},
    ],
)
def test_a_child_cannot_hand_over_anything_but_bounded_plain_values(change: dict[str, Any]) -> None:
    said = {**protocol.reading_header(Reading("1", PageKind.LIST)), **change}
    with pytest.raises(protocol.BadMessage):
        protocol.reading_of(said, b"")


def test_a_message_cut_or_too_long_is_refused() -> None:
    pipe = BytesIO()
    protocol.write(pipe, {"a": 1}, b"body")
    with pytest.raises(protocol.BadMessage, match="cut"):
        protocol.read(BytesIO(pipe.getvalue()[:-2]))
    with pytest.raises(protocol.BadMessage, match="message of"):
        protocol.read(BytesIO(b"\xff\xff\xff\xff"))


# ------------------------------------------------------------------ documents that notices link to
def served(body: bytes, name: str, header: str = "application/octet-stream", *more: tuple[str, str]) -> Job:
    """What came for an attachment that a notice calls `name`."""
    page = Page("http://a.test/down.jsp?id=5", 200, (("Content-Type", header), *more), body, 1_700_000_000_000)
    return Job(page, Kind.ATTACHMENT, ReadRules(), page.url, file=protocol.File(name))


def test_a_document_is_read_in_a_child_and_its_text_comes_back_packed_with_its_places() -> None:
    with Readers(1) as readers:
        read_ = readers.read(served(made.pdf(2, lines=("冲锋舟停在水文码头",)), "附件1.pdf"))
    assert (read_.error, read_.page_kind) == (None, PageKind.FILE)
    assert read_.file is not None
    assert (read_.file.media_type, read_.file.pages, read_.file.has_text) == ("application/pdf", 2, True)
    pieces = pieces_of(read_.file.packed)
    assert [(piece.place, piece.lines[0]) for piece in pieces] == [
        ("page 1", "冲锋舟停在水文码头"),
        ("page 2", "冲锋舟停在水文码头"),
    ]
    assert "水文码头" in searched_of(read_.file.packed)


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=\"plan.pdf\"; filename*=UTF-8''%E9%98%B2%E6%B1%9B.pdf", "防汛.pdf"),  # RFC 6266, 4.3
        ("attachment; filename*=GBK''%B7%C0%D1%B4.pdf", "防汛.pdf"),  # RFC 5987 allows it to be tried
        ("attachment; filename=" + "防汛.pdf".encode().decode("latin-1"), "防汛.pdf"),  # raw UTF-8
        ("attachment; filename=" + "防汛.pdf".encode("gbk").decode("latin-1"), "防汛.pdf"),  # raw GBK
        ("attachment; filename=%E9%98%B2%E6%B1%9B.pdf", "防汛.pdf"),
        ('attachment; filename="../../etc/防汛.pdf"'.encode().decode("latin-1"), "防汛.pdf"),
        ("attachment", "down.jsp"),
        ("inline; filename=", "down.jsp"),
    ],
)
def test_a_document_is_called_as_its_server_calls_it(disposition: str, name: str) -> None:
    with Readers(1) as readers:
        read_ = readers.read(
            served(made.pdf(lines=("冲锋舟",)), "附件1", "application/pdf", ("Content-Disposition", disposition))
        )
    assert read_.file is not None
    assert read_.file.name == name


@pytest.mark.parametrize(
    ("body", "name", "kind", "evidence"),
    [
        (
            "<html><title>404</title><body>您访问的文件不存在</body></html>",
            "附件.pdf",
            PageKind.ERROR,
            "html error page served as .pdf",
        ),
        ("<html><body>系统繁忙，请稍候</body></html>", "附件.docx", PageKind.ERROR, "html error page served as .docx"),
        ("<html><body>您访问的文件不存在</body></html>", "附件", PageKind.ERROR, "text says"),
        ("<html><script>$_ts=1</script></html>", "附件.pdf", PageKind.CHALLENGE, "html page (challenge) served as .pdf"),
        ("<html><body>" + "<p>第一条 储备冲锋舟十二艘。</p>" * 20 + "</body></html>", "附件.html", PageKind.FILE, "text/html"),
    ],
)
def test_a_page_in_a_documents_place_is_an_outcome_and_no_document(body: str, name: str, kind: PageKind, evidence: str) -> None:
    with Readers(1) as readers:
        read_ = readers.read(served(body.encode(), name, "text/html; charset=utf-8"))
    assert (read_.error, read_.page_kind) == (None, kind)
    assert read_.evidence.startswith(evidence)
    assert (read_.file is not None) is (kind is PageKind.FILE)


def test_a_documents_name_and_header_that_say_another_type_are_noticed() -> None:
    with Readers(1) as readers:
        read_ = readers.read(served(made.pdf(lines=("冲锋舟",)), "附件1.doc", "application/msword"))
    assert read_.file is not None
    assert set(read_.file.flags) == {
        "named application/msword, is application/pdf",
        "sent as application/msword, is application/pdf",
    }
