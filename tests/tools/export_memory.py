"""How much memory an export takes, at several sizes of an archive: it must not grow with it. Also: the same bytes twice.

    python -m tests.tools.export_memory [--sizes 10000,100000] [--characters 300] [--forms jsonl,csv,parquet,sqlite]

Documents are the bench's (`tests/bench/grow.py`), loaded through the line's own steps into SQLite. Each export is a process of its own; what
is told is its largest resident size, and how much more that is than at the smallest archive. Exit code 1: more than 100 MiB more, or other bytes.
"""

import argparse
import contextlib
import hashlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from crawler.config.load import load as load_config
from crawler.scheduler.process import open_line
from tests.bench.grow import SETTINGS, Maker, load, prepare

MOST = 100 << 10  # KiB more than at the smallest size
PROBE = """import sys
from crawler.cli.main import run
code = run(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True, slots=True)
class Took:
    """`memory` in KiB; `digest` of what was written."""

    seconds: float
    memory: int
    bytes: int
    digest: str


def export(config: Path, form: str, to: Path, *more: str) -> Took:
    """One export, in a process of its own."""
    began = time.perf_counter()
    command = [sys.executable, "-c", PROBE, "--config", str(config), "export", "--bare", "--as", form, "--to", str(to), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    with to.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = to.stat().st_size
    to.unlink()
    return Took(time.perf_counter() - began, int(done.stderr.split()[-1]), size, digest)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--characters", type=int, default=300)
    parser.add_argument("--forms", default="jsonl,csv,parquet,sqlite")
    given = parser.parse_args()
    sizes = sorted(int(size) for size in given.sizes.split(","))
    first: dict[str, int] = {}
    wrong = loaded = 0
    with tempfile.TemporaryDirectory(prefix="export-memory-") as name, contextlib.ExitStack() as stack:
        config = Path(name) / "config" / "gongkai.toml"
        config.parent.mkdir()
        config.write_text(SETTINGS.format(database=f"sqlite:///{name}/gongkai.db"), "utf-8")
        (Path(name) / "data" / "warc").mkdir(parents=True)
        print(f"{'documents':>10} {'form':<22}{'seconds':>9}{'MB':>9}{'MiB memory':>12}{'more':>8}")
        line = stack.enter_context(open_line(load_config(config), "bench"))
        prepare(line)
        maker = Maker(given.characters)
        for size in sizes:
            load(line, maker, range(loaded, size))
            loaded = size
            for form in given.forms.split(","):
                for more in ((), ("--since", "2018")):
                    took = export(config, form, Path(name) / "out", *more)
                    label = " ".join((form, *more))
                    grown = took.memory - first.setdefault(label, took.memory)
                    again = size > sizes[0] or export(config, form, Path(name) / "out", *more).digest == took.digest
                    wrong += grown > MOST or not again
                    print(
                        f"{size:>10} {label:<22}{took.seconds:>9.1f}{took.bytes / 1e6:>9.1f}{took.memory / 1024:>12.1f}{grown / 1024:>8.1f}"
                        f"{'' if again else '  other bytes'}",
                        flush=True,
                    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
