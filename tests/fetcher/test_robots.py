"""robots.txt: rules read, decisions made, nothing ever raised."""

import json
import tarfile
import time
from pathlib import Path

import pytest

from crawler.fetcher.robots import Robots, verdict_of
from crawler.model import Outcome


def test_rules_decide_for_our_name_and_say_how_long_to_pause() -> None:
    robots = Robots.parse(b"User-agent: *\nDisallow: /admin/\n\nUser-agent: gongkai\nDisallow: /secret\nCrawl-delay: 7\n")
    assert robots.said("http://a.test/admin/x", "gongkai").decision == "allow"
    said = robots.said("http://a.test/secret/x", "gongkai")
    assert (said.decision, said.crawl_delay) == ("disallow", 7.0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\0\0",
        b"<html>404</html>",
        b"User-agent\0: *\nDisallow: /" + b"x" * 100_000,
        "User-agent: *\nDisallow: /政务".encode("gbk"),
    ],
)
def test_whatever_stands_there_nothing_is_raised(body: bytes) -> None:
    assert Robots.parse(body).said("http://a.test/x", "gongkai").decision in ("allow", "disallow")


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [(Outcome.OK, "rules"), (Outcome.NOT_FOUND, "allow"), (Outcome.FORBIDDEN, "allow"), (Outcome.BUSY, "busy"), (Outcome.SERVER_ERROR, "disallow"),
     (Outcome.TIMEOUT, "disallow"), (Outcome.BLOCKED, "disallow"), (Outcome.TLS_ERROR, "disallow")],
)  # fmt: skip
def test_an_answer_means_what_rfc_9309_says(outcome: Outcome, verdict: str) -> None:
    assert verdict_of(outcome) == verdict


def test_google_s_cases_are_read_as_protego_reads_them(shared: Path) -> None:
    cases = json.loads((shared / "suites" / "robots-google.json").read_text("utf-8"))
    right = sum(
        (Robots.parse(case["robots"].encode()).said(case["url"], case["agent"]).decision == "allow") == case["allowed"]
        for case in cases
    )
    assert right >= 131


def test_real_files_are_read_in_bounded_time(shared: Path) -> None:
    with tarfile.open(shared / "suites" / "robots-corpus.tar.xz") as archive:
        bodies = [file.read() for member in archive if (file := archive.extractfile(member)) is not None]
    assert len(bodies) == 4231
    for body in [*sorted(bodies, key=len)[-20:], *bodies[::10]]:
        began = time.process_time()
        Robots.parse(body).said("http://a.test/zwgk/", "gongkai")
        assert time.process_time() - began < 2
