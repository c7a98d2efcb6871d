"""What the environment says, or a file that it names: NAME holds the value itself, NAME_FILE the path of a file with it.

Secrets that containers and systemd hand over are files (`/run/secrets/…`, `$CREDENTIALS_DIRECTORY/…`); they then stand in no
environment, which every child process and every `inspect` shows.
"""

import os
from pathlib import Path

from crawler.errors import UsageError

LONGEST = 64 << 10


def variable(name: str) -> str | None:
    """The value of a variable, or what is in the file that NAME_FILE names; None: neither says anything.

    The newline that editors write behind it is no part of it. Raises UsageError for both at once, and for a file that cannot be read or is
    empty; what is in it stands in no message.
    """
    said, file = os.environ.get(name) or None, os.environ.get(f"{name}_FILE") or None
    if file is None:
        return said
    if said is not None:
        raise UsageError(f"both {name} and {name}_FILE are set", remedy="leave one of them out")
    try:
        with Path(file).open("rb") as held:
            value = held.read(LONGEST + 1).decode("utf-8").rstrip("\r\n")
    except OSError as error:
        raise UsageError(
            f"{name}_FILE: cannot read {file}: {error.strerror or error}", remedy="check the path and who may read it"
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{name}_FILE: {file} is no text in UTF-8", remedy="write the value alone into it") from None
    if not value or len(value) >= LONGEST or not value.isprintable():
        raise UsageError(f"{name}_FILE: {file} holds no single line of text", remedy="write the value alone into it")
    return value
