"""What Alembic runs for each migration, on the connection of `lyftr_sql.migrating`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
