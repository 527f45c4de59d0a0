from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from content.database import Database
from content.embedding import Vectors
from content.errors import Invalid, NotAllowed, NotFound, Unavailable
from content.models import DeliveryState, Memory, MemoryVector
from memory.embeddings import LocalEmbedder
from memory.index import VectorIndex
from memory.lexical import overlap, terms
from memory.recall import BATCH, LONGEST, MemoryView, Recall
from tests.content.planted import Desk, plant_desk
from tests.fakes.clock import FakeClock
from tests.fakes.embedder import FakeEmbedder

FACTS = (
    "Our launch date is 3 March",
    "We never use exclamation marks",
    "Anna runs the Lisbon office",
    "The price is 9 euros a month",
    "Our audience are solo founders",
)


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


@pytest.fixture
def embedder() -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def recall(desk: Desk, embedder: FakeEmbedder, folder: Path) -> Recall:
    return Recall(desk.db, desk.clock, embedder, VectorIndex(desk.db, folder))


async def remember(recall: Recall, desk: Desk, *texts: str) -> list[MemoryView]:
    kept = []
    for number, text in enumerate(texts):
        kept.append(await recall.remember(desk.actor, text, "fact", f"message:message_{number}"))
    return kept


async def texts(recall: Recall, desk: Desk, query: str, limit: int = 5) -> list[str]:
    return [one.text for one in await recall.recall(desk.workspace_id, query, limit)]


def files(folder: Path, named: str = "*") -> list[Path]:
    return sorted(folder.glob(named))


async def vectors(desk: Desk) -> int | None:
    async with desk.db.reading() as session:
        return await session.scalar(select(func.count()).select_from(MemoryVector))


# words


def test_words_are_compared_without_case_endings_and_little_words() -> None:
    assert terms("What are the LAUNCHES?") == terms("launch")
    assert terms("pricing") == terms("prices") == terms("price")
    assert terms("Anna's ideas") == terms("anna idea")
    assert terms("who is it") == {"who", "is", "it"}  # nothing else was said
    assert terms("…") == frozenset()


def test_rare_words_weigh_more_than_common_ones() -> None:
    known = ["the post about cats", "the post about dogs", "the post about cats and birds"]
    cats, dogs, birds = overlap("post dogs", known)
    assert dogs == 1.0
    assert cats == birds < 0.5
    assert overlap("", known) == [0.0, 0.0, 0.0]
    assert overlap("dogs", []) == []


# remembering


async def test_a_memory_keeps_where_it_came_from(desk: Desk, recall: Recall) -> None:
    (kept,) = await remember(recall, desk, "  Our launch date is 3 March ")
    assert (kept.kind, kept.text, kept.source) == ("fact", "Our launch date is 3 March", "message:message_0")
    assert kept.created_at == desk.clock.now()
    assert await recall.everything(desk.workspace_id) == [kept]


async def test_the_same_text_is_remembered_once(desk: Desk, recall: Recall) -> None:
    first, again = await remember(recall, desk, "We ship on Fridays", "we ship  on fridays")
    assert again == first
    assert await vectors(desk) == 1


@pytest.mark.parametrize(("text", "why"), [(" \n", "empty"), ("x" * (LONGEST + 1), "Shorten it")])
async def test_a_memory_must_say_something_and_fit(desk: Desk, recall: Recall, text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        await recall.remember(desk.actor, text, "fact", "message:m")


async def test_who_only_looks_neither_remembers_nor_forgets(desk: Desk, recall: Recall) -> None:
    viewer = await desk.viewer()
    with pytest.raises(NotAllowed):
        await recall.remember(viewer, "A fact", "fact", "message:m")
    with pytest.raises(NotAllowed):
        await recall.forget(viewer, "A fact")


# recalling


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("when do we launch", FACTS[0]),
        ("exclamation", FACTS[1]),
        ("Portugal", FACTS[2]),  # by meaning alone
        ("what does it cost", FACTS[3]),
        ("customers", FACTS[4]),
    ],
)
async def test_it_is_found_by_its_words_or_its_meaning(desk: Desk, recall: Recall, query: str, found: str) -> None:
    await remember(recall, desk, *FACTS)
    best = (await recall.recall(desk.workspace_id, query))[0]
    assert best.text == found
    assert 0 < best.score <= 1


async def test_what_has_nothing_to_do_with_it_is_not_offered(desk: Desk, recall: Recall) -> None:
    assert await texts(recall, desk, "launch") == []
    await remember(recall, desk, *FACTS)
    assert await texts(recall, desk, "zymurgy") == []
    assert await texts(recall, desk, "  ") == []
    assert len(await texts(recall, desk, "launch price audience", limit=2)) == 2


