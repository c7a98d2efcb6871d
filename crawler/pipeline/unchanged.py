"""A list page as it was is not read again: what it said last is taken, where everything that a reading depends on is the same. Pure.

A list is asked for every hour and changes once a day; its rows are followed each time.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

from crawler.model import Kind, Page, PageKind, payload_digest
from crawler.parsers import protocol
from crawler.parsers.protocol import BadMessage, Job
from crawler.parsers.version import rules_version
from crawler.record.pack import pack, unpack
from crawler.record.reading import Reading
from crawler.record.rules import ReadRules
from crawler.repository.list_readings import ListReading
from crawler.repository.readings import Pending


def taken(item: Pending, rules: ReadRules, page: Callable[[], Page]) -> tuple[Reading, ListReading | None] | None:
    """What this page said last, and what is to be kept of that; None where it must be read. `page` is asked for only where it is another capture than the
    one that was read."""
    held = item.before
    if item.kind is not Kind.LIST or held is None or held.asked != _asked(item, rules):
        return None
    same = held.capture == item.capture_id
    if not same and held.page != _page(page()):
        return None
    try:
        reading = protocol.reading_of(json.loads(unpack(held.reading)), b"")
    except (BadMessage, ValueError):  # by another release: it is read
        return None
    return reading, None if same else replace(held, capture=item.capture_id)


def kept(item: Pending, job: Job, reading: Reading) -> ListReading | None:
    """What is kept of a reading: of a list with rows. Of a page without any, what the site shows for missing addresses has a say."""
    if item.kind is not Kind.LIST or reading.page_kind is not PageKind.LIST or not reading.rows or reading.error is not None:
        return None
    try:
        packed = pack(json.dumps(protocol.reading_header(reading), ensure_ascii=False, separators=(",", ":")))
    except UnicodeEncodeError:  # a lone surrogate, which would come back as another character
        return None
    return ListReading(item.url, item.capture_id, _asked(item, job.rules), _page(job.page), packed)


def _asked(item: Pending, rules: ReadRules) -> str:
    return _digest(rules_version(rules), repr(item.request), item.like, item.public_url)


def _page(page: Page) -> str:
    heads = [pair for pair in page.headers if pair[0].lower() in protocol.READ]
    return _digest(page.url, str(page.status), repr(heads), payload_digest(page.body))


def _digest(*said: str) -> str:
    return hashlib.blake2b("\0".join(said).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
