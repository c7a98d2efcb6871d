"""Is the folder of the evidence there, which the database points into, and has the database all of it?"""

from pathlib import Path

from crawler.cli import output
from crawler.errors import ArchiveError
from crawler.repository.reader import Reads, is_unfinished, rows

UNFINISHED = "the database is a part of the archive: its rebuild goes on, or was interrupted and goes on by gongkai reindex"


def refuse_lost(c: Reads, folder: Path) -> None:
    """Raises ArchiveError when the database knows of files and their folder is gone: an answer would look as if all were well. Says so when
    the database has a part of them."""
    if is_unfinished(c):
        output.note(UNFINISHED)
    try:
        there = folder.is_dir()
    except OSError:
        return  # it may not be looked at from here: nothing is known of it
    if not there and rows(c, "SELECT 1 FROM files LIMIT 1", {}):
        message = f"there is no folder {folder}, and the database knows of files in it"
        raise ArchiveError(message, remedy="is its disk mounted, and are storage.archive and GONGKAI_ARCHIVE right?")
