"""Pages between keep and their reader: held once, within bounds; what waits goes to children in messages of some size."""

import pytest

from crawler.model import Capture, Kind, Page, Request
from crawler.pipeline import handover
from crawler.pipeline.catch_up import READ_AT_ONCE, READ_BYTES, messages
from crawler.pipeline.handover import LARGEST, HandOver
from crawler.repository.readings import Pending


def page(size: int) -> Page:
    return Page("http://a.test/", 200, (), bytes(size), 1)


def waiting(number: int, length: int = 1000) -> Pending:
    url = f"http://a.test/{number}"
    capture = Capture(f"<urn:{number}>", url, 1, "a.warc.gz", 0, length, "response", "sha256:x", "text/html", 200)
    return Pending(number, capture, None, Kind.DETAIL, "s", url, Request(url))


def test_a_page_is_handed_over_once() -> None:
    held, one = HandOver(), page(10)
    held.put("a", one)
    assert (held.take("a"), held.take("a"), held.take("b")) == (one, None, None)


def test_the_oldest_pages_keep_their_places_and_a_large_one_is_never_held() -> None:
    held = HandOver(most=100)
    for name in "abc":
        held.put(name, page(40))
    held.put("large", page(LARGEST + 1))
    assert [name for name in ("a", "b", "c", "large") if held.take(name)] == ["a", "b"]
    for name in "de":
        held.put(name, page(50))  # what was taken counts no more
    assert [name for name in "de" if held.take(name)] == ["d", "e"]


def test_a_page_that_nobody_takes_makes_room_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "STALE", 0.0)
    held = HandOver(most=100)
    for name in "abc":
        held.put(name, page(40))
    assert [name for name in "abc" if held.take(name)] == ["b", "c"]


def test_a_message_has_some_pages_and_not_too_many_bytes_and_no_reader_goes_empty() -> None:
    def sizes(items: list[Pending], readers: int) -> list[int]:
        groups = list(messages(items, readers))
        assert [item for group in groups for item in group] == items
        return [len(group) for group in groups]

    assert sizes([waiting(n) for n in range(40)], 1) == [READ_AT_ONCE, READ_AT_ONCE, 8]
    assert sizes([waiting(n) for n in range(5)], 2) == [3, 2]
    assert sizes([waiting(1, READ_BYTES * 3), waiting(2), waiting(3, READ_BYTES)], 1) == [1, 1, 1]
    assert sizes([], 2) == []
