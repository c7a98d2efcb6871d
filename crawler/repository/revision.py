"""Which revision of the schema this program knows, and whether a database has it."""

from crawler.errors import NoArchive, RepositoryError

HEAD = "0001"  # the newest revision this program knows; revisions are numbered, so that older and newer can be told apart


def check(name: str, found: str | None) -> None:
    """For readers: raises RepositoryError unless the schema of the database of that name is today's."""
    refuse_newer(name, found)
    if found is None:
        raise NoArchive(
            f"{name} holds no archive yet", remedy="gongkai crawl or gongkai run fills it, gongkai reindex rebuilds it"
        )
    if found != HEAD:
        message = f"{name} has schema {found}, this program needs {HEAD}"
        raise RepositoryError(message, remedy="any writing command (gongkai crawl, gongkai run) brings it up to date")


def refuse_newer(name: str, found: str | None) -> None:
    """Raises RepositoryError for a schema that only a newer program knows."""
    if found is not None and found > HEAD:
        raise RepositoryError(f"{name} has schema {found}, this program knows {HEAD} and older", remedy="use a newer gongkai")
