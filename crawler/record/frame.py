"""What a version stores, in one packed frame: the record's JSON and, each behind a line break that JSON has not, the texts that are searched.

Knows no record: whoever only lists or searches needs no more than this.
"""

import json
from typing import Any

from crawler.record.pack import pack, unpack


def framed(values: str, title: str, body: str) -> bytes:
    """The frame of a record's JSON (in one line), and of its title and body as they are searched."""
    return pack(f"{values}\n{title}\n{body}")


def packed_texts(values: str, searched: str) -> bytes:
    """The frame of something that has no title: its JSON (in one line), and its text as it is searched."""
    return framed(values, "", searched)


def opened(held: bytes) -> tuple[str, str, str]:
    """(the record's JSON, its title as it is searched, its body), unpacked once. Raises ValueError when there are none."""
    values, title, body = unpack(held).split("\n")
    return values, title, body


def unpacked(held: bytes) -> dict[str, Any]:
    """The JSON values of a stored record. Raises ValueError when it is none."""
    values: dict[str, Any] = json.loads(unpack(held).partition("\n")[0])
    return values


def searched(held: bytes) -> tuple[str, str]:
    """Title and body as they are searched (`words.search_text`). Raises ValueError when there are none."""
    return opened(held)[1:]
