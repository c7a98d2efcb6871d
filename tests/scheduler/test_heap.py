"""The threads of a writing process share one heap."""

import re
import subprocess
import sys

import pytest

ASKED = """
import ctypes, threading
from crawler.scheduler import heap
if {shared}: heap.share()
held, up = [], threading.Barrier(9)
def hold():
    held.append(ctypes.create_string_buffer(1000))  # malloc, not Python's own pools
    up.wait()
for _ in range(8): threading.Thread(target=hold).start()
up.wait()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heaps")
@pytest.mark.parametrize(("shared", "heaps"), [(True, range(1, 2)), (False, range(2, 99))], ids=["shared", "as they come"])
def test_threads_share_one_heap_where_they_are_told_to(shared: bool, heaps: range) -> None:
    done = subprocess.run([sys.executable, "-c", ASKED.format(shared=shared)], capture_output=True, text=True, check=True)
    assert len(re.findall(r"^Arena \d+:", done.stderr, re.MULTILINE)) in heaps
