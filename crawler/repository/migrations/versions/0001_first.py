"""The first schema."""

from alembic import op

from crawler.repository import schema, search, views

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Tables, search, views."""
    bind = op.get_bind()
    schema.metadata.create_all(bind)
    for statement in search.SQLITE if bind.dialect.name == "sqlite" else search.POSTGRESQL:
        op.execute(statement)
    for statement in views.statements(bind.dialect.name):
        op.execute(statement)
