"""pace of accounts: gap, cap and quota."""

import sqlalchemy as sa
from alembic import op

import content.database

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.add_column(sa.Column('gap_minutes', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('daily_cap', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('quota_until', content.database.Instant(timezone=True), nullable=True))

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.add_column(sa.Column('turn_at', content.database.Instant(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_column('turn_at')

    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_column('quota_until')
        batch_op.drop_column('daily_cap')
        batch_op.drop_column('gap_minutes')
