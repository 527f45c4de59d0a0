"""Blackout dates: said in words, looked at in the moment of firing, overruled only by a person and only for this."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from content.blackouts import MOST, days_words, read_days
from content.errors import Conflict, Invalid, NotAllowed, NotFound, StaleRevision
from content.guards import GuardsView
from content.models import AuditEntry, Blackout, Confirmation, DeliveryState, Role
from content.views import PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)
ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


async def dark(desk: Desk, days: str = "today", reason: str = "Christmas", account: str | None = None) -> Blackout:
    await desk.guards.blackouts.add(desk.actor, days, reason, account)
    return next(row for row in await desk.rows(Blackout) if row.ended_at is None)


async def overruled(desk: Desk, post: PostView, revision: int = 1) -> PostView:
    return await desk.guards.objections.overrule(desk.actor, (await desk.row(post)).id, revision, button="press")


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("24 December", (2026, 12, 24), (2026, 12, 24)),
        ("24 December to 26 December", (2026, 12, 24), (2026, 12, 26)),
        ("from 24 to 26 December", (2026, 12, 24), (2026, 12, 26)),
        ("24–26 December", (2026, 12, 24), (2026, 12, 26)),
        ("30 December until 2 January", (2026, 12, 30), (2027, 1, 2)),
        ("2026-12-24..2026-12-26", (2026, 12, 24), (2026, 12, 26)),
        ("2026-12-24", (2026, 12, 24), (2026, 12, 24)),
        ("today", (2026, 11, 23), (2026, 11, 23)),
        ("today to tomorrow", (2026, 11, 23), (2026, 11, 24)),
        ("Friday through Sunday", (2026, 11, 27), (2026, 11, 29)),
    ],
)
def test_days_are_read(words: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> None:
    assert read_days(words, NOW, ZONE) == (date(*first), date(*last))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("26 December to 24 December", "ends before it begins"),
        ("2026-12-24 to 2028-12-24", "more than a year"),
        ("2026-11-01", "was on 1 November 2026"),
        ("every Monday", "again and again"),
        ("whenever", "could not use those days"),
        ("1 January 2020", "names no day that I can use"),
        ("", "“”"),
    ],
)
def test_what_are_no_days_is_refused(words: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        read_days(words, NOW, ZONE)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 12, 24), date(2026, 12, 24), "24 December (Europe/Berlin)"),
        (date(2026, 12, 24), date(2026, 12, 26), "24 to 26 December (Europe/Berlin)"),
        (date(2026, 12, 30), date(2027, 1, 2), "30 December to 2 January (Europe/Berlin)"),
    ],
)
def test_days_are_said_in_few_words(first: date, last: date, words: str) -> None:
    assert days_words(first, last, ZONE) == words


async def test_nothing_goes_out_on_a_blackout_day_but_it_asks(desk: Desk, fake: FakePlatform) -> None:
    await dark(desk)
    post = await desk.planned("Hello")
    await desk.wait(HOUR)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code, fake.keys) == (DeliveryState.ASKING, "blackout", [])
    assert shown.error == "23 November (Europe/Berlin) is blacked out: Christmas."
    assert desk.news() == ["overdue"]


async def test_post_anyway_sends_exactly_this(desk: Desk, fake: FakePlatform) -> None:
    row = await dark(desk)
    post = await desk.now("Hello")
    await desk.run()
    await overruled(desk, post)
    await desk.run()
    assert fake.texts == ["Hello"]
    [said] = await desk.rows(Confirmation)
    assert (said.guard, said.about, said.member_id, said.button) == ("blackout", row.id, desk.actor.member_id, "press")
    assert "delivery.confirmed" in [one.verb for one in await desk.rows(AuditEntry)]


async def test_post_anyway_does_not_count_for_another_wording(desk: Desk, fake: FakePlatform) -> None:
    await dark(desk)
    post = await desk.now("Hello")
    await desk.run()
    fake.script.append(Do.BE_DOWN)
    await overruled(desk, post)
    await desk.run()
    await desk.posts.revise(desk.actor, post.id, [Wording(("Changed",))], change="")
    with pytest.raises(Conflict, match="does not ask about that any more"):
        await overruled(desk, post, 2)
    await desk.schedule.post_now(desk.actor, post.id, 2, button="press")
    await desk.run()
    assert ((await desk.delivery(post)).error_code, fake.texts) == ("blackout", [])
    with pytest.raises(StaleRevision):
        await overruled(desk, post, 1)


async def test_post_anyway_does_not_count_for_another_blackout(desk: Desk, fake: FakePlatform) -> None:
    await dark(desk)
    post = await desk.now("Hello")
    await desk.run()
    fake.script.append(Do.BE_DOWN)
    await overruled(desk, post)
    await desk.run()
    await dark(desk, reason="Mourning")
    await desk.wait(timedelta(minutes=1))
    shown = await desk.delivery(post)
    assert (shown.error, fake.texts) == ("23 November (Europe/Berlin) is blacked out: Mourning.", [])
    await overruled(desk, post)
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_only_who_may_approve_overrules(desk: Desk) -> None:
    await dark(desk)
    post = await desk.now("Hello")
    await desk.run()
    mine = (await desk.row(post)).id
    with pytest.raises(NotAllowed):
        await desk.guards.objections.overrule(await desk.member(Role.EDITOR), mine, 1, button="press")
    for actor, name in ((desk.actor, "delivery_none"), (replace(desk.actor, workspace_id="other"), mine)):
        with pytest.raises(NotFound):
            await desk.guards.objections.overrule(actor, name, 1, button="press")


async def test_a_blackout_that_is_over_by_the_time_somebody_answers_needs_no_word(
    desk: Desk, fake: FakePlatform
) -> None:
    row = await dark(desk)
    post = await desk.now("Hello")
    await desk.run()
    assert await desk.guards.blackouts.end(desk.actor, row.id) == "23 November (Europe/Berlin)"
    await overruled(desk, post)
    await desk.run()
    assert (fake.texts, await desk.rows(Confirmation)) == (["Hello"], [])


async def test_a_blackout_may_be_about_one_account(build: Build, clock: FakeClock) -> None:
    one, two = FakePlatform(clock, "one"), FakePlatform(clock, "two")
    desk = await build(one, two)
    first = (await desk.accounts.connected(desk.actor.workspace_id))[0]
    await dark(desk, account=first.id)
    post = await desk.now("Hello")
    await desk.run()
    assert (one.texts, two.texts) == ([], ["Hello"])
    [shown] = (await desk.guards.view(desk.actor.workspace_id)).blackouts
    assert (shown.words, shown.account_id) == ("23 November (Europe/Berlin): Christmas (One ann)", first.id)
    assert [each.cautions for each in (await desk.view(post)).deliveries] == [(), ()]


async def test_midnight_is_that_of_who_blacked_out_the_day(desk: Desk, fake: FakePlatform) -> None:
    desk.clock.set(datetime(2026, 11, 23, 22, 30, tzinfo=UTC))  # 23:30 in Berlin
    await dark(desk, "tomorrow")
    early = await desk.now("Before midnight")
    await desk.run()
    late = await desk.planned("After midnight", hours=0.6)
    await desk.wait(HOUR)
    assert (await desk.state(early), await desk.state(late)) == (DeliveryState.SENT, DeliveryState.ASKING)


@pytest.mark.parametrize(
    ("zone", "before", "first", "last", "after"),
    [  # in UTC: an hour before the 24th where it was said, its first and its last hour, and the hour after it
        ("America/New_York", (24, 4), (24, 5), (25, 4), (25, 5)),
        ("Pacific/Auckland", (23, 10), (23, 11), (24, 10), (24, 11)),
        ("Pacific/Kiritimati", (23, 9), (23, 10), (24, 9), (24, 10)),
        ("Pacific/Pago_Pago", (24, 10), (24, 11), (25, 10), (25, 11)),
    ],
)
async def test_a_day_is_that_of_who_said_it_wherever_the_desk_is(
    desk: Desk,
    zone: str,
    before: tuple[int, int],
    first: tuple[int, int],
    last: tuple[int, int],
    after: tuple[int, int],
) -> None:
    away = replace(desk.actor, zone=zone)  # the workspace is in Berlin
    said = await desk.guards.blackouts.add(away, "24 December", "Christmas Eve")
    assert said == f"24 December ({zone})"
    why = f"{said} is blacked out: Christmas Eve."
    for day, hour in (before, first, last, after):
        at = datetime(2026, 12, day, hour, 30, tzinfo=UTC)
        post = await desk.draft(f"At {at:%H} on {day}")
        await desk.due(post, at - desk.clock.now())
        await desk.approve(post)
        asks = (day, hour) in (first, last)
        shown = (await desk.delivery(post)).cautions
        assert [one.words for one in shown] == ([f"{why} It will ask instead of going out."] if asks else [])
        await desk.wait(at - desk.clock.now())
        gone = await desk.delivery(post)
        assert (gone.state, gone.error) == ((DeliveryState.ASKING, why) if asks else (DeliveryState.SENT, ""))


async def test_a_blackout_is_over_when_its_last_day_is_where_it_was_said(desk: Desk) -> None:
    await desk.guards.blackouts.add(replace(desk.actor, zone="America/New_York"), "24 December")
    await desk.guards.blackouts.add(replace(desk.actor, zone="Pacific/Auckland"), "24 December")
    left = {}
    for day, hour in ((24, 10), (24, 12), (25, 4), (25, 6)):
        desk.clock.set(datetime(2026, 12, day, hour, tzinfo=UTC))
        shown = (await desk.guards.view(desk.actor.workspace_id)).blackouts
        left[day, hour] = {one.zone for one in shown}
    assert left == {
        (24, 10): {"America/New_York", "Pacific/Auckland"},
        (24, 12): {"America/New_York"},
        (25, 4): {"America/New_York"},
        (25, 6): set(),
    }


async def test_a_thread_that_has_begun_is_finished(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.PUBLISH, Do.BE_DOWN])
    await desk.now("One", "Two")
    await desk.run()
    await dark(desk)
    await desk.wait(timedelta(minutes=1))
    assert fake.texts == ["One", "Two"]


async def test_a_post_says_beforehand_that_it_will_ask(desk: Desk) -> None:
    post = await desk.planned("Hello", hours=24)
    assert (await desk.delivery(post)).cautions == ()
    await dark(desk, "tomorrow to 25 November", reason="")
    [caution] = (await desk.delivery(post)).cautions
    assert caution == ("blackout", "24 November (Europe/Berlin) is blacked out. It will ask instead of going out.")
    await desk.due(post, timedelta(days=4))
    assert (await desk.delivery(post)).cautions == ()


async def test_blackouts_are_made_and_ended_by_those_who_may(desk: Desk) -> None:
    row = await dark(desk)
    editor = await desk.member(Role.EDITOR)
    with pytest.raises(NotAllowed):
        await desk.guards.blackouts.add(editor, "today")
    with pytest.raises(NotAllowed):
        await desk.guards.blackouts.end(editor, row.id)
    with pytest.raises(NotFound):
        await desk.guards.blackouts.add(desk.actor, "today", "", "account_none")
    for actor, name in ((desk.actor, "blackout_none"), (replace(desk.actor, workspace_id="other"), row.id)):
        with pytest.raises(NotFound):
            await desk.guards.blackouts.end(actor, name)
    await desk.guards.blackouts.end(desk.actor, row.id)
    with pytest.raises(Conflict):
        await desk.guards.blackouts.end(desk.actor, row.id)
    for _ in range(MOST):
        await desk.guards.blackouts.add(desk.actor, "today")
    with pytest.raises(Invalid, match="There are 50"):
        await desk.guards.blackouts.add(desk.actor, "today")
    desk.clock.move(timedelta(days=2))
    assert (await desk.guards.view(desk.actor.workspace_id)).blackouts == ()


async def test_a_workspace_that_is_gone_has_no_guards(desk: Desk) -> None:
    assert await desk.guards.view("workspace_none") == GuardsView()
