"""The first schema: tables, indexes and the search index, as plain SQL for each database."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the statements of `0001_<dialect>.sql`; a blank line ends each."""
    bind = op.get_bind()
    script = Path(__file__).with_name(f"0001_{bind.dialect.name}.sql").read_text(encoding="utf-8")
    for statement in script.strip().split("\n\n"):
        bind.exec_driver_sql(statement)
