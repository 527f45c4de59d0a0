"""yeses to series."""

import sqlalchemy as sa
from alembic import op

import content.database

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'series_yes',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('series_id', sa.String(length=40), nullable=False),
        sa.Column('member_id', sa.String(length=40), nullable=False),
        sa.Column('said_at', content.database.Instant(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['series_id'], ['series.id'], name=op.f('fk_series_yes_series_id_series'), ondelete='CASCADE'
        ),
        sa.ForeignKeyConstraint(
            ['member_id'], ['member.id'], name=op.f('fk_series_yes_member_id_member'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_series_yes')),
        sa.UniqueConstraint('series_id', 'member_id', name='uq_series_yes_member'),
    )
    with op.batch_alter_table('series_yes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_series_yes_member_id'), ['member_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_series_yes_series_id'), ['series_id'], unique=False)


def downgrade() -> None:
    op.drop_table('series_yes')
