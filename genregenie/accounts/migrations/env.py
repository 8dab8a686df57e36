"""What Alembic runs. The connection, with its transaction and its lock, comes from the caller."""

from alembic import context

from genregenie.accounts.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # true of SQLite as well, the way transactions are begun here
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
