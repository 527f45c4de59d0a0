"""Posts that wait for a login: asked about once, and after it they go out as they were approved, spaced, unless it is too late."""

from datetime import timedelta

import pytest

from content.models import Account, DeliveryState, Job
from content.views import PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    """A platform that lets five minutes pass between two posts."""
    return FakePlatform(clock, spacing=5 * MINUTE)


@pytest.fixture
async def desk(build: Build, platform: FakePlatform) -> Desk:
    return await build(platform)


async def refused(desk: Desk, platform: FakePlatform, *texts: str) -> list[PostView]:
    """Posts that are due when the platform refuses the login for good; one after the other by a minute."""
    posts = [await desk.planned(text, hours=1 + number / 60) for number, text in enumerate(texts)]
    platform.script.append(Do.EXPIRE)
    platform.refreshing.append(Do.EXPIRE)
    await desk.wait(HOUR + 10 * MINUTE)
    return posts


async def test_one_refusal_asks_once_however_many_posts_wait(desk: Desk, platform: FakePlatform) -> None:
    posts = await refused(desk, platform, "A", "B", "C", "D")
    assert (desk.news(), platform.public) == (["reconnect"], [])
    shown = [await desk.delivery(one) for one in posts]
    assert {(one.state, one.error_code) for one in shown} == {(DeliveryState.WAITING, "needs_reconnect")}
    await desk.wait(2 * DAY)
    assert desk.news() == ["reconnect"]


async def test_while_it_is_lost_each_days_posts_are_in_the_evenings_line(desk: Desk, platform: FakePlatform) -> None:
    await refused(desk, platform, "A")
    for days in (1, 2):
        await desk.planned(f"{days} days later", hours=24 * days)
    await desk.wait(3 * DAY)
    assert (desk.news(), [kind for kind, _ in desk.told].count("daily")) == (["reconnect"], 3)


async def test_a_login_that_is_found_lost_asks_at_once_where_it_is_needed_next(
    desk: Desk, platform: FakePlatform
) -> None:
    later, soon = await desk.planned("Later", hours=48), await desk.planned("Soon", hours=24)
    account = (await desk.accounts.connected(desk.actor.workspace_id))[0]
    await desk.accounts.lost_login(await desk.accounts.access(account.id))
    await desk.run()
    shown, other = await desk.delivery(soon), await desk.delivery(later)
    assert ("notify", f"reconnect:{shown.id}") in desk.told
    assert shown.error == "ann must be connected again; it goes out at its time."
    assert [one.words for one in other.cautions] == ["ann must be connected again before it can go out."]
    await desk.wait(DAY + HOUR)
    assert desk.news() == ["reconnect"]
    assert [kind for kind, _ in desk.told].count("daily") == 0, "it is not yet evening"
    await desk.wait(DAY)
    assert [kind for kind, _ in desk.told].count("daily") == 1


async def test_connecting_again_before_the_time_changes_nothing_else(desk: Desk, platform: FakePlatform) -> None:
    post = await desk.planned("Soon", hours=24)
    account = (await desk.accounts.connected(desk.actor.workspace_id))[0]
    await desk.accounts.lost_login(await desk.accounts.access(account.id))
    await desk.connect("fake")
    await desk.wait(DAY - MINUTE)
    assert (platform.public, (await desk.delivery(post)).error) == ([], "")
    await desk.wait(MINUTE)
    assert platform.texts == ["Soon"]


async def test_after_it_all_go_out_spaced_as_they_were_approved(desk: Desk, platform: FakePlatform) -> None:
    await refused(desk, platform, "A", "B", "C", "D")
    begun = desk.clock.now()
    await desk.connect("fake")
    await desk.wait(HOUR)
    assert [one.at - begun for one in platform.public] == [number * 5 * MINUTE for number in range(4)]
    assert (platform.texts[0], sorted(platform.texts)) == ("A", ["A", "B", "C", "D"])
    assert desk.news() == ["reconnect", *["sent"] * 4]


async def test_what_was_edited_meanwhile_asks_for_a_new_yes(desk: Desk, platform: FakePlatform) -> None:
    _, edited = await refused(desk, platform, "A", "B")
    await desk.posts.revise(desk.actor, edited.id, [Wording(("Another",))], change="by hand")
    await desk.connect("fake")
    await desk.wait(20 * MINUTE)
    assert platform.texts == ["A"]
    shown = await desk.delivery(edited)
    assert (shown.state, shown.error_code) == (DeliveryState.ASKING, "not_approved")
    await desk.schedule.post_now(desk.actor, edited.id, 2, button="press")
    await desk.wait(20 * MINUTE)
    assert platform.texts == ["A", "Another"]


async def test_what_is_too_late_by_then_asks_in_one_list(desk: Desk, platform: FakePlatform) -> None:
    await refused(desk, platform, "A", "B", "C")
    await desk.wait(5 * HOUR)
    await desk.connect("fake")
    await desk.wait(HOUR)
    assert platform.public == []
    assert [one for one in desk.told if one[0] == "late"] == [("late", desk.actor.member_id)]
    assert desk.news() == ["reconnect"]


async def test_accounts_that_came_by_one_consent_ask_once(desk: Desk, platform: FakePlatform) -> None:
    page = await desk.connect("fake", "page")
    async with desk.db.writing() as session:
        own = await session.get_one(Account, page.id)
        for account in [await session.get_one(Account, row.id) for row in await desk.rows(Account)]:
            account.state, account.login_id = "needs_reconnect", own.login_id
    await desk.now("On both")
    await desk.run()
    assert desk.news() == ["reconnect"]


async def test_a_login_that_is_lost_again_asks_again(desk: Desk, platform: FakePlatform) -> None:
    await refused(desk, platform, "A")
    await desk.connect("fake")
    platform.script.append(Do.EXPIRE)
    platform.refreshing.append(Do.EXPIRE)
    await desk.wait(MINUTE)
    assert (desk.news(), platform.public) == (["reconnect", "reconnect"], [])


# How long a login lasts


async def announcements(desk: Desk) -> list[Job]:
    return [one for one in await desk.rows(Job) if one.kind == "ending"]


async def renewed(desk: Desk, account_id: str) -> None:
    await desk.accounts.refresh(await desk.accounts.access(account_id))


async def test_an_end_that_a_renewal_tells_first_is_announced(desk: Desk, platform: FakePlatform) -> None:
    account = (await desk.accounts.connected(desk.actor.workspace_id))[0]
    assert await announcements(desk) == []
    platform.ends = 60 * DAY
    await renewed(desk, account.id)
    [job] = await announcements(desk)
    assert job.run_at == desk.clock.now() + 46 * DAY


async def test_an_end_that_a_renewal_moves_is_announced_anew(desk: Desk, platform: FakePlatform) -> None:
    platform.ends = 60 * DAY
    account = await desk.connect("fake")
    platform.ends = 90 * DAY
    await renewed(desk, account.id)
    [job] = await announcements(desk)
    assert job.run_at == desk.clock.now() + 76 * DAY
    platform.ends = 90 * DAY + timedelta(seconds=2)
    await renewed(desk, account.id)
    assert [one.run_at for one in await announcements(desk)] == [job.run_at]
    platform.ends = None
    await renewed(desk, account.id)
    assert [one.run_at for one in await announcements(desk)] == [job.run_at]


async def test_an_end_that_is_past_is_announced_no_more(desk: Desk, platform: FakePlatform) -> None:
    account = (await desk.accounts.connected(desk.actor.workspace_id))[0]
    platform.ends = -DAY
    await renewed(desk, account.id)
    assert await announcements(desk) == []
