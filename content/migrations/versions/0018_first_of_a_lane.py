"""the first job of a lane, also of many that are due at one instant."""

from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index('ix_job_lane')
        batch_op.create_index('ix_job_lane', ['lane', 'state', 'run_at', 'id'])


def downgrade() -> None:
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index('ix_job_lane')
        batch_op.create_index('ix_job_lane', ['lane', 'state', 'run_at'])
