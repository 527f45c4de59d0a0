from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, inspect, text

from content.database import Base, Database
from content.recurrence import Recurrence
from content.schema import config, differences, is_current, migrate, upgrade
from tests.fakes.clock import FakeClock


async def test_the_migrated_database_matches_the_models(db: Database) -> None:
    assert await differences(db) == []


async def test_migrating_goes_up_and_down_again(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", FakeClock())
    assert not await is_current(db)
    await migrate(db)
    assert await is_current(db)
    await migrate(db, "base")
    async with db.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(tables) - {"alembic_version"} == set()
    assert len(Base.metadata.tables) > 20
    await db.close()


async def test_a_desk_of_the_first_release_keeps_everything_it_had(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", FakeClock())
    await migrate(db, "0001")
    before: dict[str, dict[str, Any]] = {
        "workspace": {"id": "w", "name": "My desk", "zone": "Europe/Berlin"},
        "member": {"id": "m", "workspace_id": "w", "name": "You", "role": "owner"},
        "conversation": {"id": "c", "workspace_id": "w", "chat": "web", "place": "m", "changes": 3},
        "message": {"id": "x", "conversation_id": "c", "position": 1, "changed": 3, "text": "Hello", "extra": "{}"},
    }
    async with db.engine.begin() as connection:
        for table, row in before.items():
            filled = await connection.run_sync(_filled, table, row)
            names, marks = ", ".join(filled), ", ".join(f":{name}" for name in filled)
            await connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), filled)  # noqa: S608
    await migrate(db)
    assert await differences(db) == []
    async with db.engine.connect() as connection:
        for table, row in before.items():
            [kept] = (await connection.execute(text(f"SELECT * FROM {table}"))).mappings().all()  # noqa: S608
            assert row.items() <= {name: kept[name] for name in row}.items()
        message = (await connection.execute(text("SELECT carry FROM message"))).scalar_one()
        conversation = (await connection.execute(text("SELECT outward, status_ref FROM conversation"))).one()
    assert message == ""
    assert tuple(conversation) == (0, "")
    async with db.engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
        assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
    await db.close()


async def test_plans_of_every_week_become_rules_and_back_again(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", FakeClock())
    await migrate(db, "0003")
    rows: list[tuple[str, dict[str, Any]]] = [
        ("workspace", {"id": "w", "name": "My desk", "zone": "Europe/Berlin"}),
        ("member", {"id": "m", "workspace_id": "w", "name": "You", "role": "owner"}),
        ("conversation", {"id": "c", "workspace_id": "w", "chat": "web", "place": "m"}),
    ]
    of_all = {
        "workspace_id": "w",
        "member_id": "m",
        "conversation_id": "c",
        "zone": "Europe/Berlin",
        "instruction": "Tip",
    }
    rows += [("plan", {**of_all, "id": "p1", "weekdays": "[0, 3]", "hour": 9, "minute": 5})]
    rows += [("plan", {**of_all, "id": "p2", "weekdays": "[0, 1, 2, 3, 4, 5, 6]", "hour": 18, "minute": 30})]
    async with db.engine.begin() as connection:
        for table, row in rows:
            filled = await connection.run_sync(_filled, table, row)
            names, marks = ", ".join(filled), ", ".join(f":{name}" for name in filled)
            await connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), filled)  # noqa: S608
    await migrate(db, "0004")
    async with db.engine.connect() as connection:
        rules = (await connection.execute(text("SELECT rule FROM plan ORDER BY id"))).scalars().all()
    assert rules == [
        "DTSTART:20260105T090500\nRRULE:FREQ=WEEKLY;BYDAY=MO,TH",
        "DTSTART:20260105T183000\nRRULE:FREQ=DAILY",
    ]
    assert Recurrence(rules[0], "Europe/Berlin").echo() == "every Monday and Thursday at 09:05 Europe/Berlin"
    async with db.engine.begin() as connection:
        await connection.execute(text("UPDATE plan SET rule = rule || ';COUNT=3' WHERE id = 'p2'"))
    async with db.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(config(sync), "0003"))
    async with db.engine.connect() as connection:
        kept = (await connection.execute(text("SELECT weekdays, hour, minute, ended_at FROM plan ORDER BY id"))).all()
    assert [tuple(one)[:3] for one in kept] == [("[0, 3]", 9, 5), ("[0, 1, 2, 3, 4, 5, 6]", 18, 30)]
    assert [one.ended_at is None for one in kept] == [True, False]
    await db.close()


async def keeps_its_zone(db: Database) -> None:
    """A blackout that was made before it had a zone goes on meaning its workspace's days; also used on PostgreSQL."""
    await migrate(db, "0018")
    rows: list[tuple[str, dict[str, Any]]] = []
    for name, zone in (("a", "America/New_York"), ("b", "Pacific/Auckland")):
        of_it = {"workspace_id": f"w{name}"}
        rows += [("workspace", {"id": f"w{name}", "name": "My desk", "zone": zone})]
        rows += [("member", {"id": f"m{name}", "name": "You", "role": "owner", **of_it})]
        rows += [("blackout", {"id": f"b{name}", "made_by": f"m{name}", "reason": "", **of_it})]
    async with db.engine.begin() as connection:
        for table, row in rows:
            filled = await connection.run_sync(_filled, table, row)
            names, marks = ", ".join(filled), ", ".join(f":{name}" for name in filled)
            await connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), filled)  # noqa: S608
    await migrate(db)
    assert await differences(db) == []
    async with db.engine.connect() as connection:
        kept = (await connection.execute(text("SELECT id, zone FROM blackout ORDER BY id"))).all()
    assert [tuple(one) for one in kept] == [("ba", "America/New_York"), ("bb", "Pacific/Auckland")]
    async with db.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.downgrade(config(sync), "0018"))
    async with db.engine.connect() as connection:
        assert len((await connection.execute(text("SELECT id FROM blackout"))).all()) == 2
    await db.close()


async def test_a_blackout_keeps_the_days_it_was_made_for(tmp_path: Path) -> None:
    await keeps_its_zone(Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", FakeClock()))


def _filled(connection: Connection, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row, with something in every column that must have a value."""
    columns = inspect(connection).get_columns(table)
    needed = {
        column["name"]: _anything(str(column["type"]).upper())
        for column in columns
        if not column["nullable"] and column["default"] is None
    }
    return {**needed, **row}


def _anything(kind: str) -> str | bool | int:
    if "DATE" in kind or "TIME" in kind:
        return "2026-01-01 00:00:00"
    return False if "BOOL" in kind else 0


async def test_the_caller_s_own_transaction_may_bring_the_schema_from_where_it_is_said_to_be(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}", FakeClock())
    async with db.writing() as session:
        await upgrade(session)
    assert await is_current(db)
    async with db.writing() as session:
        newest = await session.scalar(text("SELECT version_num FROM alembic_version"))
        await session.execute(text("DROP TABLE alembic_version"))
    async with db.writing() as session:
        await upgrade(session, str(newest))
    assert await is_current(db)
    assert await differences(db) == []
    await db.close()
