"""Figures that are counted for all who ask within a while."""

import threading
from concurrent.futures import ThreadPoolExecutor

from crawler.console.remembered import Remembered


def test_a_figure_is_counted_once_until_it_is_old() -> None:
    now, made = [0.0], [0]

    def make() -> int:
        made[0] += 1
        return made[0]

    figures = Remembered(10, clock=lambda: now[0])
    assert [figures.of("a", make) for _ in range(3)] == [1, 1, 1]
    assert figures.of("b", make) == 2
    now[0] = 9.9
    assert figures.of("a", make) == 1
    now[0] = 10
    assert figures.of("a", make) == 3


def test_while_one_counts_anew_the_others_have_the_old_figure_and_the_first_ones_wait() -> None:
    now, began, go = [0.0], threading.Event(), threading.Event()
    figures = Remembered(10, clock=lambda: now[0])

    def slow(value: int) -> int:
        began.set()
        assert go.wait(20)
        return value

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(figures.of, "a", lambda: slow(1))
        assert began.wait(20)
        second = pool.submit(figures.of, "a", lambda: 2)
        go.set()
        assert (first.result(20), second.result(20)) == (1, 1)
        now[0] = 11
        began.clear()
        go.clear()
        third = pool.submit(figures.of, "a", lambda: slow(3))
        assert began.wait(20)
        assert figures.of("a", lambda: 4) == 1
        go.set()
        assert third.result(20) == 3
    assert figures.of("a", lambda: 5) == 3


def test_a_count_that_failed_is_tried_again_by_the_next() -> None:
    figures = Remembered()

    def broken() -> int:
        raise OSError("gone")

    for _ in range(2):
        try:
            figures.of("a", broken)
        except OSError:
            continue
        raise AssertionError("it was swallowed")
    assert figures.of("a", lambda: 1) == 1
