"""posts that repeat."""

import sqlalchemy as sa
from alembic import op

import content.database

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'series',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('workspace_id', sa.String(length=40), nullable=False),
        sa.Column('member_id', sa.String(length=40), nullable=False),
        sa.Column('post_id', sa.String(length=40), nullable=False),
        sa.Column('conversation_id', sa.String(length=40), nullable=True),
        sa.Column('rule', sa.Text(), nullable=False),
        sa.Column('zone', sa.String(length=64), nullable=False),
        sa.Column('approved_by', sa.String(length=40), nullable=True),
        sa.Column('approved_at', content.database.Instant(timezone=True), nullable=True),
        sa.Column('button', sa.String(length=200), server_default='', nullable=False),
        sa.Column('made', sa.Integer(), server_default='0', nullable=False),
        sa.Column('made_until', content.database.Instant(timezone=True), nullable=True),
        sa.Column('paused_at', content.database.Instant(timezone=True), nullable=True),
        sa.Column('created_at', content.database.Instant(timezone=True), nullable=False),
        sa.Column('ended_at', content.database.Instant(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint([f'{table}_id'], [f'{table}.id'], name=op.f(f'fk_series_{table}_id_{table}'), ondelete='CASCADE')
            for table in ('workspace', 'member', 'post', 'conversation')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_series')),
    )
    with op.batch_alter_table('series', schema=None) as batch_op:
        for column in ('workspace_id', 'member_id', 'post_id', 'conversation_id'):
            batch_op.create_index(batch_op.f(f'ix_series_{column}'), [column], unique=False)
    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.add_column(sa.Column('series_id', sa.String(length=40), nullable=True))
        batch_op.create_index(batch_op.f('ix_post_series_id'), ['series_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_post_series_id'))
        batch_op.drop_column('series_id')
    op.drop_table('series')
