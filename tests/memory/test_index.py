import asyncio
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import delete, update

from content.database import Database
from content.ids import new_id
from content.models import Memory, MemoryVector
from memory.index import FEW, OPEN_AT_A_TIME, Hit, VectorIndex
from tests.content.planted import Desk, plant_desk
from tests.fakes.clock import FakeClock

MODEL = "fake 1"
SIZE = 8


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def unit(seed: int, size: int = SIZE) -> NDArray[np.float32]:
    row = np.random.default_rng(seed).normal(size=size).astype(np.float32)
    return np.asarray(row / np.linalg.norm(row), np.float32)


async def plant(desk: Desk, *seeds: int, model: str = MODEL, size: int = SIZE) -> list[str]:
    """Memories whose vectors are made from these numbers; their ids."""
    rows = [
        Memory(
            id=new_id("memory"),
            workspace_id=desk.workspace_id,
            kind="fact",
            text=str(seed),
            source="test",
            content_hash=new_id("hash"),
            created_at=desk.clock.now(),
        )
        for seed in seeds
    ]
    vectors = [
        MemoryVector(memory_id=row.id, model=model, vector=unit(seed, size).astype("<f4").tobytes())
        for row, seed in zip(rows, seeds, strict=True)
    ]
    async with desk.db.writing() as session:
        session.add_all(rows)
        await session.flush()
        session.add_all(vectors)
    return [row.id for row in rows]


async def nearest(index: VectorIndex, desk: Desk, seed: int, limit: int = 3) -> list[Hit]:
    return await index.search(desk.workspace_id, MODEL, unit(seed), limit)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


async def test_the_nearest_come_first_with_their_cosines(desk: Desk, folder: Path) -> None:
    ids = await plant(desk, *range(50))
    hits = await nearest(VectorIndex(desk.db, folder), desk, 7)
    assert hits[0].memory_id == ids[7]
    exact = sorted((float(unit(seed) @ unit(7)) for seed in range(50)), reverse=True)
    assert [hit.cosine for hit in hits] == pytest.approx(exact[:3], abs=1e-6)


async def test_an_empty_workspace_has_no_hits_and_no_file(desk: Desk, folder: Path) -> None:
    assert await nearest(VectorIndex(desk.db, folder), desk, 1) == []
    assert files(folder) == []


async def test_a_limit_beyond_what_is_there_gives_what_is_there(desk: Desk, folder: Path) -> None:
    await plant(desk, 1, 2)
    index = VectorIndex(desk.db, folder)
    assert len(await nearest(index, desk, 1, limit=10)) == 2
    assert await nearest(index, desk, 1, limit=0) == []


async def test_what_is_added_later_is_found_at_once_and_only_once(desk: Desk, folder: Path) -> None:
    index = VectorIndex(desk.db, folder)
    await plant(desk, *range(40))
    await nearest(index, desk, 1)
    (new,) = await plant(desk, 99)
    assert [hit.memory_id for hit in await nearest(index, desk, 99, 1)] == [new]
    again = VectorIndex(desk.db, folder)  # its file lacks the newest: it is read from the rows
    hits = await nearest(again, desk, 99, 100)
    assert len(hits) == len({hit.memory_id for hit in hits}) == 41


async def test_a_great_many_new_rows_are_read_in_one_go(desk: Desk, folder: Path) -> None:
    await plant(desk, *range(FEW + 1))
    assert len(await nearest(VectorIndex(desk.db, folder), desk, 3, FEW * 2)) == FEW + 1


async def test_rows_that_are_gone_or_forgotten_are_never_found(desk: Desk, folder: Path) -> None:
    index = VectorIndex(desk.db, folder)
    ids = await plant(desk, *range(10))
    await nearest(index, desk, 1)
    async with desk.db.writing() as session:
        await session.execute(delete(Memory).where(Memory.id == ids[1]))
        await session.execute(update(Memory).where(Memory.id == ids[2]).values(forgotten_at=desk.clock.now()))
    for one in (index, VectorIndex(desk.db, folder)):
        assert {hit.memory_id for hit in await nearest(one, desk, 1, 20)} == set(ids) - {ids[1], ids[2]}


@pytest.mark.parametrize(
    "damage", ["deleted", "truncated", "emptied", "zeroed", "flipped", "folder deleted", "foreign"]
)
async def test_whatever_happens_to_the_file_the_answers_are_the_same(desk: Desk, folder: Path, damage: str) -> None:
    await plant(desk, *range(30))
    before = await nearest(VectorIndex(desk.db, folder), desk, 5, 30)
    (path,) = files(folder)
    whole = path.read_bytes()
    half = len(whole) // 2
    if damage.endswith("deleted"):
        shutil.rmtree(folder) if damage.startswith("folder") else path.unlink()
    elif damage == "foreign":
        other = await plant_desk(desk.db, desk.clock)
        await plant(other, *range(100, 130))
        await nearest(VectorIndex(desk.db, folder), other, 5)
        (theirs,) = set(files(folder)) - {path}
        path.write_bytes(theirs.read_bytes())
    else:
        flipped = whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]
        broken = {"truncated": whole[:half], "emptied": b"", "zeroed": whole[:half] + bytes(half), "flipped": flipped}
        path.write_bytes(broken[damage])
    index = VectorIndex(desk.db, folder)
    assert await nearest(index, desk, 5, 30) == before
    assert await nearest(index, desk, 5, 30) == before
    assert await nearest(VectorIndex(desk.db, folder), desk, 5, 30) == before


