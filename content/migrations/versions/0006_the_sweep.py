"""an index of what is not over by itself, for the sweep."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_LIVE = "state IN ('waiting', 'sending', 'processing', 'unknown')"


def upgrade() -> None:
    op.create_index('ix_delivery_live', 'delivery', ['due_at'], sqlite_where=sa.text(_LIVE), postgresql_where=sa.text(_LIVE))


def downgrade() -> None:
    op.drop_index('ix_delivery_live', table_name='delivery')
