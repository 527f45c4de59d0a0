"""A desk that was restored from a copy: nothing goes out by itself, nothing that may be out is sent again, nobody is in."""

import asyncio
from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import update

from content.copies import MOST_LISTED, Copies, Copy, CopyView, Settled, settle
from content.errors import NotAllowed
from content.forms import Forms
from content.identities import Identities
from content.models import (
    Account,
    Attempt,
    AuditEntry,
    Carry,
    ConnectAttempt,
    ConnectStep,
    DeliveryState,
    Invitation,
    Job,
    JobState,
    Message,
    OpenForm,
    Outcome,
    Role,
    SignIn,
    WebSession,
    Workspace,
)
from content.sealing import Sealer
from content.transcript import Line, Transcript
from content.views import PostView
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import BarePlatform, Do, FakePlatform, FindingPlatform, FollowingPlatform

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def restored(desk: Desk, *, made_at: datetime | None = None, sealer: Sealer | None = None) -> Settled:
    """What a restore does with the rows, from a copy made at that moment (just now by default)."""
    async with desk.db.writing() as session:
        copy = Copy(made_at or desk.clock.now(), sealer or desk.sealer, {"builtin"})
        return await settle(session, desk.clock, copy)


async def view(desk: Desk) -> CopyView | None:
    return await Copies(desk.db, desk.clock, desk.platforms).view(desk.actor.workspace_id)


async def released(desk: Desk) -> None:
    await desk.guards.switch.release(desk.actor)
    await desk.run()


async def stopped(desk: Desk, platform: BarePlatform) -> None:
    """The runner is at the platform, and the rows as they are then are all that is left."""
    running = asyncio.create_task(desk.run())
    await platform.reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    platform.resume.set()


async def test_what_waits_is_held_and_goes_out_at_its_time_once_it_is_let_go(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Tomorrow", hours=2)
    assert await restored(desk) == Settled(0, 0, ())
    await desk.wait(HOUR)
    await released(desk)
    assert fake.texts == []
    await desk.wait(HOUR)
    assert fake.texts == ["Tomorrow"]
    assert await desk.state(post) is DeliveryState.SENT


async def test_what_comes_due_while_it_is_held_asks_when_it_is_late_and_goes_out_when_it_is_not(
    desk: Desk, fake: FakePlatform
) -> None:
    await restored(desk)
    late, soon = await desk.planned("Late", hours=1), await desk.planned("Soon", hours=1.75)
    await desk.wait(2 * HOUR)
    assert fake.texts == []
    await released(desk)
    assert fake.texts == ["Soon"]
    assert [await desk.state(late), await desk.state(soon)] == [DeliveryState.ASKING, DeliveryState.SENT]


async def test_what_came_due_since_the_copy_was_made_asks_however_little_late_it_is(
    desk: Desk, fake: FakePlatform
) -> None:
    made_at = desk.clock.now()
    post = await desk.planned("The other desk has sent this", hours=0.25)
    desk.clock.move(20 * MINUTE)
    assert (await restored(desk, made_at=made_at)).late == 1
    await released(desk)
    await desk.wait(24 * HOUR)
    assert fake.texts == []
    shown = await desk.delivery(post)
    assert shown.state is DeliveryState.ASKING
    assert shown.error.startswith("This is a copy of the desk, and the post may be out since it was made.")
    await desk.due(post, HOUR)
    await desk.wait(HOUR)
    assert fake.texts == ["The other desk has sent this"]


@pytest.mark.parametrize("do", [Do.HANG_BEFORE, Do.HANG_AFTER])
async def test_what_was_being_sent_is_asked_about_and_never_looked_up_or_sent_by_itself(
    build: Build, clock: FakeClock, do: Do
) -> None:
    finding = FindingPlatform(clock)
    desk = await build(finding)
    finding.script.append(do)
    post = await desk.now("Did it?")
    await stopped(desk, finding)
    assert await desk.state(post) is DeliveryState.SENDING
    assert (await restored(desk)).unknown == 1
    before = list(finding.public)
    await released(desk)
    await desk.wait(24 * HOUR)
    shown = await desk.delivery(post)
    assert shown.state is DeliveryState.UNKNOWN
    assert shown.error.startswith("It was on its way when this copy of the desk was made")
    assert (finding.public, finding.asked) == (before, 0)
    assert "unknown" in desk.news()
    assert (await desk.row(post)).lease_until is None
    [attempt] = await desk.rows(Attempt)
    assert (attempt.outcome, attempt.doubted, attempt.error) == (
        Outcome.UNKNOWN,
        True,
        "the desk was copied meanwhile",
    )
    await desk.tracing.settle(desk.actor, shown.id, live=do is Do.HANG_AFTER)
    await desk.run()
    assert finding.texts == ["Did it?"]
    assert await desk.state(post) is DeliveryState.SENT


async def test_what_was_claimed_only_is_taken_for_sent_since_the_other_desk_went_on(
    desk: Desk, fake: FakePlatform
) -> None:
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now("Claimed")
    await stopped(desk, fake)
    assert await desk.rows(Attempt) == []
    await restored(desk)
    await released(desk)
    assert (await desk.state(post), fake.texts) == (DeliveryState.UNKNOWN, [])
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=False)
    await desk.run()
    assert fake.texts == ["Claimed"]


