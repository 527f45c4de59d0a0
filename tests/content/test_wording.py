from dataclasses import replace

import pytest

from content.errors import Invalid
from content.platform import Image, Video
from content.wording import LONGEST, Composed, Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import FakePlatform, ResolvingPlatform

DOG = Image("media_1", "hash", "image/png", 1, 1, 1, "a dog")


async def composed(desk: Desk, *wordings: Wording, media: tuple[Image | Video, ...] = ()) -> dict[str, Composed]:
    names = {one.id: one.platform for one in await desk.accounts.connected(desk.actor.workspace_id)}
    made = await desk.composer.compose(desk.actor, wordings, media)
    return {names[one.account_id]: one for one in made}


def texts(one: Composed) -> list[str]:
    return [part.text for part in one.content.parts]


async def test_a_wording_for_all_is_fitted_to_each_account(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "long"), FakePlatform(clock, "short", limit=12))
    made = await composed(desk, Wording(("First line. Second line.",)))
    assert texts(made["long"]) == ["First line. Second line."]
    assert texts(made["short"]) == ["First line.", "Second line."]


async def test_a_wording_for_one_account_goes_before_one_for_all(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    made = await composed(desk, Wording(("For all",)), Wording((" For the second ", "Its reply"), ("second",)))
    assert texts(made["first"]) == ["For all"]
    assert texts(made["second"]) == ["For the second", "Its reply"]
    assert made["first"].digest != made["second"].digest


async def test_pictures_go_with_the_first_part_on_every_account(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    for one in (await composed(desk, Wording(("One", "Two")), media=(DOG,))).values():
        assert [part.images for part in one.content.parts] == [(DOG,), ()]


async def test_new_descriptions_replace_the_old(desk: Desk) -> None:
    made = await desk.composer.compose(desk.actor, [Wording(("x",))], [DOG], alts={"media_1": " a cat ", "other": "?"})
    assert made[0].content.parts[0].images == (replace(DOG, alt="a cat"),)


async def test_mentions_are_looked_up_where_the_platform_can_be_reached(build: Build, clock: FakeClock) -> None:
    resolving = ResolvingPlatform(clock)
    desk = await build(resolving)
    assert (await composed(desk, Wording(("Hi @bob",))))["fake"].content.resolved == {"@bob": "id of @bob"}
    resolving.unreachable = True
    assert (await composed(desk, Wording(("Hi @bob",))))["fake"].content.resolved == {}


async def test_nothing_and_far_too_much_are_refused(desk: Desk) -> None:
    with pytest.raises(Invalid, match="nothing to post"):
        await composed(desk, Wording(()))
    with pytest.raises(Invalid, match=r"20,001 characters; a post may have 20,000"):
        await composed(desk, Wording(("x" * (LONGEST + 1),)))


async def test_a_video_goes_with_the_first_part_and_several_are_refused(desk: Desk) -> None:
    film = Video("media_2", "hash", "video/mp4", 1, 64, 48, 3.0, "h264")
    made = next(iter((await composed(desk, Wording(("One", "Two")), media=(film, DOG))).values()))
    assert [(part.video, part.images) for part in made.content.parts] == [(film, (DOG,)), (None, ())]
    post = await desk.posts.draft(desk.actor, [Wording(("One",))], media=[film])
    again = await desk.posts.revise(desk.actor, post.id, [Wording(("Another",))], change="words")
    assert again.deliveries[0].rendering.parts[0].video == film
    with pytest.raises(Invalid, match="room for one video"):
        await composed(desk, Wording(("One",)), media=(film, replace(film, media_id="media_3")))
