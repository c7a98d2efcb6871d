"""The command called in this process: what it prints, where, and its exit code, without the half second of a new interpreter.

For tests of what a command says. Where the process itself is what is tested (signals, closed pipes, rights, what is imported), they start one.
"""

import io
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import structlog

from crawler.cli.main import run


def called(
    arguments: Sequence[str], *, cwd: Path | None = None, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """As subprocess.run would give it, standard output and error apart."""
    out, err, given = io.BytesIO(), io.BytesIO(), io.BytesIO(stdin)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        if cwd is not None:
            patch.chdir(cwd)
        patch.setattr(sys, "argv", ["crawler.cli", *arguments])
        patch.setattr(sys, "stdin", io.TextIOWrapper(given, "utf-8"))
        patch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8", write_through=True))
        patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", write_through=True))
        try:
            code = run(list(arguments))
        finally:
            _forget_logs()
        return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), err.getvalue())


def said(
    arguments: Sequence[str], *, cwd: Path | None = None, stdin: str = "", environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """The same as text."""
    done = called(arguments, cwd=cwd, stdin=stdin.encode(), environment={"COLUMNS": "120", **(environment or {})})
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def _forget_logs() -> None:
    """What the command set up of logs writes to streams that are gone now."""
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [held for held in root.handlers if type(held).__module__.startswith("crawler.")]:
        root.removeHandler(handler)
