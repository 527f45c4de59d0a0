"""The statement that claims due jobs: the first of every lane in which nothing runs, and what stopped processes left.

It asks for `now`, for `patient` (what is done `AFTERWARDS` is taken only if it was due, or left, by then), for how many there is left in
each `Room`, for `until` (when the lease ends) and for `most`, and answers with each job's id, kind, subject, tries and fence.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Integer, and_, bindparam, case, func, literal, or_, select, union_all, update
from sqlalchemy.orm import aliased

from content.database import Instant
from content.models import Job, JobState
from content.rooms import AFTERWARDS, KINDS, Room

_NOW = bindparam("now", type_=Instant())
_PATIENT = bindparam("patient", type_=Instant())
_MOST = bindparam("most", type_=Integer())
_LEFT = {room: bindparam(room.value, type_=Integer()) for room in Room}


def _abandoned(job: Any) -> Any:
    return and_(job.state == JobState.RUNNING, job.lease_until <= _NOW)


def _due(job: Any) -> Any:
    return and_(job.state == JobState.READY, job.run_at <= _NOW)


def _may_begin(job: Any, since: Any) -> Any:
    """There is room for it; and what may let posts go first has done so for long enough."""
    return and_(_of_room(job, _LEFT) > 0, or_(job.kind.not_in(AFTERWARDS), since <= _PATIENT))


def _of_room(job: Any, values: Mapping[Room, Any]) -> Any:
    """The value of the room that the job belongs to."""
    return case(*((job.kind.in_(kinds), values[room]) for room, kinds in KINDS.items()), else_=values[Room.OTHERS])


def _columns(job: Any, *, left: bool) -> tuple[Any, ...]:
    """What decides in which order they are taken."""
    return job.id, job.run_at, job.kind, job.kind.in_(AFTERWARDS).label("afterwards"), literal(not left).label("place")


def _left_running() -> Any:
    """The jobs whose process gave no sign of life, posts first. They are the only ones of their lanes that run."""
    job = aliased(Job)
    return (
        select(*_columns(job, left=True))
        .where(_abandoned(job), _may_begin(job, job.lease_until))
        .order_by(job.kind.in_(AFTERWARDS), job.run_at)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    )


def _free() -> Any:
    """The first due job of every lane in which nothing runs.

    Both conditions are put so that PostgreSQL looks at one job after the other, by their times, until it has enough.
    As `NOT EXISTS` they became joins, for which it read all that are due: of a crowd the same thousands for each fifty.
    """
    job, running, first = aliased(Job), aliased(Job), aliased(Job)
    busy = select(running.id).where(running.lane == job.lane, running.state == JobState.RUNNING)
    of_lane = select(first.id).where(first.lane == job.lane, _due(first)).order_by(first.run_at, first.id).limit(1)
    return (
        select(*_columns(job, left=False))
        .where(_due(job), _may_begin(job, job.run_at), busy.exists().is_(False), job.id == of_lane.scalar_subquery())
        .order_by(job.run_at)
        .limit(_MOST)
        .with_for_update(skip_locked=True)
    )


def _taken() -> Any:
    """Ids of both, what was left first."""
    # in subqueries PostgreSQL may look for them again and again, and find more than were asked for
    left, free = _left_running().cte("left_running"), _free().cte("free")
    found = union_all(select(left), select(free)).subquery()
    room = _of_room(found.c, {room: room.value for room in Room})
    rank = func.row_number().over(partition_by=room, order_by=(found.c.place, found.c.run_at))
    ranked = select(found, _of_room(found.c, _LEFT).label("most"), rank.label("rank")).subquery()
    order = (ranked.c.place, ranked.c.afterwards, ranked.c.run_at)
    return select(ranked.c.id).where(ranked.c.rank <= ranked.c.most).order_by(*order).limit(_MOST)


CLAIM = (  # built once: that takes longer than running it
    update(Job)
    .where(Job.id.in_(_taken()), or_(_due(Job), _abandoned(Job)))
    .values(
        state=JobState.RUNNING,
        lease_until=bindparam("until", type_=Instant()),
        tries=case((Job.state == JobState.READY, Job.tries + 1), else_=Job.tries),  # to be cut off is no failure
        fence=Job.fence + 1,
    )
    .returning(Job.id, Job.kind, Job.subject, Job.tries, Job.fence)
    .execution_options(synchronize_session=False)
)
