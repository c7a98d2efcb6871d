"""Days on which offices publish."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from crawler.monitor.workdays import NEW_YEARS, holidays, is_holiday, is_working, working_days
from crawler.text.beijing import day_of


def test_a_lunar_year_has_twelve_or_thirteen_months() -> None:
    lengths = {(later - earlier).days for earlier, later in pairwise(NEW_YEARS.values())}
    assert lengths <= {353, 354, 355, 383, 384, 385}
    assert sorted(NEW_YEARS) == list(range(2000, 2051))
    assert all(date(year, 1, 21) <= day <= date(year, 2, 21) for year, day in NEW_YEARS.items())


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2024-02-09", False),  # 除夕
        ("2024-02-10", False),
        ("2024-02-16", False),
        ("2024-02-19", True),
        ("2024-10-01", False),
        ("2024-10-07", False),
        ("2024-10-09", True),
        ("2024-06-15", False),  # a Saturday
        ("2024-06-17", True),
    ],
)
def test_weekends_new_year_and_national_day_are_silent(day: str, working: bool) -> None:
    assert is_working(date.fromisoformat(day)) is working


def test_working_days_are_counted_behind_the_first_day_up_to_the_last() -> None:
    friday = date(2024, 6, 14)
    assert working_days(friday, friday + timedelta(3)) == 1
    assert working_days(date(2024, 9, 30), date(2024, 10, 9)) == 1
    assert working_days(friday, friday) == working_days(friday, friday - timedelta(9)) == 0


def test_holidays_are_counted_on_whatever_weekday() -> None:
    assert holidays(date(2024, 9, 30), date(2024, 10, 9)) == 8
    assert is_holiday(date(2023, 10, 1))  # a Sunday


def test_a_moment_is_a_day_in_beijing() -> None:
    assert day_of(1_718_380_800_000) == date(2024, 6, 15)  # 16:00 UTC on the 14th
