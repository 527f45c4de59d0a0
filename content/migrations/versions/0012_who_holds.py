"""who holds everything, and since when."""

import sqlalchemy as sa
from alembic import op

import content.database

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('workspace', schema=None) as batch_op:
        batch_op.add_column(sa.Column('held_by', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('held_at', content.database.Instant(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('workspace', schema=None) as batch_op:
        batch_op.drop_column('held_at')
        batch_op.drop_column('held_by')
