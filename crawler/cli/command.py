"""Every command is one of these: a switch that is given a value is an error that says so, whatever the command takes besides."""

from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperCommand

from crawler.errors import UsageError

VALUES = ("true", "false")


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
        return super().parse_args(ctx, args)


def strict(app: typer.Typer) -> None:
    """Make every command of an app one of these, its sub-commands too."""
    for info in app.registered_commands:
        info.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            strict(group.typer_instance)
