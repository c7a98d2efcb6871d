"""The first schema: tables, indexes and the search index, as plain SQL for each database."""

from alembic import op

from crawler.repository.migrations import run_first

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the statements of `0001_<dialect>.sql`."""
    run_first(op.get_bind())
