from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from content.database import Database
from content.errors import Invalid, NotAllowed, NotFound
from content.jobs import Jobs
from content.models import Job, JobState
from content.plans import LONGEST, MOST, Plans, PlanView
from content.sweeping import Sweeping
from tests.content.planted import Desk, plant_desk
from tests.fakes.clock import FakeClock

# the clock stands at Monday 23 November 2026, 09:00 in Berlin


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


@pytest.fixture
def plans(desk: Desk) -> Plans:
    return Plans(desk.db, desk.clock)


async def daily(desk: Desk, plans: Plans) -> PlanView:
    return await plans.add(desk.actor, await desk.conversation(), "every day at 10:00", "Draft a tip")


async def test_a_plan_says_when_it_runs_and_has_a_job_for_it(desk: Desk, plans: Plans) -> None:
    place = await desk.conversation()
    plan = await plans.add(desk.actor, place, "every Monday 9:00", "  Draft a tip ")
    assert plan.when == "every Monday at 09:00 Europe/Berlin"
    assert plan.instruction == "Draft a tip"
    assert plan.conversation_id == place
    assert plan.next_at == datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    assert plan.next_words == "Mon 30 Nov 09:00 Europe/Berlin (in 7 days)"
    async with desk.db.reading() as session:
        job = (await session.scalars(select(Job).where(Job.kind == "plan"))).one()
    assert (job.subject, job.run_at) == (plan.id, plan.next_at)


async def test_one_moment_is_no_plan(desk: Desk, plans: Plans) -> None:
    with pytest.raises(Invalid, match="every Monday 9:00"):
        await plans.add(desk.actor, await desk.conversation(), "tomorrow 9:00", "Draft a tip")