async def test_with_the_real_embedder_the_best_answer_comes_first(desk: Desk, folder: Path) -> None:
    recall = Recall(desk.db, desk.clock, LocalEmbedder(), VectorIndex(desk.db, folder))
    await remember(recall, desk, *FACTS)
    for query, found in (("who is in Portugal", FACTS[2]), ("how much does it cost", FACTS[3])):
        assert (await texts(recall, desk, query))[:1] == [found]
    assert await texts(recall, desk, "weather on Mars") == []


async def test_without_the_model_words_still_find_and_vectors_come_later(
    desk: Desk, recall: Recall, embedder: FakeEmbedder
) -> None:
    embedder.down = True
    await remember(recall, desk, *FACTS)
    assert await vectors(desk) == 0
    assert await texts(recall, desk, "launch") == [FACTS[0]]
    assert await texts(recall, desk, "Portugal") == []
    with pytest.raises(Unavailable):
        await recall.fill(desk.workspace_id)
    embedder.down = False
    assert await recall.fill(desk.workspace_id) == len(FACTS)
    assert await recall.fill(desk.workspace_id) == 0
    assert await texts(recall, desk, "Portugal") == [FACTS[2]]


async def test_a_new_model_gets_its_vectors_in_batches(desk: Desk, recall: Recall, embedder: FakeEmbedder) -> None:
    embedder.down = True
    await remember(recall, desk, *(f"Fact number {number}" for number in range(BATCH + 5)))
    embedder.down = False
    await recall.fill(desk.workspace_id)
    embedder.model = "fake 2"
    assert await recall.fill(desk.workspace_id) == BATCH + 5
    assert await vectors(desk) == 2 * (BATCH + 5)


async def test_a_memory_without_a_vector_yet_is_found_beside_those_with_one(
    desk: Desk, recall: Recall, embedder: FakeEmbedder
) -> None:
    await remember(recall, desk, FACTS[0])
    embedder.down = True
    await remember(recall, desk, "The launch party is in May")
    embedder.down = False
    assert set(await texts(recall, desk, "launch")) == {FACTS[0], "The launch party is in May"}


async def test_a_process_killed_between_row_and_index_loses_nothing(
    desk: Desk, recall: Recall, embedder: FakeEmbedder, folder: Path
) -> None:
    await remember(recall, desk, *FACTS[:2])
    await recall.recall(desk.workspace_id, "launch")  # the index's file is written here
    await remember(recall, desk, *FACTS[2:])  # and the process dies before it is written again
    anew = Recall(desk.db, desk.clock, embedder, VectorIndex(desk.db, folder))
    assert await texts(anew, desk, "Portugal") == [FACTS[2]]
    for path in files(folder):
        path.write_bytes(path.read_bytes()[:-7])
    anew = Recall(desk.db, desk.clock, embedder, VectorIndex(desk.db, folder))
    assert await texts(anew, desk, "Portugal") == [FACTS[2]]


async def test_two_hundred_recalls_return_no_row_of_another_workspace(desk: Desk, recall: Recall) -> None:
    desks = [desk, *[await plant_desk(desk.db, desk.clock) for _ in range(3)]]
    owned = {one.workspace_id: {kept.id for kept in await remember(recall, one, *FACTS)} for one in desks}
    words = " ".join(FACTS).split()
    chance = np.random.default_rng(5)
    found = 0
    for _ in range(200):
        asked = desks[chance.integers(len(desks))].workspace_id
        query = " ".join(words[chance.integers(len(words))] for _ in range(3))
        hits = {one.id for one in await recall.recall(asked, query, 10)}
        assert hits <= owned[asked]
        found += len(hits)
    assert found > 200


# forgetting


async def test_what_is_forgotten_is_gone_from_rows_vectors_and_disk(
    desk: Desk, recall: Recall, folder: Path, tmp_path: Path
) -> None:
    kept = await remember(recall, desk, *FACTS, "The secret word is Rumpelstilzchen")
    await recall.recall(desk.workspace_id, "launch")
    assert [one.id for one in await recall.forget(desk.actor, "secret word Rumpelstilzchen")] == [kept[-1].id]
    assert await vectors(desk) == len(FACTS)
    assert files(folder) == []
    assert await texts(recall, desk, "Rumpelstilzchen") == []
    assert kept[-1].id not in {one.id for one in await recall.everything(desk.workspace_id)}
    async with desk.db.reading() as session:
        row = await session.get_one(Memory, kept[-1].id)
        assert (row.text, row.source, row.forgotten_at) == ("", kept[-1].source, desk.clock.now())
    await desk.db.close()
    assert not [path.name for path in files(tmp_path, "*.db*") if b"Rumpelstilzchen" in path.read_bytes()]


