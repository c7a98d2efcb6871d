"""The bar of a crawl: on a terminal only, on stderr."""

import sys
from types import TracebackType
from typing import Any

from crawler.cli import output, words
from crawler.repository import progress as counted


class Bar:
    """Shows how far runs are. `quiet`, or no terminal: shows nothing."""

    def __init__(self, name: str, *, quiet: bool) -> None:
        self.shown = not quiet and sys.stderr.isatty()
        self._name = name
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "Bar":
        if not self.shown:
            return self
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(30),
            TextColumn("{task.completed}/{task.total}   {task.fields[facts]}"),
            TimeElapsedColumn(),
            console=output.err(),
        )
        self._task = self._bar.add_task(output.fit(words.said(self._name), 22), total=0, facts="")
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: counted.Progress) -> None:
        """The state of the runs."""
        done = progress.lists + progress.details
        facts = f"new {progress.new}  edit {progress.edit}  same {max(0, progress.details - progress.new - progress.edit - progress.failed)}"
        if progress.failed:
            facts += f"  failed {progress.failed}"
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=done + progress.todo, facts=words.said(facts))

    def count(self, done: int, total: int) -> None:
        """A plain count."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
