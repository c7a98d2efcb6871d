"""Compound files (MS-CFB), in which the old Office formats lie, by olefile: their streams, within limits."""

import io

from crawler.parsers.attached.said import NoText, Reading


def names_of(data: bytes) -> frozenset[str]:
    """The names of the streams at its top; none where it is damaged, or olefile is not installed."""
    try:
        import olefile
    except ModuleNotFoundError:
        return frozenset()
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as held:
            return frozenset(path[0] for path in held.listdir() if path)
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()


def streams_of(data: bytes, names: tuple[str, ...], reading: Reading) -> dict[str, bytes]:
    """The streams of these names that are there. Raises NoText: damaged, too large."""
    import olefile

    found: dict[str, bytes] = {}
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as held:
            if held.exists("Macros") or held.exists("_VBA_PROJECT_CUR"):
                reading.flag("macros, not run")
            if held.exists("ObjectPool"):
                reading.flag("holds objects, not run")
            for name in names:
                if not held.exists(name):
                    continue
                reading.unpacked += held.get_size(name)
                if reading.unpacked > reading.limits.unpacked:
                    raise NoText(f"more than {reading.limits.unpacked >> 20} MiB unpacked")
                found[name] = held.openstream(name).read()
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoText(f"damaged: {error}") from error
    return found
