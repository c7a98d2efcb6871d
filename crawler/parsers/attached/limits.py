"""How much of a document is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a document is read. The time it may take, and the memory, are its process's."""

    size: int = 100 << 20  # two copies of it, and what reads it, are in the reading process at once
    unpacked: int = 256 << 20  # bytes of all members together
    ratio: int = 1000  # of a member above 8 MiB: XML of sheets packs to a fiftieth, hardly anything to a two-hundredth
    members: int = 10_000
    depth: int = 3  # archives within archives
    pages: int = 1_000
    sheets: int = 1_000
    cells: int = 2_000_000
    characters: int = 8_000_000
    lines: int = 200_000
    seconds: float = 15.0  # that a program of others may take
    ocr: str = ""  # the languages in which pictures are read by tesseract (chi_sim+eng); none: they are not
