"""The map of the program: what is built, and what waits until the model is there."""

from pathlib import Path

from tests.fakes.clock import FakeClock
from tests.journeys.desk import running


async def test_every_kind_of_job_has_a_handler_from_the_start(data: Path) -> None:
    async with running(data, thinking=False) as desk:
        kinds = {
            "publish",
            "collect",
            "redraw",
            "notify",
            "plan",
            "turn",
            "learn",
            "arrive",
            "carry",
            "tidy",
            "review",
            "remind",
        }
        kinds |= {"expire", "expired", "changes"}
        assert kinds <= desk.app.handlers.keys()


async def test_what_is_said_before_the_model_is_there_waits_and_is_answered_by_the_next_start(data: Path) -> None:
    clock = FakeClock()
    async with running(data, clock, thinking=False) as desk:
        assert "My model is still loading." in (await desk.person.browser.get("/")).text
        await desk.person.say("Draft a post: We open at 7.")
        await desk.settled()
        assert (await desk.person.answers(), await desk.person.cards()) == ([], [])
    async with running(data, clock) as desk:
        await desk.settled()
        clock.set((await desk.app.jobs.next_at()) or clock.now())
        await desk.settled()
        assert len(await desk.person.cards()) == 1


async def test_a_desk_says_whether_it_is_well(data: Path) -> None:
    async with running(data, thinking=False) as desk:
        assert (await desk.person.browser.get("/health")).json() == {"status": "ok"}
        async with desk.app.db.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE job RENAME TO gone")
        assert (await desk.person.browser.get("/health")).status_code == 503
        [sentence] = await desk.app.ailments()
        assert sentence == "The database does not answer: OperationalError."
        async with desk.app.db.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE gone RENAME TO job")
