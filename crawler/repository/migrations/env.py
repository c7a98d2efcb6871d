"""Alembic's entry: runs on the connection, and in the transaction, that `upgrade` holds."""

from alembic import context

from crawler.repository.schema import whole

context.configure(connection=context.config.attributes["connection"], target_metadata=whole(), transactional_ddl=False)
context.run_migrations()
