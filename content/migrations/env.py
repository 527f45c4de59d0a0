"""Runs migrations on the connection that `content/schema.py` hands over."""

from alembic import context

from content import models  # noqa: F401 - every table must be known before they are compared
from content.database import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=False,
)
with context.begin_transaction():
    context.run_migrations()
