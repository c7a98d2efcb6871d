"""Every command is one of these: a switch that is given a value is an error that says so, whatever the command takes besides."""

import math
from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from crawler.errors import UsageError

VALUES = ("true", "false")
MOST = 2**63 - 1  # of an integer of 64 bits


class Interrupted(Exception):
    """Ctrl-C."""


class Group(TyperGroup):
    """The whole command line. The library makes an exit code of Ctrl-C, without a word; this lets it through."""

    def invoke(self, ctx: Any) -> Any:
        """Call the command. Raises Interrupted."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted from error


class Command(TyperCommand):
    """Refuses `--json true`: the word would be taken for a source, a query or a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As ever, after a look at the words behind switches."""
        switches = {
            name for param in self.params if getattr(param, "is_flag", False) for name in (*param.opts, *param.secondary_opts)
        }
        for word, following in pairwise(args):
            if word == "--":
                break
            if word in switches and following.lower() in VALUES:
                raise UsageError(
                    f"{word} takes no value, and {following!r} follows it", remedy=f"write {word} alone, or leave it out"
                )
        left = super().parse_args(ctx, args)
        for param in self.params:
            _check(param, ctx.params.get(param.name or ""))
        return left


def _check(param: Any, value: object) -> None:
    """Raises UsageError for a number that no database takes, and for what is none though Python reads it as one."""
    name = param.opts[0] if param.opts[0].startswith("-") else param.human_readable_name
    if isinstance(value, int) and abs(value) > MOST:
        raise UsageError(f"{name} takes numbers up to {MOST}, not {value}")
    if isinstance(value, float) and math.isnan(value):
        raise UsageError(f"{name} takes a number, not {value}")


def strict(app: typer.Typer) -> None:
    """Make every command of an app one of these, its sub-commands too."""
    for info in app.registered_commands:
        info.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            strict(group.typer_instance)
