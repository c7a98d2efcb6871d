"""What a command costs: CPU of it and its children, wall time, peak memory. Linux: it reads /proc.

CPU is user and system time of the command and of every process it started and waited for (wait4). `children` is what its descendants had
spent when they were last seen, a tenth of a second apart; `own` is the rest. `peak` is the largest sum of the processes' proportional set
sizes, so that shared pages count once.
"""

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

BETWEEN = 0.1  # seconds between two samples
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds and MB of one command. `code`: its exit code, `said`: the end of what it wrote to stderr."""

    code: int
    cpu: float
    children: float
    wall: float
    peak: float
    said: str

    @property
    def own(self) -> float:
        """CPU of the command's own process."""
        return self.cpu - self.children


class _Watch:
    """Samples a process and its descendants until told to stop."""

    def __init__(self, root: int) -> None:
        self.root, self.peak = root, 0.0
        self._cpu: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """CPU seconds of the descendants."""
        self._over.set()
        self._thread.join()
        return sum(seconds for pid, seconds in self._cpu.items() if pid != self.root)

    def _sample(self) -> None:
        while not self._over.wait(BETWEEN):
            known = {pid: (parent, seconds) for pid, parent, seconds in _processes()}
            mine = [pid for pid in known if self._is_mine(pid, known)]
            self._cpu |= {pid: known[pid][1] for pid in mine}
            self.peak = max(self.peak, sum(map(_pss, mine)))

    def _is_mine(self, pid: int, known: Mapping[int, tuple[int, float]]) -> bool:
        while pid in known:
            if pid == self.root:
                return True
            pid = known[pid][0]
        return False


def _processes() -> Iterator[tuple[int, int, float]]:
    """(pid, parent, CPU seconds) of every process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            yield int(entry.name), int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK


def _pss(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)


def measure(command: Sequence[str], env: Mapping[str, str] | None = None) -> Spent:
    """Run a command to its end."""
    with tempfile.TemporaryFile() as said:
        begun = perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, env={**os.environ, **(env or {})}
        )
        watch = _Watch(process.pid)
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            children = watch.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = perf_counter() - begun
        said.seek(max(0, said.seek(0, os.SEEK_END) - 1000))
        end = said.read().decode("utf-8", "replace").strip()
    return Spent(process.returncode, used.ru_utime + used.ru_stime, children, wall, watch.peak, end)
