"""What people type as a day or a moment means the same on every surface: a span begins with its first day and ends with its last."""

from datetime import UTC, datetime

import pytest

from crawler.errors import UsageError
from crawler.text.beijing import day_bound, iso, moment

NOW = 1_717_000_000_000


def utc(written: str) -> int:
    """Milliseconds of a moment in UTC."""
    return round(datetime.fromisoformat(written).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("written", "first", "after"),
    [
        ("2024-05-31", "2024-05-30T16:00", "2024-05-31T16:00"), ("2024-5-1", "2024-04-30T16:00", "2024-05-01T16:00"),
        ("2024-05", "2024-04-30T16:00", "2024-05-31T16:00"), ("2024-02", "2024-01-31T16:00", "2024-02-29T16:00"),
        ("2024", "2023-12-31T16:00", "2024-12-31T16:00"), (" 2023-12-31 ", "2023-12-30T16:00", "2023-12-31T16:00"),
        ("1969-12-31", "1969-12-30T16:00", "1969-12-31T16:00"),
    ],
)  # fmt: skip
def test_a_day_month_or_year_begins_and_ends_in_beijing(written: str, first: str, after: str) -> None:
    assert moment(written, NOW, end=False) == utc(first)
    assert moment(written, NOW, end=True) == utc(after) - 1


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2024-05-31T12:00:00+08:00", "2024-05-31T04:00"), ("2024-05-31T12:00:00 08:00", "2024-05-31T04:00"), ("2024-05-31T04:00:00Z", "2024-05-31T04:00"),
        ("2024-05-31T12:00", "2024-05-31T04:00"), ("2024-05-31 12:00", "2024-05-31T04:00"), ("2024-05-31T12:00:00.250Z", "2024-05-31T12:00:00.250"),
    ],
)  # fmt: skip
def test_a_time_is_itself_at_both_ends_of_a_span(written: str, at: str, end: bool) -> None:
    assert moment(written, NOW, end=end) == utc(at)


@pytest.mark.parametrize(
    ("written", "ago"), [("7d", 7 * 86_400_000), ("12h", 43_200_000), ("30 m", 1_800_000), ("2w", 14 * 86_400_000)]
)
def test_a_span_that_is_ago_counts_from_now(written: str, ago: int) -> None:
    assert moment(written, NOW, end=True) == moment(written, NOW, end=False) == NOW - ago


@pytest.mark.parametrize(
    "written",
    [
        "2019-02-31", "2024-00", "2024-13", "2024-05-00", "0000", "0001-13", "20240531", "2024-W22-5", "2024-05-31T25:00", "2024-05-31T12:00+99:00", "gestern", "-7d", "7", "",
        "２０２４", "9999999d", "99 999d", "2024-05-31\x00", "31.5.2024", "2024/05/31", "2024-05-31T12:00:00+08:00Z",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_said(written: str) -> None:
    for end in (False, True):
        with pytest.raises(UsageError, match="is no moment"):
            moment(written, NOW, end=end)


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_the_first_and_the_last_year_of_the_calendar_are_moments(year: str) -> None:
    assert moment(year, NOW, end=False) < moment(year, NOW, end=True)
    assert day_bound(year, end=True).isoformat() == f"{year}-12-31"


@pytest.mark.parametrize("written", ["0001", "0001-01-01T00:00+08:00", "999999w", "9999-12-31T23:59Z"])
def test_every_moment_can_be_told_again(written: str) -> None:
    for end in (False, True):
        assert iso(moment(written, NOW, end=end)) is not None
