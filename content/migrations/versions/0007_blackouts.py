"""blackout dates, and confirmations against guards."""

import sqlalchemy as sa
from alembic import op

import content.database

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('blackout',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('workspace_id', sa.String(length=40), nullable=False),
    sa.Column('account_id', sa.String(length=40), nullable=True),
    sa.Column('first', sa.Date(), nullable=False),
    sa.Column('last', sa.Date(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('made_by', sa.String(length=40), nullable=False),
    sa.Column('made_at', content.database.Instant(timezone=True), nullable=False),
    sa.Column('ended_at', content.database.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_blackout_account_id_account'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['made_by'], ['member.id'], name=op.f('fk_blackout_made_by_member'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_blackout_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_blackout'))
    )
    with op.batch_alter_table('blackout', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_blackout_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_blackout_made_by'), ['made_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_blackout_workspace_id'), ['workspace_id'], unique=False)

    op.create_table('confirmation',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('delivery_id', sa.String(length=40), nullable=False),
    sa.Column('guard', sa.String(length=20), nullable=False),
    sa.Column('about', sa.String(length=40), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('member_id', sa.String(length=40), nullable=False),
    sa.Column('button', sa.String(length=200), nullable=False),
    sa.Column('confirmed_at', content.database.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_confirmation_delivery_id_delivery'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_confirmation_member_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_confirmation')),
    sa.UniqueConstraint('delivery_id', 'guard', 'about', 'digest', name='uq_confirmation_about')
    )
    with op.batch_alter_table('confirmation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_confirmation_delivery_id'), ['delivery_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_confirmation_member_id'), ['member_id'], unique=False)


def downgrade() -> None:
    op.drop_table('confirmation')
    op.drop_table('blackout')
