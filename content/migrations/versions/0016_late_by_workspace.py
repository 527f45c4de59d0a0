"""late posts by workspace."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_LATE = 'late_at IS NOT NULL'


def upgrade() -> None:
    op.create_index(
        'ix_delivery_late',
        'delivery',
        ['workspace_id', 'late_at'],
        sqlite_where=sa.text(_LATE),
        postgresql_where=sa.text(_LATE),
    )


def downgrade() -> None:
    op.drop_index('ix_delivery_late', table_name='delivery')
