"""What a batch of looks comes to, decided without a database: the looks of a batch see each other in their order."""

from dataclasses import replace

from crawler.model import Capture, Kept, Kind, Original, Outcome, Request, Run, RunKind, Task, Watch
from crawler.pipeline.keep import Rules, decide, seeds
from crawler.politeness.pace import Pace
from crawler.repository.addresses import Address
from crawler.repository.documents import Document
from crawler.repository.keep import Known, Writes
from crawler.repository.queues import QueueRow
from crawler.repository.readings import DONE, PENDING, ReadingRow
from crawler.repository.rows import RunRow
from crawler.text import urls

DAY = 86_400_000
HOST = "www.example.test"
URL = f"http://{HOST}/a.html"
RULES = Rules(Watch((DAY, 3 * DAY), 2, DAY), lambda _: "today", lambda _, url: urls.host(url), lambda _: 2_000, lambda *_: None)
RUN = Run("s", RunKind.LIST, 1)


def address(number: int, url: str, kind: Kind = Kind.DETAIL, last_capture: int | None = None) -> Address:
    """An address nobody has looked at, or whose last capture is given."""
    return Address(
        number, f"GET {url}", "GET", url, "[]", b"", url, HOST, str(kind), "s", None, None, None, last_capture, None, None, None,
        None, None, 0, None, 0, None, None,
    )  # fmt: skip


def kept(name: str, at: int, outcome: Outcome = Outcome.OK, kind: Kind = Kind.DETAIL, tries: int = 0) -> Kept:
    """A look at the address; an answer with bytes is a capture."""
    task = Task(f"GET {URL}", Request(URL), URL, HOST, kind, "s", RUN, tries=tries)
    capture = None
    if outcome in (Outcome.OK, Outcome.SAME_BYTES):
        original = Original("first", URL, 1, "sha256:x") if outcome is Outcome.SAME_BYTES else None
        capture = Capture(f"capture-{name}", URL, at, "f", at, 10, "response", "sha256:x", "text/html", 200, original)
    return Kept(name, task, outcome, at, 100, "f", at + 10, 200, capture)


def known(*found: Address, looks: int = 8, ended: int | None = None) -> Known:
    """What the database knows: these addresses, one run, a queue held under fence 3."""
    return Known(
        addresses={item.key: item for item in found},
        runs={("s", "list", 1): RunRow(1, "s", "list", 1, 1, ended, "{}")},
        queues={HOST: QueueRow(HOST, 3, Pace(), 0, 900)},
        look_ids=range(100, 100 + looks),
        capture_ids=range(200, 200 + looks),
    )


def decided(held: Known, *batch: Kept, fence: int = 3) -> Writes:
    """The batch's writes."""
    return decide(held, batch, {HOST: fence}, RULES, 0.5)


def test_a_new_page_is_a_look_a_capture_and_a_reading_that_its_run_waits_for() -> None:
    writes = decided(known(address(1, URL)), kept("a", 1000))
    assert [(row["id"], row["url"], row["capture"]) for row in writes.looks] == [(100, 1, 200)]
    assert [(reading.capture, reading.state, reading.run) for reading in writes.readings.values()] == [(200, PENDING, 1)]
    assert writes.addresses[1].first_record == "capture-a"
    assert (writes.frontier.done, writes.concerned) == ({(1, 1)}, {1})


def test_the_second_of_two_looks_in_a_batch_is_told_by_what_the_first_left_behind() -> None:
    held = known(address(1, URL))
    writes = decided(held, kept("a", 1000), kept("b", 5000, Outcome.NOT_MODIFIED))
    assert [row["capture"] for row in writes.looks] == [200, 200]  # the 304 shows what the first look brought
    assert writes.addresses[1].last_look == 5000
    assert held.queues[HOST].pace.last_end == 5100


def test_a_look_that_stands_already_changes_nothing_and_neither_does_its_twin_in_the_batch() -> None:
    held = known(address(1, URL))
    held.told.add("a")
    writes = decided(held, kept("a", 1000), kept("b", 2000), kept("b", 2000))
    assert [row["record"] for row in writes.looks] == ["b"]


