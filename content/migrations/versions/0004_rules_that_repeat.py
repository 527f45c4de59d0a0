"""rules that repeat."""

import json

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

DAYS = ('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')
FIRST_MONDAY = 5
"""Of January 2026; a rule may begin on any day that is one of its own."""


def upgrade() -> None:
    with op.batch_alter_table('plan', schema=None) as batch_op:
        batch_op.add_column(sa.Column('rule', sa.Text(), server_default='', nullable=False))
    plans = sa.table('plan', *(sa.column(name) for name in ('id', 'weekdays', 'hour', 'minute', 'rule')))
    connection = op.get_bind()
    for plan in connection.execute(sa.select(plans)).all():
        weekdays = json.loads(plan.weekdays) if isinstance(plan.weekdays, str) else plan.weekdays
        connection.execute(sa.update(plans).where(plans.c.id == plan.id).values(rule=_rule(weekdays, plan.hour, plan.minute)))
    with op.batch_alter_table('plan', schema=None) as batch_op:
        batch_op.alter_column('rule', server_default=None)
        batch_op.drop_column('weekdays')
        batch_op.drop_column('hour')
        batch_op.drop_column('minute')


def _rule(weekdays: list[int], hour: int, minute: int) -> str:
    days = ','.join(DAYS[day] for day in weekdays)
    how = 'FREQ=DAILY' if len(weekdays) == 7 else f'FREQ=WEEKLY;BYDAY={days}'
    return f'DTSTART:202601{FIRST_MONDAY + weekdays[0]:02}T{hour:02}{minute:02}00\nRRULE:{how}'


def downgrade() -> None:
    """A plan that is not every week, or has an end, could only become another one: it ends instead."""
    with op.batch_alter_table('plan', schema=None) as batch_op:
        batch_op.add_column(sa.Column('weekdays', sa.JSON(), server_default='[0]', nullable=False))
        batch_op.add_column(sa.Column('hour', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('minute', sa.Integer(), server_default='0', nullable=False))
    names = ('id', 'hour', 'minute', 'rule', 'ended_at', 'next_at')
    plans = sa.table('plan', sa.column('weekdays', sa.JSON()), *(sa.column(name) for name in names))
    connection = op.get_bind()
    for plan in connection.execute(sa.select(plans)).all():
        start, _, how = plan.rule.partition('\nRRULE:')
        parts = dict(part.split('=') for part in how.split(';'))
        values = {'hour': int(start[-6:-4]), 'minute': int(start[-4:-2]), 'weekdays': list(range(7))}
        if parts.get('BYDAY'):
            values['weekdays'] = sorted(DAYS.index(day[-2:]) for day in parts['BYDAY'].split(','))
        if not (parts['FREQ'] in ('DAILY', 'WEEKLY') and parts.keys() <= {'FREQ', 'BYDAY'}):
            values['ended_at'] = plan.ended_at or plan.next_at
        connection.execute(sa.update(plans).where(plans.c.id == plan.id).values(**values))
    with op.batch_alter_table('plan', schema=None) as batch_op:
        batch_op.alter_column('weekdays', server_default=None)
        batch_op.alter_column('hour', server_default=None)
        batch_op.alter_column('minute', server_default=None)
        batch_op.drop_column('rule')
