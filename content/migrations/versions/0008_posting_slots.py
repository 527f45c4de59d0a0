"""posting slots."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'posting_slot',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('workspace_id', sa.String(length=40), nullable=False),
        sa.Column('account_id', sa.String(length=40), nullable=False),
        sa.Column('weekday', sa.Integer(), nullable=False),
        sa.Column('hour', sa.Integer(), nullable=False),
        sa.Column('minute', sa.Integer(), nullable=False),
        sa.Column('zone', sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_posting_slot_account_id_account'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_posting_slot_workspace_id_workspace'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_posting_slot')),
        sa.UniqueConstraint('account_id', 'weekday', 'hour', 'minute', 'zone', name='uq_posting_slot_time'),
    )
    with op.batch_alter_table('posting_slot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_posting_slot_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_posting_slot_workspace_id'), ['workspace_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('posting_slot', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_posting_slot_workspace_id'))
        batch_op.drop_index(batch_op.f('ix_posting_slot_account_id'))
    op.drop_table('posting_slot')
