"""A fault of this program, in one look or one page: it becomes its outcome, and everything else goes on."""

from dataclasses import replace
from typing import Any

from crawler.demo.site import LANWAN
from crawler.scheduler import process as house

Home = Any  # the fixture's class lives in conftest, which tests do not import


def test_a_fault_in_keeping_one_look_gives_up_its_address_and_no_other(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        bad: list[str] = []

        def queue_of(source: str, url: str) -> str:
            if "index" not in url and (not bad or url in bad):
                bad.append(url)
                raise IndexError("list index out of range")
            return line.policy.queue(source, url)

        line._settle_rules = replace(line._settle_rules, queue_of=queue_of)
        progress = home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
    assert bad
    assert progress.open == 0
    assert home.sql("SELECT count(*) FROM readings WHERE state = 'pending'") == [(0,)]
    ((error,),) = home.sql("SELECT error FROM readings WHERE error IS NOT NULL")
    assert error == "fault: IndexError: list index out of range"
    assert home.sql(f"SELECT count(*) FROM urls WHERE url LIKE '%{LANWAN}%'")[0][0] >= 1


def test_a_fault_in_what_a_look_comes_to_is_kept_in_the_archive_and_given_up_with_the_reason(home: Home) -> None:
    with house.open_line(home.config, "test") as line:
        seen: list[str] = []

        def pause(queue: str) -> int:
            seen.append(queue)
            if len(seen) == 3:  # a look of the crawl's middle, told together with others
                raise KeyError(queue)
            return 0

        line._keep_rules = replace(line._keep_rules, pause=pause)
        progress = home.work(line, house.fire(home.config, line, house.Wish(("lanwan",))))
    assert len(seen) > 3
    assert progress.open == 0
    assert home.sql("SELECT count(*) FROM runs WHERE ended IS NULL") == [(0,)]
