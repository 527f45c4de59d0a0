"""What is the folder's own: readable files, one rename between nothing and everything, and an answer to every question."""

import asyncio
import errno
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from content.errors import OutcomeUnknown, Unavailable
from content.platform import Absent, Access, Content, Image, PartContent, Prepared, Published
from integrations.folder import Folder, Move, move_durably
from tests.fakes.clock import FakeClock

PICTURE = b"not really a picture"
PROJECT = Path(__file__).resolve().parents[2]


def image(alt: str = "A boat") -> Image:
    return Image("media_1", hashlib.sha256(PICTURE).hexdigest(), "image/png", len(PICTURE), 8, 8, alt, "boat.png")


class Pictures:
    async def read(self, media_id: str) -> bytes:
        return PICTURE

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        return (await self.read(media_id))[start:end]


class Desk:
    def __init__(self, root: Path, move: Move = move_durably) -> None:
        self.root = root
        self.clock = FakeClock()
        self.platform = Folder(root, self.clock, move)
        self.access = Access("acc_1", self.platform.spec.name, str(root), root.name, "")

    async def prepared(self, *texts: str, images: Sequence[Image] = ()) -> Prepared:
        content = Content(tuple(PartContent(text, tuple(images)) for text in texts))
        return await self.platform.prepare(self.platform.render(content, self.access), self.access, Pictures(), {})

    async def posted(self, *texts: str, images: Sequence[Image] = ()) -> tuple[Prepared, list[Published]]:
        prepared = await self.prepared(*texts, images=images)
        published: list[Published] = []
        for part in range(len(texts)):
            published.append(await self.platform.commit(prepared, part, f"key {part}", published))
        return prepared, published

    def shown(self) -> list[str]:
        files = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())
        return sorted(name for name in files if not name.startswith("."))

    async def found(self, prepared: Prepared, part: int = 0, earlier: Sequence[Published] = ()) -> object:
        return await self.platform.find(prepared, part, f"key {part}", self.clock.now(), earlier)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "posts")


async def test_a_post_becomes_a_folder_that_people_can_read(desk: Desk) -> None:
    _, [published] = await desk.posted("Good morning, Ängelholm!\n\nWe are open.", images=[image("A [calm]\nboat")])
    name = "2026-11-23 0800 good-morning-ängelholm-we-are-open-" + published.remote_id[-12:]
    assert published.remote_id == name
    assert desk.shown() == [f"{name}/image-1.png", f"{name}/post.json", f"{name}/post.md"]
    text = (desk.root / name / "post.md").read_text()
    assert text == "Good morning, Ängelholm!\n\nWe are open.\n\n![A \\[calm\\] boat](image-1.png)\n"
    assert (desk.root / name / "image-1.png").read_bytes() == PICTURE


async def test_the_facts_stand_beside_the_text(desk: Desk) -> None:
    _, [published] = await desk.posted("Hello", images=[image()])
    told = json.loads((desk.root / published.remote_id / "post.json").read_text())
    assert told == {
        "key": "key 0",
        "account": "posts",
        "text": "Hello",
        "images": [{"file": "image-1.png", "alt": "A boat", "sha256": image().sha256}],
        "published_at": "2026-11-23T08:00:00+00:00",
    }


async def test_the_address_leads_to_the_text(desk: Desk) -> None:
    _, [published] = await desk.posted("Hello")
    assert unquote(urlsplit(published.url).path) == str(desk.root / published.remote_id / "post.md")


async def test_a_thread_is_one_folder_with_a_set_for_each_part(desk: Desk) -> None:
    _, published = await desk.posted("One", "Two")
    name = published[0].remote_id.removesuffix("/1")
    assert [part.remote_id for part in published] == [f"{name}/1", f"{name}/2"]
    assert [file.removeprefix(name) for file in desk.shown()] == [
        "/1/post.json",
        "/1/post.md",
        "/2/post.json",
        "/2/post.md",
    ]


@pytest.mark.parametrize(
    ("text", "slug"),
    [("👍", "post"), ("../../etc", "etc"), ("a" * 300, "a" * 40), ("x" * 39 + " y", "x" * 39), ("CON: _b_", "con-b")],
)
async def test_any_text_gives_a_name_that_a_file_system_takes(desk: Desk, text: str, slug: str) -> None:
    _, [published] = await desk.posted(text)
    assert published.remote_id.startswith(f"2026-11-23 0800 {slug}-")
    assert published.remote_id.count("-") == slug.count("-") + 3


async def test_nothing_is_seen_before_the_commit_and_nothing_is_left_over_after_it(desk: Desk) -> None:
    prepared = await desk.prepared("Hello", images=[image()])
    assert desk.shown() == []
    await desk.platform.commit(prepared, 0, "key 0", [])
    assert list((desk.root / ".prepared").iterdir()) == []


async def test_the_same_key_gives_the_same_post_for_ever(desk: Desk) -> None:
    prepared, [first] = await desk.posted("Hello")
    desk.clock.move(timedelta(days=3000))
    again = await desk.platform.prepare(prepared.rendering, desk.access, Pictures(), prepared.handles)
    assert await desk.platform.commit(again, 0, "key 0", []) == first
    assert len(desk.shown()) == 2
    assert list((desk.root / ".prepared").iterdir()) == []


