"""What a large tree costs: `python -m tests.tools.tree_of_a_million [LEAVES]`. A day's checkpoint, and proofs, the slowest of a hundred."""

import random
import sys
import tempfile
import time
from pathlib import Path

from crawler.archive import merkle, proof
from crawler.archive.notes import Checkpoint, signing_key
from crawler.archive.tree import Leaf, Tree

FILE, RECORD, DAY = "gongkai-20260101000000-test-0001.warc.gz", 4000, 20_000


def leaves(start: int, end: int) -> list[Leaf]:
    """Leaves of records that lie one behind the other."""
    return [Leaf(FILE, number * RECORD, merkle.leaf(b"%d" % number)) for number in range(start, end)]


def measure(count: int) -> dict[str, float]:
    """Seconds of the processor: the first growth, a day's growth and signature, the slowest proof made, the slowest proof checked."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as made:
        tree = Tree(Path(made))
        found["first"] = -time.process_time()
        with tree.alone():
            state = tree.append(tree.state(), leaves(0, count), {FILE: count * RECORD})
        found["first"] += time.process_time()
        key = signing_key(tree.key)
        older = key.sign(Checkpoint(key.public.name, count, tree.root(count)))
        day = leaves(count, count + DAY)
        found["day"] = -time.process_time()
        with tree.alone():
            state = tree.append(state, day, {FILE: (count + DAY) * RECORD})
        tree.save(key.sign(Checkpoint(key.public.name, state.size, tree.root(state.size))), str(key.public), state.size, 1)
        found["day"] += time.process_time()
        found["proof"] = found["check"] = 0.0
        for number in random.Random(1).sample(range(state.size), 100):
            began = time.process_time()
            proved = proof.prove(tree, key.public, (FILE, number * RECORD), older)
            between = time.process_time()
            now = Checkpoint("", state.size, tree.root(state.size))
            assert merkle.is_included(merkle.leaf(b"%d" % number), proved.index, now.size, proved.inclusion, now.root)
            assert merkle.is_beginning(count, tree.root(count), now.size, now.root, proved.consistency)
            found["proof"] = max(found["proof"], between - began)
            found["check"] = max(found["check"], time.process_time() - between)
    return found


if __name__ == "__main__":
    for name, seconds in measure(int(sys.argv[1]) if sys.argv[1:] else 1_000_000).items():
        sys.stdout.write(f"{name:6} {seconds * 1000:10.1f} ms\n")
