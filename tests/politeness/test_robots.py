"""robots.txt: rules read as Google reads them, decisions with their line, what is asked besides; nothing ever raised."""

import json
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Outcome
from crawler.politeness.robots import LIMIT, Robots, matches, stored, verdict_of

HOUR = 3_600_000


def said(text: str, url: str, agent: str = "gongkai") -> str:
    """The decision for one address."""
    return Robots.parse(text.encode()).said(url, agent).decision


def test_rules_decide_for_our_name_and_say_which_line_did() -> None:
    robots = Robots.parse(
        "# 规则\nUser-agent: *\nDisallow: /admin/\n\nUser-agent: gongkai\nDisallow: /内部 # 不公开\nCrawl-delay: 7\n".encode()
    )
    assert robots.said("http://a.test/admin/x", "gongkai").decision == "allow"
    told = robots.said("http://a.test/%e5%86%85%e9%83%a8/x", "GongKai")
    assert (told.decision, told.line, told.crawl_delay) == ("disallow", "line 6: Disallow: /内部 # 不公开", 7.0)
    assert robots.said("http://a.test/admin/x", "another").line == "line 3: Disallow: /admin/"


def test_the_longest_pattern_wins_and_allow_wins_a_tie() -> None:
    rules = "User-agent: *\nDisallow: /\nAllow: /zwgk/\nDisallow: /zwgk/*.doc$\nAllow: /zwgk/*.doc$\n"
    assert said(rules, "http://a.test/") == "disallow"
    assert said(rules, "http://a.test/zwgk/1.html") == "allow"
    assert said(rules, "http://a.test/zwgk/1.doc") == "allow"


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("/", "/", True),
        ("/a*b*c", "/axxbyyc?z", True),
        ("/a*b*c$", "/axxbyycz", False),
        ("/a*c$", "/acac", True),
        ("/a$b", "/a$bc", True),
        ("*", "/x", True),
        ("$", "/", False),
        ("/x*$", "/xyz", True),
        ("/ab*ab$", "/ab", False),
        ("", "/x", True),
    ],
)
def test_a_star_is_anything_and_a_last_dollar_the_end(pattern: str, path: str, expected: bool) -> None:
    assert matches(path, pattern) is expected


@pytest.mark.parametrize("key", ["Disallow", "disalow", "DISSALLOW", "disallow  ", "diasllow"])
def test_misspelt_and_colonless_lines_are_understood(key: str) -> None:
    assert said(f"user agent: gongkai\n{key}: /x\n", "http://a.test/x/1") == "disallow"
    assert said("user-agent gongkai\ndisallow /x\n", "http://a.test/x/1") == "disallow"
    assert said("user-agent gongkai\ndisallow /x y\n", "http://a.test/x/1") == "allow"


def test_a_group_without_rules_for_us_frees_us_of_the_rules_for_everybody() -> None:
    assert said("User-agent: *\nDisallow: /\n\nUser-agent: gongkai\nDisallow:\n", "http://a.test/x") == "allow"


def test_gbk_patterns_match_the_bytes_a_gbk_server_is_asked_for() -> None:
    body = "User-agent: *\nDisallow: /公开/\n".encode("gbk")
    for robots in (Robots.parse(body), Robots.parse(stored(body).encode())):
        assert robots.said("http://a.test/%B9%AB%BF%AA/1.html", "gongkai").decision == "disallow"


def test_what_is_asked_besides_is_read_and_the_strictest_counts() -> None:
    asked = Robots.parse(
        b"User-agent: gongkai\nCrawl-delay: 2.5\nCrawl-delay: 9\nCrawl-delay: soon\nRequest-rate: 1/5m 0600-0845\nRequest-rate: 2/3\n"
        b"Visit-time: 2200-0130\nVisit-time: 9900-0100\nRequest-rate: 0/5\n"
    ).asks("gongkai")
    assert asked.pause(5 * HOUR) == 9.0
    assert asked.pause(7 * HOUR) == 300.0
    assert asked.opens(0) is None
    assert asked.opens(2 * HOUR) == 22 * HOUR
    assert asked.opens(23 * HOUR) is None
    assert Robots.parse(b"User-agent: *\nRequest-rate: 2/3\n").asks("x").pause(0) == 1.5
    assert Robots.parse(b"User-agent: other\nCrawl-delay: 9\n").asks("x").pause(0) is None