@pytest.mark.parametrize(("instruction", "why"), [("  ", "no instruction"), ("x" * (LONGEST + 1), "Shorten it")])
async def test_an_instruction_must_be_there_and_fit(desk: Desk, plans: Plans, instruction: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        await plans.add(desk.actor, await desk.conversation(), "every Monday 9:00", instruction)


async def test_a_plan_belongs_to_a_conversation_of_its_workspace(desk: Desk, plans: Plans) -> None:
    other = await plant_desk(desk.db, desk.clock)
    for place in (await other.conversation(), "conversation_unknown"):
        with pytest.raises(NotFound):
            await plans.add(desk.actor, place, "every Monday 9:00", "Draft a tip")


async def test_there_are_twenty_plans_at_most(desk: Desk, plans: Plans) -> None:
    for _ in range(MOST):
        await daily(desk, plans)
    with pytest.raises(Invalid, match="End one"):
        await daily(desk, plans)


async def test_before_its_slot_nothing_is_due(desk: Desk, plans: Plans) -> None:
    plan = await daily(desk, plans)
    assert await plans.due(plan.id) is None
    assert await plans.ran(plan.id) == plan.next_at  # asked too early: the time stays
    assert await plans.due("plan_unknown") is None
    assert await plans.ran("plan_unknown") is None


async def test_at_its_slot_it_tells_what_to_say_where_and_as_whom(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    plan = await daily(desk, plans)
    clock.set(plan.next_at)
    run = await plans.due(plan.id)
    assert run is not None
    assert (run.workspace_id, run.member_id) == (desk.workspace_id, desk.actor.member_id)
    assert (run.conversation_id, run.instruction, run.skipped) == (plan.conversation_id, "Draft a tip", "")


async def test_an_occurrence_is_closed_once_and_keeps_its_key_until_then(
    desk: Desk, plans: Plans, clock: FakeClock
) -> None:
    plan = await daily(desk, plans)
    clock.set(plan.next_at)
    first = await plans.due(plan.id)
    clock.move(timedelta(minutes=5))
    assert await plans.due(plan.id) == first  # the process died in between: same occurrence, same key
    tomorrow = plan.next_at + timedelta(days=1)
    assert [await plans.ran(plan.id), await plans.ran(plan.id)] == [tomorrow, tomorrow]
    assert await plans.due(plan.id) is None
    clock.set(tomorrow)
    again = await plans.due(plan.id)
    assert first is not None
    assert again is not None
    assert again.key != first.key


async def test_what_is_over_two_hours_late_is_skipped_and_said(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    plan = await daily(desk, plans)
    clock.set(plan.next_at + timedelta(hours=2, minutes=1))
    run = await plans.due(plan.id)
    assert run is not None
    assert run.instruction == ""
    assert "“Draft a tip” was due 2 h 1 min ago" in run.skipped
    assert "next due Tue 24 Nov 10:00 Europe/Berlin" in run.skipped
    assert await plans.ran(plan.id) == plan.next_at + timedelta(days=1)


async def test_of_many_missed_days_only_the_last_counts(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    plan = await daily(desk, plans)
    clock.set(plan.next_at + timedelta(days=9, minutes=30))
    run = await plans.due(plan.id)
    assert run is not None
    assert run.instruction == "Draft a tip"
    assert run.key.endswith("2026-12-02T09:00:00+00:00")
    assert await plans.ran(plan.id) == plan.next_at + timedelta(days=10)


async def test_the_local_time_stays_when_the_clocks_change(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    clock.set(datetime(2027, 3, 27, 12, 0, tzinfo=UTC))  # Saturday; summer time begins on Sunday
    plan = await daily(desk, plans)
    assert plan.next_at == datetime(2027, 3, 28, 8, 0, tzinfo=UTC)
    clock.set(plan.next_at)
    assert await plans.ran(plan.id) == datetime(2027, 3, 29, 8, 0, tzinfo=UTC)


async def test_as_a_job_it_runs_once_an_occurrence(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    plan = await daily(desk, plans)
    started: list[str] = []

    async def start(plan_id: str) -> datetime | None:
        run = await plans.due(plan_id)
        if run is not None:
            started.append(run.key)
        return await plans.ran(plan_id)

    jobs = Jobs(desk.db, clock, {"plan": start})
    for day in range(3):
        clock.set(plan.next_at + timedelta(days=day))
        await jobs.run_all()
        await jobs.run_all()
    assert len(started) == len(set(started)) == 3


async def test_an_ended_plan_is_neither_listed_nor_run(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    plan, other = await daily(desk, plans), await daily(desk, plans)
    assert {one.id for one in await plans.list(desk.workspace_id)} == {plan.id, other.id}
    assert (await plans.end(desk.actor, plan.id)).id == plan.id
    assert [one.id for one in await plans.list(desk.workspace_id)] == [other.id]
    clock.set(plan.next_at)
    assert await plans.due(plan.id) is None
    assert await plans.ran(plan.id) is None


async def test_only_its_own_workspace_ends_a_plan_and_only_once(desk: Desk, plans: Plans) -> None:
    plan = await daily(desk, plans)
    stranger = await plant_desk(desk.db, desk.clock)
    with pytest.raises(NotFound):
        await plans.end(stranger.actor, plan.id)
    await plans.end(desk.actor, plan.id)
    for gone in (plan.id, "plan_unknown"):
        with pytest.raises(NotFound):
            await plans.end(desk.actor, gone)


async def test_a_plan_may_be_every_other_week_and_ends_by_itself(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    plan = await plans.add(desk.actor, await desk.conversation(), "every other Friday 17:00, 2 times", "Draft a tip")
    assert plan.when == "every other Friday at 17:00 Europe/Berlin, 2 times"
    clock.set(plan.next_at)
    following = await plans.ran(plan.id)
    assert following == plan.next_at + timedelta(weeks=2)
    clock.set(following)
    due = await plans.due(plan.id)
    assert due is not None
    assert await plans.ran(plan.id) is None
    assert await plans.list(desk.workspace_id) == []


async def test_a_missed_last_time_is_said_to_be_the_last(desk: Desk, plans: Plans, clock: FakeClock) -> None:
    plan = await plans.add(desk.actor, await desk.conversation(), "RRULE:FREQ=DAILY;COUNT=1 10:00", "Draft a tip")
    clock.set(plan.next_at + timedelta(hours=3))
    due = await plans.due(plan.id)
    assert due is not None
    assert "it was the last one" in due.skipped


async def test_who_only_looks_plans_nothing(desk: Desk, plans: Plans) -> None:
    viewer = await desk.viewer()
    with pytest.raises(NotAllowed):
        await plans.add(viewer, "conversation_x", "every Monday 9:00", "Draft a tip")
    with pytest.raises(NotAllowed):
        await plans.end(viewer, "plan_x")


async def test_a_plan_without_a_job_gets_one_when_it_is_due_but_not_at_once_where_that_broke(
    desk: Desk, plans: Plans, clock: FakeClock
) -> None:
    plan, sweeping = await daily(desk, plans), Sweeping(desk.db, desk.clock)

    async def jobs_of(*states: JobState) -> list[str]:
        await sweeping.sweep()
        async with desk.db.reading() as session:
            return list(await session.scalars(select(Job.subject).where(Job.kind == "plan", Job.state.in_(states))))

    async with desk.db.writing() as session:
        await session.execute(delete(Job))
    assert await jobs_of(JobState.READY) == []
    clock.move(timedelta(hours=3))
    assert await jobs_of(JobState.READY) == [plan.id]
    async with desk.db.writing() as session:
        await session.execute(update(Job).values(state=JobState.DEAD))
    assert await jobs_of(JobState.READY) == []
    clock.move(timedelta(days=1))
    assert await jobs_of(JobState.READY) == [plan.id]
    await plans.end(desk.actor, plan.id)
    async with desk.db.writing() as session:
        await session.execute(delete(Job))
    assert await jobs_of(*JobState) == []
