"""Measures the longest silence that is learned: false alarms over healthy years, and how long a frozen feed goes unnoticed. Not a test.

python tests/tools/silence_rates.py [--sources 400]

Healthy sources publish by chance (Poisson by working day; nothing on weekends and holidays), each with 40 notices before the first day;
every weekday of two years the rule is asked, with what it could know on that day. Then each source freezes.
"""

import argparse
import random
from datetime import date, timedelta

from crawler.model import Expect
from crawler.monitor.health import Rhythm, learn_silence, overdue
from crawler.monitor.workdays import is_working

FIRST, YEARS, BEFORE = date(2022, 1, 3), 2, 40
MIDNIGHT = date(1970, 1, 1)


def at(day: date) -> int:
    """Noon of a day in Beijing, in milliseconds."""
    return (day - MIDNIGHT).days * 86_400_000 + 4 * 3_600_000


def one(rate: float, dice: random.Random) -> tuple[int, int, int | None]:
    """(runs, false alarms, calendar days until a frozen feed is noticed) of one source."""
    days = [FIRST]
    while len(days) < BEFORE:
        day = days[0] - timedelta(1)
        while not (is_working(day) and dice.random() < rate):
            day -= timedelta(1)
        days.insert(0, day)
    runs = alarms = 0
    was = False
    for n in range(YEARS * 365):
        day = FIRST + timedelta(n)
        if is_working(day) and dice.random() < rate:
            days.append(day)
        if day.weekday() < 5:
            runs += 1
            over = (overdue(Expect(), Rhythm(at(days[-1]), learn_silence(days[-400:])), at(day)) or 0) > 1
            alarms, was = alarms + (over and not was), over
    last, limit = days[-1], learn_silence(days[-400:])
    for n in range(2000):
        if (overdue(Expect(), Rhythm(at(last), limit), at(last + timedelta(n))) or 0) > 1:
            return runs, alarms, n
    return runs, alarms, None


def main() -> None:
    """One line for each rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=400)
    count = parser.parse_args().sources
    for rate in (0.9, 0.5, 0.2, 0.1, 0.05):
        dice = random.Random(rate)
        told = [one(rate, dice) for _ in range(count // 5)]
        runs, alarms = sum(item[0] for item in told), sum(item[1] for item in told)
        noticed = sorted(item[2] for item in told if item[2] is not None)
        middle = noticed[len(noticed) // 2] if noticed else "-"
        print(
            f"a day with news in {1 / rate:>4.1f}: {runs} runs, {alarms} false alarms; frozen, it is noticed after {middle} days (median)"
        )


if __name__ == "__main__":
    main()