def test_a_look_fetched_after_the_lease_was_lost_is_kept_and_leaves_the_queue_alone() -> None:
    writes = decided(known(address(1, URL)), kept("a", 1000), fence=2)
    assert (len(writes.looks), writes.queues) == (1, {})


def test_what_the_archive_tells_only_moves_a_queue_s_times_forward() -> None:
    held = known(address(1, URL))
    writes = decide(held, (kept("a", 1000), kept("b", 50)), None, RULES, 0.5)
    assert writes.queues == {}
    assert (writes.told[HOST].pace.last_end, writes.told[HOST].pace.next_at, writes.told[HOST].last_ok) == (1100, 3100, 1100)


def test_a_run_that_is_over_waits_for_no_reading() -> None:
    writes = decided(known(address(1, URL), ended=5), kept("a", 1000))
    assert [reading.run for reading in writes.readings.values()] == [None]


def test_the_same_bytes_under_today_s_rules_are_a_notice_that_is_still_there() -> None:
    held = known(address(1, URL, last_capture=7))
    held.readings[7] = ReadingRow(7, DONE, page_kind="notice", rules="today")
    held.documents[1] = [Document(5, "d", 1, 0, "s", 5, "missing", 1, 500, 600, 9)]
    writes = decided(held, kept("a", 10_000, Outcome.SAME_BYTES))
    assert [change.kind for change in writes.changes] == ["back"]
    assert writes.documents[5].presence == "here"
    assert writes.readings[200].state == DONE


def test_the_same_bytes_under_older_rules_are_read_again_before_anything_is_said() -> None:
    held = known(address(1, URL, last_capture=7))
    held.readings[7] = ReadingRow(7, DONE, page_kind="notice", rules="yesterday")
    held.documents[1] = [Document(5, "d", 1, 0, "s", 5, "here", 1, 500, None, 9)]
    writes = decided(held, kept("a", 10_000, Outcome.SAME_BYTES))
    assert (writes.changes, writes.readings[200].state, writes.readings[200].run) == ([], PENDING, 1)


def test_two_misses_in_one_batch_are_missing_and_then_gone() -> None:
    held = known(address(1, URL))
    held.documents[1] = [Document(5, "d", 1, 0, "s", 5, "here", 1, 500, None, 9)]
    held.queues[HOST].last_ok = DAY
    first, second = kept("a", DAY, Outcome.NOT_FOUND), kept("b", 2 * DAY, Outcome.NOT_FOUND)
    writes = decided(held, first, second)
    assert [change.kind for change in writes.changes] == ["missing", "gone"]


def test_a_failure_in_passing_is_tried_again_and_the_last_one_is_dead() -> None:
    writes = decided(known(address(1, URL)), kept("a", 1000, Outcome.TIMEOUT))
    assert writes.frontier.changed[1, 1]["tries"] == 1
    dead = decided(known(address(1, URL)), kept("a", 1000, Outcome.TIMEOUT, tries=2))
    assert dead.frontier.changed[1, 1] == {"state": "dead", "reason": "timeout"}


def test_a_redirect_is_followed_once_however_often_it_is_met() -> None:
    target = "http://www.example.test/b.html"
    held = known(address(1, URL), address(2, target))
    moved = replace(kept("a", 1000, Outcome.REDIRECTED), location=target)
    again = replace(moved, look="b", at=2000)
    assert [seed.key for seed in seeds((moved,), RULES)] == [f"GET {URL}", f"GET {target}"]
    writes = decided(held, moved, again)
    assert list(writes.frontier.put) == [(1, 2)]
    held.looked.add((1, 2))
    assert decided(replace_looks(held), replace(moved, look="c")).frontier.put == {}


def replace_looks(held: Known) -> Known:
    """The same knowledge with fresh row ids."""
    return replace(held, look_ids=range(300, 308), capture_ids=range(400, 408))
