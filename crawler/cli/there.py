"""Is the folder of the evidence there, which the database points into?"""

from pathlib import Path

from crawler.errors import ArchiveError
from crawler.repository.reader import Reads, rows


def refuse_lost(c: Reads, folder: Path) -> None:
    """Raises ArchiveError when the database knows of files and their folder is gone: an answer would look as if all were well."""
    try:
        there = folder.is_dir()
    except OSError:
        return  # it may not be looked at from here: nothing is known of it
    if not there and rows(c, "SELECT 1 FROM files LIMIT 1", {}):
        message = f"there is no folder {folder}, and the database knows of files in it"
        raise ArchiveError(message, remedy="is its disk mounted, and are storage.archive and GONGKAI_ARCHIVE right?")
