"""Where CPU goes: py-spy's samples of a crawl and its children (`--full-filenames`), added up by stage of the line.

A sample belongs to the first stage below that any of its frames fits; a frame is `function (file:line)`. Modules move and the table moves
with them: a stage that nothing fits any more shows as 0, what fits no stage as `other`.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

STAGES = (
    ("commits", r"^(do_commit|do_rollback|_checkpoint) "),
    ("search", r"/crawler/repository/search/"),
    ("start", r"^_find_and_load |/crawler/config/|/crawler/repository/migrations/|^begin .*/crawler/pipeline/"),
    ("messages", r"/crawler/(parsers/protocol|pipeline/readers)\.py|^write \(.*child\.py"),
    ("fold and digests", r"/crawler/(text/(fold|words)|record/[a-z_]+)\.py"),
    ("decode and parse", r"/crawler/text/(charset|big5|garbled)\.py|^(_parse|parse|decode|text_of|__init__) \(.*/crawler/parsers/(page|tree)\.py"),
    ("extract", r"/crawler/parsers/"),
    ("WARC", r"/crawler/archive/"),
    ("settle", r"/crawler/repository/(settle|observations|listings|list_pages|versions|works|documents)\.py|^(Line\.)?_?settle\w* "),
    ("keep", r"/crawler/repository/keep\.py|^(Line\.)?(_?keep|_archive_and_commit) "),
    ("frontier", r"/crawler/repository/"),
    ("transport", r"/crawler/(fetcher|politeness)/|/asyncio/|/selectors\.py"),
)  # fmt: skip
OTHER = "other"
# The innermost frame of a thread that waits: the sampler takes some of them for busy.
WAITS = re.compile(
    r"^(_worker .*/thread\.py|(_?frame|read) .*/protocol\.py|(wait|wait_for|acquire|join|_wait_for_tstate_lock) .*/threading\.py|(_run_once|select|get) )"
)
RULES = tuple((name, re.compile(pattern)) for name, pattern in STAGES)
CLASS = re.compile(r"^[\w.<>]+\.(?=\w+ \()")  # newer samplers put the class before a method's name


def stage(frames: Sequence[str]) -> str:
    """The stage of one stack."""
    for name, rule in RULES:
        if any(rule.search(frame) for frame in frames):
            return name
    return OTHER


def shares(samples: Path) -> dict[str, float]:
    """Each stage's share of the samples, waiting threads left out, of a file that `py-spy record --format raw` wrote."""
    counts: Counter[str] = Counter()
    for line in samples.read_text("utf-8", "replace").splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [CLASS.sub("", frame) for frame in stack.split(";") if not frame.startswith("process ")]
        if frames and not WAITS.search(frames[-1]):
            counts[stage(frames)] += int(count)
    total = counts.total() or 1
    return {name: counts[name] / total for name in [*(name for name, _ in STAGES), OTHER]}
