"""Whatever a document holds, its process answers with a named result or is ended; the next document is read."""

import time

from crawler.model import Kind, Page, PageKind
from crawler.pipeline.readers import Job, Readers
from crawler.record.rules import ReadRules
from crawler.record.serial import record_of
from tests.parsers.attached import hostile, made

NAMED = ("deadline", "memory", "crash")
SLOW = frozenset(  # `python -m tests.tools.document_table --hostile` has them too
    {
        "10 MB of nothing",
        "10,000 sheets",
        "a CSV cell of 20 MB",
        "a PDF bomb",
        "a PDF of 10,000,000 operators",
        "a bomb in DOCX",
        "a cell at the far end of each row",
        "a million empty cells",
        "a zip of 20,000 members",
        "members that overlap",
        "text of 60 MB",
    }
)
KEPT = {name: held for name, held in hostile.FILES.items() if name not in SLOW}


def job(name: str, data: bytes) -> Job:
    """A document at a notice's address."""
    url = f"http://a.test/{name}"
    return Job(
        Page(url, 200, (("Content-Type", "application/octet-stream"),), data, 1_700_000_000_000), Kind.DETAIL, ReadRules(), url
    )


def test_every_hostile_document_has_a_named_result_within_its_time_and_memory_and_the_one_behind_it_is_read() -> None:
    wrong = []
    with Readers(1, deadline=20.0, memory=512 << 20) as readers:
        for name, (called, make, said) in KEPT.items():
            data, begin = make(), time.monotonic()
            reading = readers.read(job(called, data))
            told = reading.error or reading.evidence + " ".join(
                str(record_of(notice).provenance["body"]) for notice in reading.notices if "body" in record_of(notice).provenance
            )
            if (
                not (said in told or told.startswith(NAMED) or reading.page_kind not in (PageKind.FILE, PageKind.NOTICE))
                or time.monotonic() - begin > 25
            ):
                wrong.append((name, told[:200]))
        good = readers.read(job("a.pdf", made.pdf()))
    assert wrong == []
    assert record_of(good.notices[0]).body[:2] == made.LINES[:2]
