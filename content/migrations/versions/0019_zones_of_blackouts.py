"""the zone whose days a blackout is about."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that are there were read, and looked at, in the workspace's zone."""
    with op.batch_alter_table('blackout', schema=None) as batch_op:
        batch_op.add_column(sa.Column('zone', sa.String(length=64), server_default='UTC', nullable=False))
    blackouts = sa.table('blackout', sa.column('workspace_id'), sa.column('zone'))
    workspaces = sa.table('workspace', sa.column('id'), sa.column('zone'))
    its = sa.select(workspaces.c.zone).where(workspaces.c.id == blackouts.c.workspace_id).scalar_subquery()
    op.execute(sa.update(blackouts).values(zone=its))
    with op.batch_alter_table('blackout', schema=None) as batch_op:
        batch_op.alter_column('zone', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('blackout', schema=None) as batch_op:
        batch_op.drop_column('zone')
