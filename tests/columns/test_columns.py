"""Columns of every kind of pager, over a real server: every row is found, and nothing is asked twice without need."""

import random
from collections.abc import Callable
from typing import Any

Desk = Any  # the fixture's classes live in conftest, which tests do not import
COUNTS = {  # 3 to 60 pages, 4,000 rows in all
    "createpage": 890, "createpage-rows": 160, "createpage-comment": 46, "countpage": 93, "pager-object": 31, "static-from-one": 77, "vsb": 176, "webplus": 240,
    "common-list": 151, "query": 122, "base64": 95, "select": 61, "hanweb-groups": 390, "hanweb-jpage": 290, "truecms": 300, "jpaas": 140, "gkmlpt": 130, "was": 75,
    "gov-search": 104, "irs-shell": 88, "rss": 15, "atom": 64, "sitemap": 80, "datasource": 45, "named-numbered": 52, "named-link": 47, "named-offset": 38,
}  # fmt: skip


def pages(kind: str, count: int) -> int:
    """Requests that a column needs at least: its pages, or its groups of three; a shell or an index in front."""
    if kind == "hanweb-groups" or kind == "truecms":
        return -(-count // 45)
    if kind == "hanweb-jpage":
        return 1 + -(-max(0, count - 15) // 45)
    if kind == "datasource":
        return 2
    return -(-count // 15) + (kind in ("jpaas", "irs-shell", "sitemap"))


def test_the_columns_hold_four_thousand_rows_of_every_kind(kinds: dict[str, Any]) -> None:
    assert set(COUNTS) == set(kinds)
    assert sum(COUNTS.values()) == 4000
    assert max(-(-count // 15) for count in COUNTS.values()) == 60


def test_every_row_of_quiet_columns_is_found_with_two_requests_to_spare(desk: Desk, address: Callable[[int], str]) -> None:
    columns = {kind: desk.column(kind, count) for kind, count in COUNTS.items()}
    desk.crawl(*COUNTS)
    wrong = {}
    for kind, column in columns.items():
        counts, count = desk.counts(kind), COUNTS[kind]
        told = (counts["listed"], counts["skip:other host"], counts.get("undercount", 0), counts.get("overcount", 0))
        lost = {address(n) for n in column.rows} - desk.listed(kind)
        if lost or column.asked > pages(kind, count) + 2 or told != (count, count, 0, 0) or not desk.stops(kind):
            wrong[kind] = (len(lost), column.asked, pages(kind, count), counts)
    assert wrong == {}


def test_no_row_is_lost_while_columns_change(desk: Desk, kinds: dict[str, Any], address: Callable[[int], str]) -> None:
    """Rows come in on top; where the pager declares how many there are, rows that were shown vanish too."""
    columns = {kind: desk.column(kind, count, turn=_turn(kinds[kind].told, kind)) for kind, count in COUNTS.items()}
    desk.crawl(*COUNTS)
    wrong = {}
    for kind, column in columns.items():
        lasting = {address(n) for n in set(range(COUNTS[kind])) & set(column.rows)}
        lost = lasting - desk.listed(kind)
        if lost or column.asked > 1.2 * pages(kind, COUNTS[kind]) + 2:
            wrong[kind] = (len(lost), column.asked, pages(kind, COUNTS[kind]))
    assert wrong == {}


def _turn(told: bool, kind: str) -> Callable[[Any], None]:
    chance = random.Random(kind)

    def turn(column: Any) -> None:
        if column.asked % 4 == 1 and column.kind != "rss":
            column.insert()
        if told and column.asked % 11 == 6:
            column.delete(chance)

    return turn