def test_sitemaps_are_kept_wherever_they_stand() -> None:
    robots = Robots.parse(
        "Sitemap: http://a.test/站点.xml\nUser-agent: *\nSITEMAP:http://a.test/2.xml\nSitemap: http://a.test/2.xml".encode()
    )
    assert robots.sitemaps == ("http://a.test/%E7%AB%99%E7%82%B9.xml", "http://a.test/2.xml")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\0\0",
        b"<html>404</html>",
        b"User-agent\0: *\nDisallow: /" + b"x" * 100_000,
        "User-agent: *\nDisallow: /政务".encode("gbk"),
        b"Allow\n:\nUser-agent:\nDisallow: *" + b"*a" * 5000,
    ],
)
def test_whatever_stands_there_nothing_is_raised(body: bytes) -> None:
    assert Robots.parse(body).said("http://a.test/x", "gongkai").decision in ("allow", "disallow")


@given(
    st.lists(st.sampled_from(["User-agent: gongkai\n", "Disallow: /a", "Allow: /*b$", ":", "%e4", "\xff", "\r", "\0", "#"])).map(
        "".join
    )
)
def test_what_is_stored_decides_as_what_was_sent(text: str) -> None:
    body = text.encode("latin-1")
    for url in ("http://a.test/ab", "http://a.test/"):
        assert (
            Robots.parse(stored(body).encode()).said(url, "gongkai").decision == Robots.parse(body).said(url, "gongkai").decision
        )


def test_half_a_megabyte_is_read_and_a_character_may_be_cut_there() -> None:
    body = b"User-agent: *\nDisallow: /x\n#" + b"a" * (LIMIT - 30) + "公".encode() + b"\nAllow: /x\n"
    assert len(stored(body).encode()) <= LIMIT
    assert Robots.parse(stored(body).encode()).said("http://a.test/x", "y").decision == "disallow"


@pytest.mark.parametrize(
    "evil",
    [
        "User-agent: a{n}\n",
        "User-agent: a{n}\nDisallow: /{n}\n",
        "Disallow: *a*b{n}\n",
        "Allow: /a*a*a*a*a*a*a*b\n",
        "Crawl-delay: {n}\n",
        "x{n}\n",
        "Allow: /index.html{n}\n",
    ],
)
def test_hostile_files_are_read_in_time(evil: str) -> None:
    """Each would take minutes if names were multiplied with rules, or patterns tried back and forth."""
    lines = "User-agent: *\n" + "".join(evil.format(n=n) for n in range(40_000))
    robots = Robots.parse((lines + "Disallow: /x\n" * 20_000).encode())
    robots.said("http://a.test/" + "a" * 8000, "gongkai")
    robots.asks("gongkai")


def test_utf16_with_its_mark_is_read() -> None:
    assert said(stored("\ufeffUser-agent: *\nDisallow: /".encode("utf-16-le")), "http://a.test/x") == "disallow"


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [(Outcome.OK, "rules"), (Outcome.NOT_FOUND, "allow"), (Outcome.FORBIDDEN, "allow"), (Outcome.BUSY, "busy"), (Outcome.SERVER_ERROR, "disallow"),
     (Outcome.TIMEOUT, "disallow"), (Outcome.BLOCKED, "disallow"), (Outcome.TLS_ERROR, "disallow")],
)  # fmt: skip
def test_an_answer_means_what_rfc_9309_says(outcome: Outcome, verdict: str) -> None:
    assert verdict_of(outcome) == verdict


def test_a_challenge_in_place_of_robots_txt_is_recognised_before_rules_are_read() -> None:
    assert verdict_of(Outcome.OK, b"<html><script>$_ts=window['$_ts']</script></html>") == "disallow"
    assert verdict_of(Outcome.OK, b"User-agent: *\nAllow: /\n") == "rules"
    assert verdict_of(Outcome.OK, b"User-agent: *\nDisallow: /captcha/\n") == "rules"


def test_google_s_cases_are_the_reading_of_record(shared: Path) -> None:
    cases = json.loads((shared / "suites" / "robots-google.json").read_text("utf-8"))
    wrong = [case["test"] for case in cases if (said(case["robots"], case["url"], case["agent"]) == "allow") != case["allowed"]]
    assert (len(cases), wrong) == (145, [])


def test_real_files_are_read_in_bounded_time(shared: Path) -> None:
    """Every file, two addresses each: at most .1 s of CPU, the bound of a busy machine three times over."""
    with tarfile.open(shared / "suites" / "robots-corpus.tar.xz") as archive:
        bodies = [file.read() for member in archive if (file := archive.extractfile(member)) is not None]
    assert len(bodies) == 4231
    closed = [body for body in bodies if verdict_of(Outcome.OK, body) != "rules"]
    assert len(closed) < 5
    assert all(body.lstrip().lower().startswith((b"<!doctype", b"<html", b"<script")) for body in closed)
    for body in bodies:
        began = time.process_time()
        robots = Robots.parse(stored(body).encode())
        robots.said("http://a.test/zwgk/", "gongkai")
        robots.said("http://a.test/" + "a/b?c=d*" * 300, "gongkai")
        assert time.process_time() - began < 0.3
