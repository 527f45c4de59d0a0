"""Those who ask together share a transaction; one that cannot be done spoils no other."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from content.database import Database
from content.errors import Collision
from content.together import COLLIDED, Together
from tests.servers.failing_database import locked_file, made_impatient

BAD = -1


@pytest.fixture
async def doubled(db: Database) -> Together[int, int]:
    async with db.writing() as session:
        await session.execute(text("CREATE TABLE number (value INTEGER CHECK (value >= 0))"))

    async def work(session: AsyncSession, asked: Sequence[int]) -> list[int]:
        for one in asked:
            await session.execute(text("INSERT INTO number VALUES (:one)"), {"one": one})
        return [2 * one for one in asked]

    return Together(db, work, most=10)


async def kept(db: Database) -> list[int]:
    async with db.reading() as session:
        return list(await session.scalars(text("SELECT value FROM number ORDER BY value")))


async def test_everybody_gets_their_own_answer(doubled: Together[int, int], db: Database) -> None:
    assert await asyncio.gather(*(doubled.ask(one) for one in range(25))) == [2 * one for one in range(25)]
    assert await kept(db) == list(range(25))


async def test_as_many_as_fit_share_a_commit(doubled: Together[int, int], db: Database) -> None:
    commits: list[int] = []
    event.listen(db.engine.sync_engine, "commit", lambda _: commits.append(1))
    await asyncio.gather(*(doubled.ask(one) for one in range(25)))
    assert len(commits) == 3


async def test_one_that_cannot_be_done_spoils_no_other(doubled: Together[int, int], db: Database) -> None:
    answers = await asyncio.gather(*(doubled.ask(one) for one in (1, BAD, 2)), return_exceptions=True)
    assert (answers[0], answers[2]) == (2, 4)
    assert isinstance(answers[1], IntegrityError)
    assert await kept(db) == [1, 2]


@pytest.mark.on_sqlite
async def test_a_database_that_refuses_all_is_asked_once(doubled: Together[int, int], db: Database) -> None:
    async with db.writing() as session:
        await session.execute(text("DROP TABLE number"))
    begun: list[int] = []
    event.listen(db.engine.sync_engine, "begin", lambda _: begun.append(1))
    answers = await asyncio.gather(*(doubled.ask(one) for one in range(9)), return_exceptions=True)
    assert all(isinstance(one, OperationalError) for one in answers)
    assert len(begun) == 1


@pytest.mark.on_sqlite
async def test_what_must_not_be_forgotten_is_tried_again_for_a_while(
    doubled: Together[int, int], db: Database, tmp_path: Path
) -> None:
    await made_impatient(db)
    async with locked_file(tmp_path / "copydesk.db"):
        insisting = asyncio.create_task(doubled.insist(1, (0.2, 0.2, 5)))
        with pytest.raises(OperationalError):
            await doubled.insist(2, (0, 0))
    assert await insisting == 2
    assert await kept(db) == [1]


async def test_who_leaves_spoils_nobodys_commit(doubled: Together[int, int], db: Database) -> None:
    gone, stays = asyncio.create_task(doubled.ask(1)), asyncio.create_task(doubled.ask(BAD))
    await asyncio.sleep(0)
    gone.cancel()
    stays.cancel()
    assert await doubled.ask(3) == 6
    assert await kept(db) == [1, 3], "what was asked is done, whoever waits for it"


async def test_what_collided_is_tried_again(db: Database) -> None:
    met = [Collision("Somebody did something at the same moment.")]

    async def work(_: AsyncSession, asked: Sequence[int]) -> Sequence[int]:
        if met:
            raise met.pop()
        return asked

    together = Together(db, work)
    assert await together.ask(1) == 1
    met += [Collision("Again and again.")] * (len(COLLIDED) + 1)
    with pytest.raises(Collision):
        await together.ask(2)