async def test_a_removed_post_is_kept_aside_and_does_not_come_back(desk: Desk) -> None:
    prepared, published = await desk.posted("One", "Two")
    for part in published:
        await desk.platform.remove(part, desk.access)
    assert desk.shown() == []
    assert [path.name for path in desk.root.iterdir() if not path.name.startswith(".")] == []
    again = await desk.platform.prepare(prepared.rendering, desk.access, Pictures(), {})
    assert (await desk.platform.commit(again, 0, "key 0", [])).remote_id == published[0].remote_id
    assert desk.shown() == []
    assert isinstance(await desk.found(prepared, 1, published[:1]), Published)


async def test_whether_a_part_went_out_is_known_exactly(desk: Desk) -> None:
    prepared = await desk.prepared("One", "Two")
    assert await desk.found(prepared) == Absent()
    first = await desk.platform.commit(prepared, 0, "key 0", [])
    assert await desk.found(prepared) == first
    assert await desk.found(prepared, 1, [first]) == Absent()


async def test_a_folder_that_is_away_proves_nothing(desk: Desk) -> None:
    prepared, [first, _] = await desk.posted("One", "Two")
    desk.root.rename(desk.root.with_name("unmounted"))
    assert await desk.found(prepared) is None
    assert await desk.found(prepared, 1, [first]) is None


async def test_a_set_that_cannot_be_read_proves_nothing(desk: Desk) -> None:
    prepared, [first] = await desk.posted("Hello")
    (desk.root / first.remote_id / "post.json").write_text("{")
    assert await desk.found(prepared) is None
    with pytest.raises(Unavailable, match="a file in it cannot be read"):
        await desk.platform.commit(prepared, 0, "key 0", [])


async def test_a_foreign_file_is_no_post_of_ours(desk: Desk) -> None:
    prepared, [first] = await desk.posted("Hello")
    (desk.root / first.remote_id / "post.json").write_text("[]")
    assert await desk.found(prepared) == Absent()


# what can go wrong


async def test_a_folder_that_cannot_be_made_is_said_so_when_connecting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    desk = Desk(tmp_path / "file" / "posts")
    with pytest.raises(Unavailable, match=r"Not a directory.*ours to write and has room"):
        await desk.platform.start({}, "", "")
    with pytest.raises(Unavailable):
        await desk.prepared("Hello")


async def test_connecting_has_one_step_only(desk: Desk) -> None:
    [connected] = await desk.platform.finish({}, {}, "")
    assert connected.identity.handle == "posts"
    assert connected.login.secrets == {}


async def test_a_post_whose_files_are_gone_can_be_prepared_again(desk: Desk) -> None:
    prepared = await desk.prepared("Hello")
    (desk.root / ".prepared" / prepared.handles["staged"]).rename(desk.root / ".elsewhere")
    with pytest.raises(Unavailable, match="No such file"):
        await desk.platform.commit(prepared, 0, "key 0", [])
    again = await desk.platform.prepare(prepared.rendering, desk.access, Pictures(), prepared.handles)
    await desk.platform.commit(again, 0, "key 0", [])
    assert len(desk.shown()) == 2


# stand-ins for the one rename; the disk they describe cannot be had in a test
def full(source: Path, target: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def moved_but_failed(source: Path, target: Path) -> None:
    move_durably(source, target)
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def moved_and_broken(source: Path, target: Path) -> None:
    move_durably(source, target)
    (target / "post.json").unlink()
    (target / "post.json").mkdir()
    raise OSError(errno.EIO, os.strerror(errno.EIO))


async def test_a_full_disk_publishes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "posts", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        await desk.posted("Hello")
    assert desk.shown() == []


async def test_a_rename_that_worked_all_the_same_is_a_post(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "posts", moved_but_failed)
    _, [published] = await desk.posted("Hello")
    assert len(desk.shown()) == 2
    assert published.remote_id


async def test_only_where_nobody_can_look_the_outcome_is_unknown(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "posts", moved_and_broken)
    with pytest.raises(OutcomeUnknown, match="Look there before you send it again"):
        await desk.posted("Hello")


async def test_what_cannot_be_removed_is_said_so(tmp_path: Path) -> None:
    root = tmp_path / "posts"
    _, [published] = await Desk(root).posted("Hello")
    with pytest.raises(Unavailable, match="No space left"):
        await Desk(root, full).platform.remove(published, Desk(root).access)
    assert len(Desk(root).shown()) == 2


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from integrations.folder import Folder, move_durably
from tests.integrations.test_folder import Desk, image

def killed(source: Path, target: Path) -> None:
    if sys.argv[2] == "after":
        move_durably(source, target)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(Desk(Path(sys.argv[1]), killed).posted("Hello", images=[image()]))
"""


@pytest.mark.parametrize(("moment", "files"), [("before", 0), ("after", 3)])
async def test_a_kill_leaves_nothing_or_everything_and_the_next_try_makes_it_one_post(
    desk: Desk, moment: str, files: int
) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(desk.root), moment, cwd=PROJECT)
    assert await process.wait() == -9
    assert len(desk.shown()) == files
    desk.clock.move(timedelta(hours=1))
    await desk.posted("Hello", images=[image()])
    assert len(desk.shown()) == 3
