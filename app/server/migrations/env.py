"""Alembic loads this file to run migrations, with what `alembic_config` gives it."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"], target_metadata=attributes["metadata"], transactional_ddl=True
)
context.run_migrations()
