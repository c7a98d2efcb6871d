"""What a batch of readings comes to, decided without a database: new documents, edits and works of one batch see each other."""

from collections.abc import Sequence

from crawler.model import Kind, PageKind, Watch
from crawler.pipeline.seeding import Rules, item
from crawler.pipeline.settle import MOST_ATTEMPTS, decide
from crawler.record import normalize
from crawler.record.notice import Draft
from crawler.record.reading import Reading, Row
from crawler.record.rules import ListRules
from crawler.repository.captures import CaptureRow
from crawler.repository.documents import Current, Document
from crawler.repository.looks import Look
from crawler.repository.readings import DONE, PENDING, ReadingRow
from crawler.repository.rows import RunRow
from crawler.repository.settle import Item, Known, Settled, Writes
from crawler.text import urls
from tests.pipeline.test_keep import address

DAY = 86_400_000
RULES = Rules(
    Watch((DAY, 3 * DAY), 2, DAY), lambda _, url: urls.host(url), lambda _: ListRules(), lambda *_: None, lambda *_: None
)
BODY = ("本区各街道的长椅每年油漆一次，颜色由居民投票决定，投票箱设在菜市场东门，开箱时请邻里代表到场见证。",)


def read(*texts: str, rules: str = "today") -> Reading:
    """A page of notices with these titles."""
    notices = tuple(
        normalize.notice(Draft(text, body=BODY, part=number), url=None, final_url=None, at=1000)
        for number, text in enumerate(texts)
    )
    return Reading(rules, PageKind.NOTICE, notices=notices)


def of(capture: int, url: int, reading: Reading, kind: Kind = Kind.DETAIL) -> Item:
    """A reading of a capture at an address."""
    page = f"http://www.example.test/{url}.html"
    row = CaptureRow(capture, url, capture * 1000, f"record-{capture}", f"c-{capture}", "f", capture, 10, "sha256:x")
    return item(Settled(capture, reading), row, address(url, page, kind, last_capture=capture), RULES)


def known(items: Sequence[Item], pending: bool = True) -> Known:
    """What the database knows of these items: a look each, of one open run, and ids to give."""
    held = Known(items=list(items), runs={1: RunRow(1, "s", "list", 1, 1, None, "{}")})
    for number, one in enumerate(items):
        held.readings[one.capture.id] = ReadingRow(one.capture.id, PENDING if pending else DONE, run=1)
        look = Look(number + 1, one.address.id, 1, one.capture.at, "ok", "", one.capture.id)
        held.looks.setdefault(one.address.id, []).append(look)
        held.addresses[one.address.key] = one.address
        for seed in one.seeds:
            held.addresses.setdefault(seed.key, address(100 + len(held.addresses), seed.request.url, seed.kind))
    held.document_ids, held.work_ids, held.version_ids = list(range(10, 30)), list(range(40, 60)), list(range(70, 90))
    return held


def settled(held: Known) -> Writes:
    """The batch's writes."""
    return decide(held, RULES)


def test_a_notice_nobody_knows_is_a_document_a_version_and_a_line() -> None:
    held = known([of(1, 1, read("长椅管理办法"))])
    writes = settled(held)
    assert [(document.id, document.version, document.work) for document in writes.made] == [(10, 70, 40)]
    assert [(change.kind, change.document, change.after, change.look) for change in writes.changes] == [("new", 10, 70, 1)]
    assert (held.readings[1].state, held.readings[1].rules) == (DONE, "today")


def test_two_captures_of_one_address_in_a_batch_are_a_new_notice_and_its_edit() -> None:
    first, second = of(1, 1, read("长椅管理办法")), of(2, 1, read("长椅管理办法（修订）"))
    held = known([first, second])
    writes = settled(held)
    assert [change.kind for change in writes.changes] == ["new", "edit"]
    assert [version.n for version in writes.versions] == [1, 2]
    assert (len(writes.made), writes.changed[10].version) == (1, 71)


def test_two_addresses_with_one_text_in_a_batch_are_one_work_named_after_the_earlier() -> None:
    held = known([of(1, 1, read("长椅管理办法")), of(2, 2, read("长椅管理办法"))])
    settled(held)
    assert held.works.joined == {41: 40}
    assert held.works.public_id(40) == held.works.made[40]
    assert [copy[:2] for copy in held.works.copies] == [(11, 10)]


def test_a_capture_that_is_not_pending_any_more_is_passed_over() -> None:
    assert settled(known([of(1, 1, read("长椅管理办法"))], pending=False)).versions == []


def test_a_version_that_today_s_rules_have_not_read_is_read_again_first() -> None:
    held = known([of(2, 1, read("长椅管理办法"))])
    held.documents[1] = [
        Document(5, "d", 1, 0, "s", 5, "here", 1, 1, None, 9, Current(9, 1, "x", "yesterday", "t", True, 1, 500))
    ]
    held.readings[1] = ReadingRow(1, DONE, rules="yesterday")
    writes = settled(held)
    assert (writes.versions, writes.readings[1].state, writes.readings[1].run) == ([], PENDING, 1)
    assert (held.readings[2].state, held.readings[2].attempts) == (PENDING, 1)


def test_processes_whose_rules_differ_do_not_wait_for_each_other_for_ever() -> None:
    held = known([of(2, 1, read("长椅管理办法"))])
    held.documents[1] = [
        Document(5, "d", 1, 0, "s", 5, "here", 1, 1, None, 9, Current(9, 1, "x", "yesterday", "t", True, 1, 500))
    ]
    held.readings[1] = ReadingRow(1, DONE, rules="yesterday")
    held.readings[2].attempts = MOST_ATTEMPTS
    settled(held)
    assert (held.readings[2].state, "different rules" in (held.readings[2].error or "")) == ("unreadable", True)


def test_a_list_s_rows_are_listed_and_looked_at_once() -> None:
    rows = tuple(Row(f"http://www.example.test/{number}.html", f"通知{number}", "2024-05-01") for number in (7, 8, 7))
    listing = of(1, 1, Reading("today", PageKind.LIST, rows=rows), Kind.LIST)
    held = known([listing])
    writes = settled(held)
    assert sorted(listing.title for listing in writes.listings.values()) == ["通知7", "通知8"]
    assert len(writes.frontier.put) == 2
    ((page),) = held.pages.changed.values()
    assert (page.rows, page.fresh, page.stop) == (2, 2, "no pager")
