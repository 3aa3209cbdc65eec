"""What Alembic runs for each migration, on the connection of `lyftr_postgres.schema.upgrade`."""

from alembic import context

from lyftr_postgres.schema.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