async def test_an_id_or_the_exact_text_names_one_memory(desk: Desk, recall: Recall) -> None:
    kept = await remember(recall, desk, "The launch is in May", "The launch is in May in Lisbon", "Another fact")
    assert (await recall.forget(desk.actor, "the launch is in  may"))[0].id == kept[0].id
    assert (await recall.forget(desk.actor, kept[2].id))[0].id == kept[2].id
    assert [one.id for one in await recall.everything(desk.workspace_id)] == [kept[1].id]


async def test_several_that_could_be_meant_are_listed_and_none_is_forgotten(desk: Desk, recall: Recall) -> None:
    kept = await remember(recall, desk, "The launch is in May", "The launch party " + "is long " * 20)
    with pytest.raises(Invalid, match="I am not sure which") as refused:
        await recall.forget(desk.actor, "launch")
    assert all(one.id in refused.value.message for one in kept)
    assert "…" in refused.value.message
    assert len(await recall.everything(desk.workspace_id)) == 2


async def test_a_likeness_in_meaning_alone_is_not_clear_enough(desk: Desk, recall: Recall) -> None:
    (kept,) = await remember(recall, desk, "Anna runs the Lisbon office")
    with pytest.raises(Invalid, match=kept.id):
        await recall.forget(desk.actor, "Portugal")


async def test_what_is_not_remembered_cannot_be_forgotten(desk: Desk, recall: Recall) -> None:
    kept = await remember(recall, desk, *FACTS)
    stranger = await plant_desk(desk.db, desk.clock)
    await remember(recall, stranger, "A fact of theirs")
    for named in ("zymurgy", "", "memory_unknown"):
        with pytest.raises(NotFound):
            await recall.forget(desk.actor, named)
    with pytest.raises(NotFound):
        await recall.forget(stranger.actor, kept[0].id)
    assert len(await recall.everything(desk.workspace_id)) == len(FACTS)


async def test_what_was_forgotten_may_be_told_again(desk: Desk, recall: Recall, clock: FakeClock) -> None:
    (first,) = await remember(recall, desk, FACTS[0])
    await recall.forget(desk.actor, first.id)
    clock.move(timedelta(days=1))
    (second,) = await remember(recall, desk, FACTS[0])
    assert second.id != first.id
    assert await texts(recall, desk, "launch") == [FACTS[0]]


async def test_a_memory_forgotten_while_its_vector_is_made_gets_none(
    desk: Desk, embedder: FakeEmbedder, folder: Path
) -> None:
    class Slow(FakeEmbedder):
        async def embed(self, texts: Sequence[str]) -> Vectors:
            await forgetful.forget(desk.actor, FACTS[0])
            return await super().embed(texts)

    index = VectorIndex(desk.db, folder)
    forgetful = Recall(desk.db, desk.clock, embedder, index)
    await Recall(desk.db, desk.clock, Slow(), index).remember(desk.actor, FACTS[0], "fact", "message:m")
    assert await vectors(desk) == 0


# learning from posts


async def test_a_published_post_is_learned_once(desk: Desk, recall: Recall) -> None:
    account = await desk.account()
    post = await desk.post("First part", " ", "Second part", on=[account])
    await recall.learn(post)
    assert await recall.everything(desk.workspace_id) == []  # it is not out yet
    await desk.delivery(post, account, DeliveryState.SENT, sent_at=desk.clock.now())
    for _ in range(2):
        await recall.learn(post)
    (learned,) = await recall.everything(desk.workspace_id)
    assert (learned.kind, learned.text) == ("post", "First part\n\nSecond part")
    assert learned.source == f"post:{post}"
    await recall.forget(desk.actor, learned.id)
    await recall.learn(post)
    assert await recall.everything(desk.workspace_id) == []


async def test_a_post_without_words_or_too_many_is_no_trouble(desk: Desk, recall: Recall) -> None:
    account = await desk.account()
    for text in ("", "word " * 1_000):
        post = await desk.post(text, on=[account])
        await desk.delivery(post, account, DeliveryState.SENT, sent_at=desk.clock.now())
        await recall.learn(post)
    await recall.learn("post_unknown")
    (learned,) = await recall.everything(desk.workspace_id)
    assert LONGEST - 10 < len(learned.text) <= LONGEST
