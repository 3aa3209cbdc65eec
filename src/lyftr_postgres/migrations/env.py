"""What Alembic runs for each migration, on the connection that `lyftr_postgres.upgrade` opened."""

from alembic import context

from lyftr_postgres.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