async def test_a_folder_that_cannot_be_written_costs_no_answer(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    (one,) = await plant(desk, 1)
    assert [hit.memory_id for hit in await nearest(VectorIndex(desk.db, tmp_path / "file"), desk, 1)] == [one]
    assert "index.not_kept" in caplog.text


async def test_two_models_never_mix(desk: Desk, folder: Path) -> None:
    (ours,) = await plant(desk, 1)
    (theirs,) = await plant(desk, 1, model="fake 2", size=16)
    index = VectorIndex(desk.db, folder)
    assert [hit.memory_id for hit in await nearest(index, desk, 1)] == [ours]
    found = await index.search(desk.workspace_id, "fake 2", unit(1, 16), 5)
    assert [hit.memory_id for hit in found] == [theirs]


async def test_vectors_of_another_length_are_passed_over(desk: Desk, folder: Path) -> None:
    (ours,) = await plant(desk, 1)
    await plant(desk, 2, size=16)
    assert [hit.memory_id for hit in await nearest(VectorIndex(desk.db, folder), desk, 1)] == [ours]
    index = VectorIndex(desk.db, folder)  # the same model, suddenly with longer vectors: its file is of no use
    assert len(await index.search(desk.workspace_id, MODEL, unit(2, 16), 5)) == 1
    assert len(await nearest(index, desk, 1)) == 1


async def test_forgetting_leaves_no_byte_of_it_on_the_disk(desk: Desk, folder: Path) -> None:
    index = VectorIndex(desk.db, folder)
    other = await plant_desk(desk.db, desk.clock)
    await plant(desk, 1, 2)
    await plant(other, 3)
    for one in (desk, other):
        await nearest(index, one, 1)
    (folder / f"{desk.workspace_id}.0123.tmp").write_bytes(b"left by a crash")
    await index.forget(desk.workspace_id)
    assert [path.name.split(".")[0] for path in files(folder)] == [other.workspace_id]
    assert len(await nearest(index, desk, 1)) == 2


async def test_only_so_many_indexes_stay_open(desk: Desk, folder: Path) -> None:
    index = VectorIndex(desk.db, folder)
    await plant(desk, 1)
    for number in range(OPEN_AT_A_TIME + 3):
        await index.search(f"workspace_{number}", MODEL, unit(1), 1)
    assert len(index._shelves) == OPEN_AT_A_TIME
    assert len(await nearest(index, desk, 1)) == 1


async def test_many_searches_and_additions_side_by_side_agree(desk: Desk, folder: Path) -> None:
    index = VectorIndex(desk.db, folder)

    async def add_and_search(seed: int) -> None:
        (new,) = await plant(desk, seed)
        assert new in {hit.memory_id for hit in await nearest(index, desk, seed, 1)}

    await asyncio.gather(*(add_and_search(seed) for seed in range(30)))
    hits = await nearest(index, desk, 0, 100)
    assert len(hits) == len({hit.memory_id for hit in hits}) == 30


class Gate(ThreadPoolExecutor):
    """Threads that begin only when `opened` is set."""

    def __init__(self) -> None:
        super().__init__(1)
        self.reached, self.opened = asyncio.Event(), threading.Event()

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        self.reached.set()

        def later() -> Any:
            self.opened.wait(5)
            return work(*args, **options)

        return super().submit(later)


async def test_a_search_given_up_half_way_spoils_nothing(desk: Desk, folder: Path) -> None:
    index = VectorIndex(desk.db, folder)
    await plant(desk, *range(20))
    await nearest(index, desk, 1)
    await plant(desk, *range(20, 30))
    gate = Gate()
    asyncio.get_running_loop().set_default_executor(gate)
    search = asyncio.create_task(nearest(index, desk, 1, 100))
    await gate.reached.wait()
    await asyncio.sleep(0.05)  # the thread has begun: it goes on when the search is given up
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    gate.opened.set()
    hits = await nearest(index, desk, 1, 100)
    assert len(hits) == len({hit.memory_id for hit in hits}) == 30


async def test_no_search_ever_returns_a_row_of_another_workspace(desk: Desk, folder: Path) -> None:
    desks = [desk, *[await plant_desk(desk.db, desk.clock) for _ in range(4)]]
    owned = {one.workspace_id: set(await plant(one, *range(20))) for one in desks}  # the same vectors everywhere
    index = VectorIndex(desk.db, folder)
    chance = np.random.default_rng(11)
    for _ in range(200):
        asked = desks[chance.integers(len(desks))]
        if chance.random() < 0.1:
            index = VectorIndex(desk.db, folder)
        if chance.random() < 0.1:
            for path in files(folder):
                os.truncate(path, int(chance.integers(path.stat().st_size + 1)))
        hits = await nearest(index, asked, int(chance.integers(40)), int(chance.integers(1, 30)))
        assert {hit.memory_id for hit in hits} <= owned[asked.workspace_id]
        assert hits
