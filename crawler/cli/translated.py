"""Help in Chinese: the texts of a command tree exchanged for those of the table, folded by the width of their characters."""

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from crawler.cli import output, words

EXAMPLE = "Example:"
OPTION_WIDTH = 46  # columns of an option's text at 80
SHORT = 32  # characters of two columns beside a command's name
CLAUSE = re.compile("[；：。]")
BREAK = re.compile(r"\n\s*\n")


def paragraphs(text: str) -> list[str]:
    """A help's paragraphs, each on one line."""
    return [" ".join(part.split()) for part in BREAK.split(text) if part.strip()]


def texts(command: Any) -> Iterator[str]:
    """Every sentence of a command's help and of the commands below it, but for examples."""
    for text in (command.help, command.short_help):
        yield from (part for part in paragraphs(text or "") if not part.startswith(EXAMPLE))
    yield from (" ".join(param.help.split()) for param in command.params if getattr(param, "help", None))
    for below in getattr(command, "commands", {}).values():
        yield from texts(below)


def translate(command: Any) -> Any:
    """The same command whose help is Chinese, and those below it."""
    short = paragraphs(command.short_help or command.help or "")[:1]
    command.short_help = _short(words.said(short[0])) if short else None
    command.help = "\n\n".join(_paragraph(part) for part in paragraphs(command.help or ""))
    for param in command.params:
        if getattr(param, "help", None):
            param.help = _kept(words.said(" ".join(param.help.split())), OPTION_WIDTH)
    command.get_help = functools.partial(_help, command.get_help)
    for below in getattr(command, "commands", {}).values():
        translate(below)
    return command


def _short(text: str) -> str:
    """What stands beside a command's name: the first clause of a sentence that is longer than the line."""
    return text if len(text) <= SHORT else f"{CLAUSE.split(text)[0]}。"


def _paragraph(part: str) -> str:
    if part.startswith(EXAMPLE):
        return _kept(words.said(EXAMPLE) + part.removeprefix(EXAMPLE).strip(), 0)
    return _kept(words.said(part), min(output.width(), 80) - 2)


def _kept(text: str, width: int) -> str:
    """Lines of at most so many columns that are not filled again: the library counts characters, and these are two columns wide."""
    return "\b\n" + "\n".join(output.folded(text, width) if width else [text])


def _help(english: Callable[[Any], str], context: Any) -> str:
    """The help with the library's own words exchanged."""
    text = english(context)
    for word, chinese in words.HEADINGS.items():
        text = re.sub(rf"(?<!\S){re.escape(word)}", lambda _, said=chinese: said, text)  # type: ignore[misc]
    return text


def refused(error: Any) -> str:
    """What the library has to say of options and arguments, as it says it."""
    context, said = getattr(error, "ctx", None), words.said(error.format_message())
    if context is None:
        return f"错误：{said}\n"
    usage = _help(type(context).get_usage, context)
    return f"{usage}\n用 '{context.command_path} --help' 查看说明。\n\n错误：{said}\n"
