"""Kills, errors and power cuts at every place of a crawl: nothing lost, nothing twice, the next crawl ends as if nothing had been.

    python -m tests.crash                                  the short form: one trial of each kind, a minute
    python -m tests.crash --long                           every call of every scenario, 300 random kills, 200 power cuts
    python -m tests.crash --seed 7 --only kill-first:312   one trial again; --only kill-first: all of a kind
    python -m tests.crash --mutants                        is every broken protocol noticed?

Needs Linux and gcc. Exit code 1 when anything does not hold.
"""

import argparse
import contextlib
import os
import sys
import time
from dataclasses import dataclass, field

from tests.crash import mutants, shim, trials
from tests.crash.lanes import run
from tests.crash.world import lane


@dataclass
class Tally:
    """What came of the trials of a kind."""

    tried: int = 0
    void: int = 0  # the command had ended before its time came
    wrong: list[tuple[int, list[str]]] = field(default_factory=list)


def table(seed: int, listed: list[tuple[str, int, str]], lanes: int) -> int:
    """Try them, and print what came; the exit code."""
    tallies: dict[str, Tally] = {}
    began = time.monotonic()

    def tell(kind: str, index: int, _mutant: str, wrong: list[str] | None) -> None:
        tally = tallies.setdefault(kind, Tally())
        tally.tried += 1
        tally.void += wrong is None
        if wrong:
            tally.wrong.append((index, wrong))
            print(f"--seed {seed} --only {kind}:{index}", *wrong[:6], sep="\n    ", flush=True)

    run(listed, seed, lanes, tell)
    print(f"\nseed {seed}\n| kind | tried | ended before | violations |\n|---|---|---|---|")
    for kind, tally in sorted(tallies.items()):
        print(f"| {kind} | {tally.tried} | {tally.void} | {len(tally.wrong)} |")
    bad = sum(len(tally.wrong) for tally in tallies.values())
    print(
        f"{sum(tally.tried for tally in tallies.values())} trials in {time.monotonic() - began:.0f} s, {bad} violations",
        flush=True,
    )
    return 1 if bad else 0


def hunt(seed: int, lanes: int, names: list[str]) -> int:
    """Try each mutant until it is caught; the exit code."""
    print(f"seed {seed}\n| mutant | trials | caught by | said |\n|---|---|---|---|", flush=True)
    caught = []

    def tell(name: str, tries: int, by: str, wrong: list[str] | None) -> None:
        print(f"| {name} | {tries} | {by if wrong else 'NOT CAUGHT'} | {(wrong or [''])[0][:110]} |", flush=True)
        caught.append(bool(wrong))

    run([("hunt", seed, name) for name in names], seed, lanes, tell)
    print(f"{sum(caught)} of {len(names)} mutants caught")
    return 0 if all(caught) else 1


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.crash", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="KIND[:INDEX]")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="with --long: only every so many-th trial")
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--mutant", default="", choices=["", *mutants.NAMES], help="with --only: under this one")
    parser.add_argument("--lanes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    if not shim.available():
        print("needs Linux and gcc")
        return 3
    if given.mutants:
        return hunt(given.seed, given.lanes, list(mutants.NAMES))
    if not given.only and not given.long:
        return table(given.seed, [(kind, index, "") for kind, index in trials.short(given.seed)], given.lanes)
    listed: list[tuple[str, int, str]] = []
    words = [word.partition(":") for word in given.only or trials.LONG]
    with lane() if not all(index for _, _, index in words) else contextlib.nullcontext() as held:
        for kind, _, index in words:
            indexes = [int(index)] if held is None or index else range(0, trials.size(held, kind), given.every)
            listed += [(kind, number, given.mutant) for number in indexes]
    return table(given.seed, listed, given.lanes)


if __name__ == "__main__":
    sys.exit(main())
