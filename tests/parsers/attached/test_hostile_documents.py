"""Whatever a document holds, its process answers with a named result or is ended; the next document is read; nobody is asked for anything."""

import time

from crawler.model import Kind, Page, PageKind
from crawler.pipeline.readers import Job, Readers
from crawler.record.content import pieces_of
from crawler.record.rules import ReadRules
from crawler.record.serial import record_of
from tests.parsers.attached import hostile, made
from tests.tools.hostile_files import job, listening, told

NAMED = ("deadline", "memory", "crash")
SLOW = frozenset(  # `python -m tests.tools.hostile_files` has them too
    {
        "10 MB of nothing",
        "10,000 sheets",
        "100,000 nested boxes of HTML",
        "100,000 nested sections of ODT",
        "100,000 nested spans of ODT",
        "300 MB",
        "a 7z bomb",
        "a CSV cell of 20 MB",
        "a PDF bomb",
        "a PDF of 10,000,000 operators",
        "a PDF of 100,000 lines",
        "a PDF of 2,000 fonts",
        "a RAR bomb",
        "a bomb in DOCX",
        "a cell at the far end of each row",
        "a gzip bomb",
        "a million empty cells",
        "a table of a thousand columns a thousand times",
        "a tar of 20,000 members",
        "a zip bomb",
        "a zip of 20,000 members",
        "mail in mail in mail",
        "members that overlap",
        "RTF of a million cells",
        "text of 60 MB",
    }
)
KEPT = {name: held for name, held in hostile.FILES.items() if name not in SLOW}


def test_every_hostile_document_has_a_named_result_within_its_time_and_memory_and_the_one_behind_it_is_read() -> None:
    assert hostile.FILES.keys() > SLOW
    with Readers(1, deadline=20.0, memory=512 << 20) as readers:
        files = [(name, said, job(called, make())) for name, (called, make, said) in KEPT.items()]
        begin = time.monotonic()
        found = readers.read_many([each for _, _, each in files])
        spent = time.monotonic() - begin
        good = readers.read(job("a.pdf", made.pdf()))
    wrong = [
        (name, told(reading)[:200])
        for (name, said, _), reading in zip(files, found, strict=True)
        if said not in told(reading) and not any(mark in told(reading) for mark in NAMED)
    ]
    assert wrong == []
    assert spent < 20 * len(files)
    assert good.file is not None
    assert pieces_of(good.file.packed)[0].lines[:2] == made.LINES[:2]


def test_a_hostile_document_at_a_notices_address_is_a_record_that_says_so() -> None:
    data = hostile.FILES["laughs in ODT"][1]()
    url = "http://a.test/a.odt"
    page = Page(url, 200, (("Content-Type", "application/octet-stream"),), data, 1_700_000_000_000)
    with Readers(1, memory=512 << 20) as readers:
        reading = readers.read(Job(page, Kind.DETAIL, ReadRules(), url))
    assert reading.page_kind is PageKind.FILE
    assert "document type" in str(record_of(reading.notices[0]).provenance["body"])


def test_no_document_has_anything_fetched() -> None:
    with listening() as (address, asked), Readers(1, memory=512 << 20) as readers:
        files = hostile.calling(address)
        found = readers.read_many([job(called, data) for called, data in files.values()])
    assert asked == []
    texts = {
        name: "".join(line for piece in pieces_of(reading.file.packed) for line in piece.lines) if reading.file else ""
        for name, reading in zip(files, found, strict=True)
    }
    assert {"DOCX that links", "ODT that links", "HTML that loads", "OFD with a resource outside", "ZIP of one that links"} <= {
        name for name, text in texts.items() if "正文" in text
    }