async def test_what_the_platform_worked_on_and_what_was_in_doubt_is_asked_about(build: Build, clock: FakeClock) -> None:
    following = FollowingPlatform(clock)
    desk = await build(following)
    following.script.extend([Do.PEND, Do.LOSE_BEFORE])
    following.working.extend([Do.PEND] * 100)
    working, doubted = await desk.now("A film"), await desk.now("Lost")
    await desk.run()
    states = {await desk.state(working), await desk.state(doubted)}
    assert states == {DeliveryState.PROCESSING, DeliveryState.UNKNOWN}
    assert (await restored(desk)).unknown == 2
    await desk.wait(HOUR)
    assert [await desk.state(one) for one in (working, doubted)] == [DeliveryState.UNKNOWN] * 2
    assert {one.error for one in await desk.rows(Attempt)} == {
        "the desk was copied meanwhile",
        "No answer came.",
    }
    assert following.public == []


async def test_whoever_was_in_is_out_and_every_word_that_lets_in_is_void(desk: Desk, fake: FakePlatform) -> None:
    secret = await desk.people.sign_in(await desk.people.invite(desk.actor.member_id))
    token = await desk.people.invite(desk.actor.member_id)
    identities = Identities(desk.db, desk.clock)
    word = await identities.invite(desk.actor, role=Role.EDITOR, name="Jo")
    fake.elsewhere = True
    await desk.consents.begin(desk.actor, "fake", {"user": "ann"}, callback_url="https://desk.example/back")
    conversation = await Transcript(desk.db, desk.clock).open(desk.actor.workspace_id, "chat", "place")
    await Forms(desk.db, desk.clock, desk.sealer).begin(desk.actor, conversation, "edit:post_1:1", [])
    await restored(desk)
    assert await desk.people.whose(secret) is None
    with pytest.raises(NotAllowed, match="copydesk login"):
        await desk.people.sign_in(token)
    assert not await desk.rows(WebSession)
    assert not await desk.rows(SignIn)
    [invitation] = await desk.rows(Invitation)
    assert invitation.expires_at == desk.clock.now()
    assert word
    [way] = await desk.rows(ConnectAttempt)
    assert (way.step, way.words) == (
        ConnectStep.CANCELLED,
        "The desk was restored from a copy meanwhile. Connect again.",
    )
    assert desk.sealer.open(way.sealed) == {}
    [form] = await desk.rows(OpenForm)
    assert form.ended_at == desk.clock.now()


