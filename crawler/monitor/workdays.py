"""Days on which offices publish. Pure: weekends, 春节 and 国庆 are silent, and so are the other holidays with a date of their own.

Which working days are moved around a holiday is announced a year ahead and not known here: a weekend on which offices work counts as
silent, which only makes us wait a little longer.
"""

from datetime import date, timedelta

# 春节, the first day of the lunar year, by the calendar the State Council's standard GB/T 33661 defines.
WRITTEN = (
    "2000-02-05 2001-01-24 2002-02-12 2003-02-01 2004-01-22 2005-02-09 2006-01-29 2007-02-18 2008-02-07 2009-01-26 "
    "2010-02-14 2011-02-03 2012-01-23 2013-02-10 2014-01-31 2015-02-19 2016-02-08 2017-01-28 2018-02-16 2019-02-05 "
    "2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06 2028-01-26 2029-02-13 "
    "2030-02-03 2031-01-23 2032-02-11 2033-01-31 2034-02-19 2035-02-08 2036-01-28 2037-02-15 2038-02-04 2039-01-24 "
    "2040-02-12 2041-02-01 2042-01-22 2043-02-10 2044-01-30 2045-02-17 2046-02-06 2047-01-26 2048-02-14 2049-02-02 "
    "2050-01-23 "
)
NEW_YEARS = {day.year: day for day in map(date.fromisoformat, WRITTEN.split())}
EVE, LAST = -1, 7  # days around 春节 on which offices are closed
FIXED = frozenset(
    {(1, 1), *((4, day) for day in (4, 5, 6)), *((5, day) for day in range(1, 6)), *((10, day) for day in range(1, 9))}
)
LONGEST = 36600  # a hundred years: nothing older is counted day by day


def is_holiday(day: date) -> bool:
    """A holiday, on whatever weekday. The years from 2000 to 2050 are known; in others 春节 is not."""
    if (day.month, day.day) in FIXED:
        return True
    new_year = NEW_YEARS.get(day.year)
    return new_year is not None and EVE <= (day - new_year).days <= LAST


def is_working(day: date) -> bool:
    """Neither weekend nor holiday."""
    return day.weekday() < 5 and not is_holiday(day)


def working_days(after: date, until: date) -> int:
    """How many working days there are behind `after`, up to and with `until`."""
    return sum(is_working(after + timedelta(n)) for n in range(1, min((until - after).days, LONGEST) + 1))


def holidays(after: date, until: date) -> int:
    """How many holidays there are behind `after`, up to and with `until`."""
    return sum(is_holiday(after + timedelta(n)) for n in range(1, min((until - after).days, LONGEST) + 1))
