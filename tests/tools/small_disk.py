"""A disk of a few megabytes under a daemon and a crawl: full, freed again, and read-only. Needs the right to mount a tmpfs.

    python -m tests.tools.small_disk [--folder DIR]

Each line: process, exit code when the disk was full, what was said, exit code and documents after it was freed; then the reading commands on
the same disk mounted read-only. Exit code 1 when anything is not so.
"""

import argparse
import contextlib
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from crawler.demo.site import Site
from crawler.demo.story import write_config
from tests.tools import kill_daemon as killing

FULL, FREED = "1m", "64m"
READERS = (["search", "通知"], ["health"], ["sources", "list"], ["export"], ["changes"], ["frontier"])
BAD = ("Traceback", "never retrieved")


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """A small one at a folder. Raises PermissionError where nothing may be mounted."""
    folder.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FULL}", "tmpfs", str(folder)], check=False).returncode:
        raise PermissionError("a tmpfs cannot be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def again(folder: Path, options: str) -> None:
    """The same disk with other options."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def gongkai(path: Path, *arguments: str, seconds: float = 90) -> tuple[int | None, str]:
    """The command: exit code, None when it had to be ended; what it said."""
    command = [sys.executable, "-m", "crawler.cli", "--config", str(path), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        return None, process.communicate()[0]
    return process.returncode, said


def one(process: str, folder: Path) -> bool:
    """A line of the table; is everything as it should be?"""
    with Site() as site, disk(folder / process) as small:
        path = write_config(small, site.port)
        with path.open("a", encoding="utf-8") as file:
            file.write('\n[storage]\nkeep_free = "0MB"\n')
        code, said = gongkai(path, process)
        told = next((line.strip() for line in said.splitlines()[::-1] if "gongkai:" in line), "-")
        again(small, f"size={FREED}")
        after, _ = gongkai(path, "crawl")
        killing.finish(path)
        wrong = killing.check(path, site) + [word for word in BAD if word in said]
        again(small, "ro")
        readers = {" ".join(words): gongkai(path, *words)[0] for words in READERS}
        again(small, "rw")
        wrong += [
            f"{words}: exit {code} on a read-only disk"
            for words, code in readers.items()
            if code not in (0, 1) or (code and words != "health")
        ]
        wrong += [f"exit {code} on a full disk"] if code != 3 else []
        wrong += [f"exit {after} on a freed one"] if after else []
    print(
        f"| {process} | exit {code} | {told[:160]} | then {after} | {'; '.join(wrong) or 'nothing lost or doubled'} |", flush=True
    )
    return not wrong


def main(folder: Path) -> int:
    """The table; the exit code."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # this process only looks
    well = [one(process, folder) for process in ("crawl", "run")]
    return 0 if all(well) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    sys.exit(main(given.folder or Path(tempfile.mkdtemp(prefix="gongkai-disk-"))))