async def test_what_ran_is_free_and_what_was_about_to_be_said_may_have_been(desk: Desk) -> None:
    transcript = Transcript(desk.db, desk.clock)
    place = await transcript.open(desk.actor.workspace_id, "chat", "place", outward=True)
    await transcript.add(place, Line("Hello"))
    async with desk.db.writing() as session:
        await session.execute(update(Job).values(state=JobState.RUNNING, lease_until=desk.clock.now() + HOUR))
        await session.execute(update(Account).values(renewing="somebody", renewing_until=desk.clock.now() + HOUR))
    await restored(desk)
    [job] = [one for one in await desk.rows(Job) if one.kind == "carry"]
    assert (job.state, job.lease_until) == (JobState.RUNNING, desk.clock.now())
    [message] = await desk.rows(Message)
    assert message.carry is Carry.SENDING
    [account] = await desk.rows(Account)
    assert (account.renewing, account.renewing_until) == ("", None)


async def test_a_login_that_no_key_opens_must_be_connected_again_and_what_needs_none_is_not_lost(
    build: Build, clock: FakeClock
) -> None:
    desk = await build(FakePlatform(clock), FakePlatform(clock, "builtin", needs_account=False))
    new = Sealer([Fernet.generate_key()])
    assert (await restored(desk, sealer=new)).reconnect == (("fake", "ann"),)
    accounts = {one.platform: one for one in await desk.rows(Account)}
    assert {name: one.state for name, one in accounts.items()} == {"fake": "needs_reconnect", "builtin": "connected"}
    assert new.open(accounts["builtin"].sealed) == {}
    assert desk.sealer.open(accounts["fake"].sealed) == {"token": "1"}
    [lost] = [one for one in await desk.rows(AuditEntry) if one.verb == "account.login_lost"]
    assert (lost.subject, lost.detail["why"]) == (accounts["fake"].id, "restored without the key it was sealed with")
    found = await view(desk)
    assert found is not None
    assert found.reconnect == ("Fake ann",)


async def test_the_right_key_keeps_every_login(desk: Desk) -> None:
    assert (await restored(desk)).reconnect == ()
    assert [one.state for one in await desk.rows(Account)] == ["connected"]


async def test_a_desk_that_was_never_restored_is_no_copy(desk: Desk) -> None:
    assert await view(desk) is None


async def test_a_copy_tells_when_it_was_made_and_what_came_due_until_it_was_let_go(desk: Desk) -> None:
    made_at = desk.clock.now()
    posts: list[PostView] = [await desk.planned(f"Number {number}", hours=1) for number in range(MOST_LISTED + 2)]
    ahead = await desk.planned("Not yet", hours=30)
    desk.clock.move(2 * HOUR)
    await restored(desk, made_at=made_at)
    assert ("restored", desk.actor.workspace_id) not in desk.told
    await desk.run()
    assert ("restored", desk.actor.workspace_id) in desk.told
    found = await view(desk)
    assert found is not None
    assert (found.made_at, found.restored_at, found.held) == (made_at, desk.clock.now(), True)
    assert {one.id for one in found.due} < {one.id for one in posts}
    assert (len(found.due), found.more) == (MOST_LISTED, 2)
    await desk.due(posts[0], 3 * HOUR)
    await released(desk)
    desk.clock.move(29 * HOUR)
    found = await view(desk)
    assert found is not None
    assert not found.held
    assert found.more == 1
    assert ahead.id not in {one.id for one in found.due}


async def test_a_restore_is_in_the_audit_log_and_holds_every_workspace(desk: Desk) -> None:
    await restored(desk)
    [entry] = [one for one in await desk.rows(AuditEntry) if one.verb == "workspace.restored"]
    assert (entry.member_id, entry.subject) == (None, desk.actor.workspace_id)
    assert entry.detail == {"made_at": desk.clock.now().isoformat()}
    assert [one.held for one in await desk.rows(Workspace)] == [True]
