"""FAISS: a workspace's vectors in the order of likeness. A cache of `MemoryVector` rows and nothing more.

Before every search the index is brought in line with the ids of the workspace's rows, so that it may be missing, old,
cut off or broken at any time: the answers are the same. Each workspace and model has an exact index of its own, so no
filter can lose a row and no other workspace's row can be in it.

Source: the FAISS wiki and source, 1.15.1 (2026-11-22): `read_index` reads a damaged file without an error, hence the
checksum; searches may run side by side but not beside a change, hence one lock an index; `omp_set_num_threads` holds for
the calling thread only.
"""

import asyncio
import hashlib
import json
import logging
import os
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content.database import Database
from content.models import Memory, MemoryVector

log = logging.getLogger(__name__)

OPEN_AT_A_TIME = 32
"""Indexes kept in memory; the one used longest ago goes first."""
FEW = 500
"""Up to so many missing vectors are read by their ids; for more, all are read."""
SAVE_EVERY = 0.05
"""The share of an index that may be new before its file is written again; what the file lacks is read from the rows."""

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Hit:
    """A memory and how like the question it is: the cosine of the two vectors, from -1 to 1."""

    memory_id: str
    cosine: float


@dataclass
class _Shelf:
    """One workspace's index by one model; `ids` are its rows in FAISS's order."""

    path: Path
    index: faiss.Index
    ids: list[str] = field(default_factory=list)
    unsaved: int = 0


class VectorIndex:
    """Finds the nearest vectors within one workspace."""

    def __init__(self, db: Database, folder: Path) -> None:
        self._db = db
        self._folder = folder
        self._shelves: OrderedDict[tuple[str, str], _Shelf] = OrderedDict()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def search(self, workspace_id: str, model: str, vector: Vector, limit: int) -> list[Hit]:
        """The `limit` memories of this workspace whose vectors by this model are nearest to a unit vector, best first."""
        async with self._locks[workspace_id]:
            async with self._db.reading() as session:
                ids = await _ids(session, workspace_id, model)
                shelf = await self._shelf(workspace_id, model, vector.size)
                stale = not set(shelf.ids) <= set(ids)
                missing = sorted(set(ids) - set(() if stale else shelf.ids))
                rows = await _vectors(session, workspace_id, model, missing)
            try:
                return await asyncio.to_thread(_refresh_and_search, shelf, rows, stale, vector, limit)
            except BaseException:
                # the thread may go on without us, so nobody else may use what it works on
                self._shelves.pop((workspace_id, model), None)
                raise

    async def _shelf(self, workspace_id: str, model: str, dimension: int) -> _Shelf:
        key = (workspace_id, model)
        shelf = self._shelves.get(key)
        if shelf is None or shelf.index.d != dimension:
            path = self._folder / f"{workspace_id}.{hashlib.sha256(model.encode()).hexdigest()[:16]}.index"
            shelf = self._shelves[key] = await asyncio.to_thread(_load, path, dimension)
        self._shelves.move_to_end(key)
        while len(self._shelves) > OPEN_AT_A_TIME:
            self._shelves.popitem(last=False)
        return shelf

    async def forget(self, workspace_id: str) -> None:
        """Drop everything kept of a workspace, in memory and on disk; the next search builds it from the rows."""
        async with self._locks[workspace_id]:
            for key in [key for key in self._shelves if key[0] == workspace_id]:
                del self._shelves[key]
            await asyncio.to_thread(_remove, self._folder, workspace_id)


async def _ids(session: AsyncSession, workspace_id: str, model: str) -> list[str]:
    rows = await session.scalars(
        select(MemoryVector.memory_id)
        .join(Memory, Memory.id == MemoryVector.memory_id)
        .where(Memory.workspace_id == workspace_id, Memory.forgotten_at.is_(None), MemoryVector.model == model)
    )
    return list(rows.all())


async def _vectors(session: AsyncSession, workspace_id: str, model: str, missing: Sequence[str]) -> Mapping[str, bytes]:
    """The vectors of these memories, as they are stored."""
    if not missing:
        return {}
    query = (
        select(MemoryVector.memory_id, MemoryVector.vector)
        .join(Memory, Memory.id == MemoryVector.memory_id)
        .where(Memory.workspace_id == workspace_id, Memory.forgotten_at.is_(None), MemoryVector.model == model)
    )
    if len(missing) <= FEW:
        query = query.where(MemoryVector.memory_id.in_(missing))
    wanted = set(missing)
    return {memory_id: vector for memory_id, vector in await session.execute(query) if memory_id in wanted}


def _refresh_and_search(shelf: _Shelf, rows: Mapping[str, bytes], stale: bool, vector: Vector, limit: int) -> list[Hit]:
    """Bring the index in line with the rows, keep it, and ask it. Runs in a thread, alone with its shelf."""
    faiss.omp_set_num_threads(1)
    if stale:
        shelf.index, shelf.ids, shelf.unsaved = faiss.IndexFlatIP(vector.size), [], 0
    usable = {one: stored for one, stored in rows.items() if len(stored) == 4 * vector.size}
    if usable:
        shelf.index.add(np.frombuffer(b"".join(usable.values()), "<f4").reshape(-1, vector.size))
        shelf.ids += usable
        shelf.unsaved += len(usable)
    if stale or shelf.unsaved > SAVE_EVERY * len(shelf.ids):
        _save(shelf)
    count = min(limit, len(shelf.ids))
    if count < 1:
        return []
    cosines, places = shelf.index.search(vector.reshape(1, -1).astype(np.float32), count)
    return [Hit(shelf.ids[place], float(cosine)) for cosine, place in zip(cosines[0], places[0], strict=True)]


# the file: a SHA-256 in hex, a line of JSON with the ids, then the index as FAISS writes it; the sum is over all after it


def _load(path: Path, dimension: int) -> _Shelf:
    """The index as it was kept, or an empty one where there is none, or one that cannot be trusted."""
    empty = _Shelf(path, faiss.IndexFlatIP(dimension))
    try:
        checksum, _, rest = path.read_bytes().partition(b"\n")
    except OSError:
        return empty
    if hashlib.sha256(rest).hexdigest().encode() != checksum:
        log.warning("index.damaged", extra={"file": path.name})
        return empty
    head, _, body = rest.partition(b"\n")
    index = faiss.deserialize_index(np.frombuffer(body, np.uint8))
    return _Shelf(path, index, json.loads(head)) if index.d == dimension else empty


def _save(shelf: _Shelf) -> None:
    """Write the file anew, whole or not at all. A disk that refuses costs speed, not answers."""
    body = json.dumps(shelf.ids).encode() + b"\n" + faiss.serialize_index(shelf.index).tobytes()
    try:
        _write(shelf.path, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    except OSError as error:
        log.warning("index.not_kept", extra={"file": shelf.path.name, "why": str(error)})
    shelf.unsaved = 0


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _remove(folder: Path, workspace_id: str) -> None:
    for path in folder.glob(f"{workspace_id}.*"):
        path.unlink(missing_ok=True)
