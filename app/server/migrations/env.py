"""Alembic loads this file to run migrations, on the connection that it was given."""

from alembic import context

from app.server.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
context.run_migrations()
