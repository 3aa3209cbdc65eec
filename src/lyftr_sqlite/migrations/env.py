"""What Alembic runs for each migration, on the connection that `lyftr_sqlite.migration` opened."""

from alembic import context

from lyftr_sqlite.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
