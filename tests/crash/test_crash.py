"""A short form of `python -m tests.crash`: a trial of each kind, and two broken protocols that must be noticed."""

import random
from collections.abc import Iterator

import pytest

from tests.crash import shim, trials
from tests.crash.lanes import hunted
from tests.crash.world import Lane, lane

pytestmark = [pytest.mark.skipif(not shim.available(), reason="the shim needs Linux and gcc"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def held() -> Iterator[Lane]:
    """A site, a nursery, templates."""
    with lane() as made:
        yield made


def test_whatever_ends_a_crawl_nothing_is_lost_or_doubled_and_the_next_ends_as_if_nothing_had_been(held: Lane) -> None:
    seed = random.SystemRandom().randrange(1 << 30)
    found = {f"--seed {seed} --only {kind}:{index}": trials.KINDS[kind](held, seed, index) for kind, index in trials.short(seed)}
    assert {trial: wrong for trial, wrong in found.items() if wrong} == {}


def test_what_a_first_crawl_acknowledged_needs_nothing_that_was_not_synced(held: Lane) -> None:
    events = trials.recorded(held, "first", "").events
    last = max(number for number, event in enumerate(events, 1) if event.said)
    assert trials.cut(held, "first", last, 0.0, random.Random(1)) == []


@pytest.mark.parametrize("mutant", ["no fsync", "done early"])
def test_a_broken_protocol_is_noticed(held: Lane, mutant: str) -> None:
    _, _, by, wrong = hunted(held, 1, mutant)
    assert wrong, f"{mutant}: nothing noticed {by}"
