"""What Alembic runs for each migration, on the connection of `lyftr_sqlite.schema.migrate`."""

from alembic import context

from lyftr_sqlite.schema.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
