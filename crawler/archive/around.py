"""What stands around a capture in its file: the request as it was sent, and what the look's metadata record says of the exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crawler.archive.members import members
from crawler.archive.metadata import look_of
from crawler.archive.reader import find
from crawler.errors import DamagedRecord
from crawler.model import Capture

NEAR = 4  # records of a group behind its capture


@dataclass(frozen=True, slots=True)
class Around:
    """`request`: its bytes, secrets redacted, b"" where none was kept. `look`: the metadata record's JSON, empty where it is not ours.
    `records`: the ids of the group's records by type."""

    request: bytes = b""
    look: Mapping[str, Any] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)


def around(folder: Path, capture: Capture, behind: int) -> Around:
    """The group of a capture. `behind`: where the capture before it ends in the same file; what is not whole is left out.

    Raises DamagedRecord when the file is not there, ArchiveError when the whole archive is not.
    """
    request, look, records = b"", {}, {capture.type: capture.record_id}
    try:
        with find(folder, capture.file).open("rb") as file:
            passed = 0
            for member in members(file, behind):
                record = member.record
                tied = capture.record_id in record.headers.get("warc-concurrent-to", "")
                if record.type == "request" and tied:
                    request, records["request"] = record.block, record.id
                elif record.type == "metadata" and tied:
                    look, records["metadata"] = _look(record.block), record.id
                    break
                passed += member.offset > capture.offset
                if passed > NEAR:
                    break
    except OSError as error:
        raise DamagedRecord(
            f"cannot read {capture.file}: {error.strerror or error}", remedy="check the disk and the file"
        ) from error
    return Around(request, look, records)


def _look(block: bytes) -> dict[str, Any]:
    try:
        return look_of(block)
    except ValueError:
        return {}
