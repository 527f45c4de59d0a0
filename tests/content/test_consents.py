"""The way through a platform's own page: one use, ten minutes, one member, one workspace, one browser."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from content.accounts import AccountView
from content.consent_views import ConsentView, Departure
from content.consents import Consents
from content.errors import Invalid, NotAllowed, NotFound, Rejected
from content.ids import new_id
from content.models import Account, ConnectAttempt, ConnectStep, Job, Role, Workspace
from content.sealing import Sealer
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

BACK = "https://desk.example/connect/back"
GOOD = {"code": "good"}


@pytest.fixture(autouse=True)
def elsewhere(fake: FakePlatform, desk: Desk) -> None:
    """The desk has one account, `ann`; the next login is on the platform's own page."""
    fake.elsewhere = True


async def begin(desk: Desk, user: str = "bob", conversation_id: str | None = None) -> ConsentView:
    begun = await desk.consents.begin(
        desk.actor, "fake", {"user": user}, callback_url=BACK, conversation_id=conversation_id
    )
    assert isinstance(begun, ConsentView)
    return begun


async def away(desk: Desk, user: str = "bob") -> Departure:
    return await desk.consents.set_out((await begin(desk, user)).ticket)


async def back(desk: Desk, user: str = "bob") -> Departure:
    """A login that works, and waits to be told which account it is."""
    departure = await away(desk, user)
    await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    return departure


def state_of(departure: Departure) -> str:
    return departure.url.rpartition("=")[2]


async def connected(desk: Desk) -> list[str]:
    return [one.handle for one in await desk.accounts.connected(desk.actor.workspace_id)]


async def step(desk: Desk) -> ConnectStep:
    return (await desk.rows(ConnectAttempt))[-1].step


async def test_the_whole_way_binds_the_account_that_was_shown_and_chosen(desk: Desk) -> None:
    begun = await begin(desk)
    assert (begun.step, begun.open, begun.asks) == (ConnectStep.BEGUN, True, ("post for you", "see who you are"))
    assert (begun.member, begun.workspace, begun.label) == ("You", "My desk", "Fake")
    departure = await desk.consents.set_out(begun.ticket)
    attempt_id = await desk.consents.attempt_of(state_of(departure))
    came = await desk.consents.come_back(attempt_id, departure.browser, GOOD)
    [choice] = came.choices
    assert (choice.handle, choice.remote_id, choice.kind, choice.here) == ("bob", "id-bob", "", False)
    assert came.scopes == ("read", "write")
    assert await connected(desk) == ["ann"]
    done = await desk.consents.choose(attempt_id, departure.browser, ["id-bob"])
    assert (done.step, done.words) == (ConnectStep.CONNECTED, "Connected: Fake bob.")
    assert await connected(desk) == ["ann", "bob"]


async def test_nothing_secret_is_kept_readable_and_in_the_end_nothing_at_all(desk: Desk) -> None:
    begun = await begin(desk)
    departure = await desk.consents.set_out(begun.ticket)
    row = (await desk.rows(ConnectAttempt))[0]
    kept = f"{row.state_hash} {row.ticket_hash} {row.browser_hash} {row.sealed!r}"
    assert not [one for one in (begun.ticket, departure.browser, state_of(departure)) if one in kept]
    await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"])
    assert desk.sealer.open((await desk.rows(ConnectAttempt))[0].sealed) == {}


async def test_a_second_visit_shows_the_same_and_exchanges_nothing(desk: Desk, fake: FakePlatform) -> None:
    departure = await back(desk)
    fake.finishing.append(Do.REFUSE)  # a second exchange would be seen
    again = await desk.consents.come_back(departure.attempt_id, departure.browser, {"code": "other"})
    assert [one.handle for one in again.choices] == ["bob"]
    await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"])
    for view in (
        await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD),
        await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"]),
        await desk.consents.look_back(departure.attempt_id, departure.browser),
        await desk.consents.cancel(departure.attempt_id, browser=departure.browser),
    ):
        assert (view.step, view.words) == (ConnectStep.CONNECTED, "Connected: Fake bob.")
    assert len(fake.finishing) == 1


async def test_two_visits_at_once_exchange_once(desk: Desk, fake: FakePlatform) -> None:
    departure = await away(desk)
    visits = [desk.consents.come_back(departure.attempt_id, departure.browser, GOOD) for _ in range(20)]
    steps = {view.step for view in await asyncio.gather(*visits)}
    assert ConnectStep.CHOOSING in steps
    assert steps <= {ConnectStep.CHOOSING, ConnectStep.BACK}


async def test_a_wrong_state_belongs_to_nothing(desk: Desk) -> None:
    await away(desk)
    for invented in ("invented", ""):
        with pytest.raises(Invalid, match="belongs to no login"):
            await desk.consents.attempt_of(invented)
    with pytest.raises(NotFound, match="belongs to no login"):
        await desk.consents.look("invented")
    with pytest.raises(NotFound):
        await desk.consents.set_out("invented")


@pytest.mark.parametrize("browser", ["", "another"])
async def test_only_the_browser_that_set_out_comes_back_and_chooses(desk: Desk, browser: str) -> None:
    departure = await away(desk)
    with pytest.raises(Invalid, match="another browser"):
        await desk.consents.come_back(departure.attempt_id, browser, GOOD)
    assert await step(desk) is ConnectStep.AWAY
    await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    with pytest.raises(Invalid, match="another browser"):
        await desk.consents.choose(departure.attempt_id, browser, ["id-bob"])
    with pytest.raises(Invalid, match="another browser"):
        await desk.consents.look_back(departure.attempt_id, browser)
    with pytest.raises(Invalid, match="another browser"):
        await desk.consents.cancel(departure.attempt_id, browser=browser)
    with pytest.raises(Invalid, match="another browser"):
        await desk.consents.look_back("connect_0", browser)
    assert await connected(desk) == ["ann"]


async def test_who_set_out_in_two_browsers_comes_back_in_the_last(desk: Desk) -> None:
    begun = await begin(desk)
    first, last = await desk.consents.set_out(begun.ticket), await desk.consents.set_out(begun.ticket)
    with pytest.raises(Invalid, match="another browser"):
        await desk.consents.come_back(begun.id, first.browser, GOOD)
    assert (await desk.consents.come_back(begun.id, last.browser, GOOD)).step is ConnectStep.CHOOSING


async def test_a_browser_where_somebody_else_is_signed_in_connects_nothing(desk: Desk) -> None:
    eve = await desk.member(Role.ADMIN, "Eve")
    begun = await begin(desk)
    with pytest.raises(NotAllowed, match="signed in as Eve"):
        await desk.consents.set_out(begun.ticket, eve)
    departure = await desk.consents.set_out(begun.ticket, desk.actor)
    with pytest.raises(NotAllowed, match="You began this login"):
        await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD, eve)
    await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    with pytest.raises(NotAllowed, match="signed in as Eve"):
        await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"], eve)
    assert await connected(desk) == ["ann"]


async def test_whoever_may_not_connect_any_more_connects_nothing(desk: Desk) -> None:
    editor = await desk.member(Role.EDITOR)
    with pytest.raises(NotAllowed):
        await desk.consents.begin(editor, "fake", {"user": "x"}, callback_url=BACK)
    departure = await back(desk)
    async with desk.db.writing() as session:
        attempt = await session.get_one(ConnectAttempt, departure.attempt_id)
        attempt.member_id = editor.member_id  # as if they had lost the right on the way
    with pytest.raises(NotAllowed):
        await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"])


async def test_what_takes_over_ten_minutes_changes_nothing_and_its_card_is_redrawn(desk: Desk) -> None:
    begun = await begin(desk)
    departure = await desk.consents.set_out(begun.ticket)
    desk.clock.move(timedelta(minutes=10, seconds=1))
    with pytest.raises(Invalid, match="over ten minutes"):
        await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    with pytest.raises(Invalid, match="ten minutes old"):
        await desk.consents.set_out(begun.ticket)
    assert await step(desk) is ConnectStep.AWAY
    view = await desk.consents.view(desk.actor, begun.id)
    assert (view.expired, view.open) == (True, False)
    await desk.run()
    assert ("redraw", f"connect:{begun.id}") in desk.told


async def test_choosing_has_ten_minutes_of_its_own(desk: Desk) -> None:
    departure = await away(desk)
    desk.clock.move(timedelta(minutes=9))
    await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    desk.clock.move(timedelta(minutes=9))
    assert (await desk.consents.look_back(departure.attempt_id, departure.browser)).expired is False
    desk.clock.move(timedelta(minutes=2))
    with pytest.raises(Invalid, match="nothing was connected"):
        await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"])


async def test_choosing_before_coming_back_connects_nothing(desk: Desk) -> None:
    departure = await away(desk)
    with pytest.raises(Invalid, match="nothing was connected"):
        await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"])


@pytest.mark.parametrize(
    ("trouble", "answer", "words"),
    [
        ([], {"error": "denied"}, "did not let you in"),
        ([Do.BE_DOWN], GOOD, "Try"),
        ([Do.EXPIRE], GOOD, "again"),
    ],
)
async def test_the_platforms_own_no_is_kept_in_words(
    desk: Desk, fake: FakePlatform, trouble: list[Do], answer: dict[str, str], words: str
) -> None:
    fake.finishing.extend(trouble)
    departure = await away(desk)
    refused = await desk.consents.come_back(departure.attempt_id, departure.browser, answer)
    assert refused.step is ConnectStep.REFUSED
    assert words in refused.words
    await desk.run()
    assert ("redraw", f"connect:{departure.attempt_id}") in desk.told


async def test_a_login_that_reaches_no_account_says_so(desk: Desk) -> None:
    departure = await away(desk, "nobody")
    refused = await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    assert (refused.step, "names no account" in refused.words) == (ConnectStep.REFUSED, True)


async def test_a_bug_on_the_way_is_no_endless_wait(desk: Desk, fake: FakePlatform) -> None:
    fake.finishing.append(Do.BREAK_BEFORE)
    departure = await away(desk)
    with pytest.raises(Exception, match="bug"):
        await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    seen = await desk.consents.look_back(departure.attempt_id, departure.browser)
    assert (seen.step, "in the log" in seen.words) == (ConnectStep.REFUSED, True)


async def test_a_desk_that_stopped_during_the_exchange_says_to_begin_anew(desk: Desk) -> None:
    departure = await away(desk)
    async with desk.db.writing() as session:
        attempt = await session.get_one(ConnectAttempt, departure.attempt_id)
        attempt.step, attempt.used_at = ConnectStep.BACK, desk.clock.now()
    waits = await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    assert waits.step is ConnectStep.BACK
    desk.clock.move(timedelta(minutes=3))
    given_up = await desk.consents.look_back(departure.attempt_id, departure.browser)
    assert (given_up.step, "stopped on the way" in given_up.words) == (ConnectStep.REFUSED, True)
    again = await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    assert again == given_up


async def test_pages_are_chosen_from_a_list_and_those_here_already_get_the_new_login(
    desk: Desk, fake: FakePlatform
) -> None:
    fake.reaches = ("acme", "shop")
    departure = await back(desk, "ann")
    seen = await desk.consents.look_back(departure.attempt_id, departure.browser)
    assert [(one.handle, one.kind, one.here) for one in seen.choices] == [
        ("ann", "", True),
        ("acme", "page", False),
        ("shop", "page", False),
    ]
    with pytest.raises(Invalid, match="at least one"):
        await desk.consents.choose(departure.attempt_id, departure.browser, ["id-eve"])
    ann = (await desk.accounts.connected(desk.actor.workspace_id))[0]
    await desk.accounts.lost_login(await desk.accounts.access(ann.id))
    done = await desk.consents.choose(departure.attempt_id, departure.browser, ["id-shop"])
    assert done.words == "Connected: Fake shop."
    accounts = await desk.accounts.connected(desk.actor.workspace_id)
    assert [(one.handle, one.state, one.kind) for one in accounts] == [
        ("ann", "connected", ""),
        ("shop", "connected", "page"),
    ]


async def test_who_leaves_it_ends_the_login_that_was_given(desk: Desk, fake: FakePlatform) -> None:
    departure = await back(desk)
    left = await desk.consents.cancel(departure.attempt_id, browser=departure.browser)
    assert (left.step, left.words) == (ConnectStep.CANCELLED, "Left as it was: nothing was connected to Fake.")
    assert fake.revoked == ["1"]
    assert await connected(desk) == ["ann"]


async def test_leaving_ends_no_login_that_an_account_here_may_share(desk: Desk, fake: FakePlatform) -> None:
    departure = await back(desk, "ann")
    await desk.consents.cancel(departure.attempt_id, browser=departure.browser)
    assert fake.revoked == []


async def test_leaving_ends_no_login_that_another_workspace_may_share(desk: Desk, fake: FakePlatform) -> None:
    departure = await back(desk, "ann")
    async with desk.db.writing() as session:
        workspace = Workspace(id=new_id("workspace"), name="Theirs", zone="UTC", created_at=desk.clock.now())
        session.add(workspace)
        await session.flush()
        (await session.scalars(select(Account))).one().workspace_id = workspace.id
    await desk.consents.cancel(departure.attempt_id, browser=departure.browser)
    assert fake.revoked == []


async def test_what_is_left_during_the_exchange_stays_left_and_the_login_is_ended(
    desk: Desk, fake: FakePlatform
) -> None:
    departure = await away(desk)
    fake.finishing.append(Do.HANG_BEFORE)
    coming = asyncio.create_task(desk.consents.come_back(departure.attempt_id, departure.browser, GOOD))
    await fake.reached.wait()
    left = await desk.consents.cancel(departure.attempt_id, actor=desk.actor)
    fake.resume.set()
    assert (await coming).step is left.step is await step(desk) is ConnectStep.CANCELLED
    assert fake.revoked == ["1"]
    chosen = await desk.consents.choose(departure.attempt_id, departure.browser, ["id-bob"])
    assert (chosen.step, await connected(desk)) == (ConnectStep.CANCELLED, ["ann"])


async def test_an_exchange_that_takes_too_long_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("content.consents.FINISH_TAKES", timedelta(milliseconds=1))
    departure = await away(desk)
    fake = desk.platforms["fake"]
    assert isinstance(fake, FakePlatform)
    fake.finishing.append(Do.HANG_BEFORE)
    late = await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    assert (late.step, late.words) == (
        ConnectStep.REFUSED,
        "Fake took too long to say who you are. Connect again.",
    )


async def test_a_login_that_nobody_chose_is_ended_in_time(desk: Desk, fake: FakePlatform) -> None:
    departure = await back(desk)
    await desk.run()
    assert await step(desk) is ConnectStep.CHOOSING
    await desk.wait(timedelta(minutes=9))
    assert fake.revoked == []
    await desk.wait(timedelta(minutes=2))
    [attempt] = await desk.rows(ConnectAttempt)
    assert (attempt.step, desk.sealer.open(attempt.sealed), fake.revoked) == (ConnectStep.CANCELLED, {}, ["1"])
    assert attempt.words == "Nobody came back within ten minutes, so nothing was connected."
    assert ("redraw", f"connect:{departure.attempt_id}") in desk.told


async def test_a_way_that_nobody_walked_is_over_in_time_and_keeps_nothing(desk: Desk, fake: FakePlatform) -> None:
    begun = await begin(desk)
    assert await desk.consents.expire(begun.id) == begun.expires_at
    await desk.wait(timedelta(minutes=11))
    [attempt] = await desk.rows(ConnectAttempt)
    assert (attempt.step, desk.sealer.open(attempt.sealed), fake.revoked) == (ConnectStep.CANCELLED, {}, [])
    with pytest.raises(Invalid):
        await desk.consents.set_out(begun.ticket)
    assert await desk.consents.expire("connect_0") is None


async def test_what_a_login_reaches_is_for_the_browser_that_was_there(desk: Desk) -> None:
    begun = await begin(desk)
    departure = await desk.consents.set_out(begun.ticket)
    came = await desk.consents.come_back(departure.attempt_id, departure.browser, GOOD)
    seen = await desk.consents.look(begun.ticket)
    assert (bool(came.choices), bool(came.scopes)) == (True, True)
    assert (seen.step, seen.choices, seen.scopes) == (ConnectStep.CHOOSING, (), ())


async def test_a_way_sealed_with_another_key_says_to_begin_anew(desk: Desk) -> None:
    begun = await begin(desk)
    other = Consents(desk.db, desk.clock, desk.accounts, Sealer([Fernet.generate_key()]))
    seen = await other.view(desk.actor, begun.id)
    assert (seen.step, seen.expired, seen.open) == (ConnectStep.REFUSED, False, False)
    assert "sealing key" in seen.words
    assert (await other.cancel(begun.id, actor=desk.actor)).step is ConnectStep.CANCELLED


async def test_a_platform_that_is_down_is_left_all_the_same(desk: Desk, fake: FakePlatform) -> None:
    departure = await back(desk)
    fake.revoking.append(Do.BE_DOWN)
    left = await desk.consents.cancel(departure.attempt_id, browser=departure.browser)
    assert left.step is ConnectStep.CANCELLED


async def test_in_the_chat_only_who_began_it_can_stop_it(desk: Desk) -> None:
    begun = await begin(desk)
    eve = await desk.member(Role.ADMIN, "Eve")
    with pytest.raises(NotAllowed, match="Somebody else"):
        await desk.consents.cancel(begun.id, actor=eve)
    for stranger, attempt_id in ((replace(desk.actor, workspace_id="w_0"), begun.id), (desk.actor, "connect_0")):
        with pytest.raises(NotFound):
            await desk.consents.cancel(attempt_id, actor=stranger)
        with pytest.raises(NotFound):
            await desk.consents.view(stranger, attempt_id)
    assert (await desk.consents.view(eve, begun.id)).ticket == ""
    assert (await desk.consents.view(desk.actor, begun.id)).ticket == begun.ticket
    assert (await desk.consents.cancel(begun.id, actor=desk.actor)).step is ConnectStep.CANCELLED


async def test_what_is_not_set_up_says_the_steps_that_are_missing(desk: Desk, fake: FakePlatform) -> None:
    fake.missing = ("Make an app there.", "Set COPYDESK_FAKE_CLIENT_ID.")
    with pytest.raises(Invalid, match=r"not set up.*1\. Make an app there\. 2\. Set COPYDESK_FAKE_CLIENT_ID\."):
        await begin(desk)
    assert [one.setup for one in desk.accounts.offers()] == [fake.missing]


async def test_a_login_by_form_is_connected_at_once(desk: Desk, fake: FakePlatform) -> None:
    fake.elsewhere = False
    done = await desk.consents.begin(desk.actor, "fake", {"user": "bob"}, callback_url=BACK)
    assert isinstance(done, AccountView)
    assert done.words == "Fake bob"
    assert await desk.rows(ConnectAttempt) == []


async def test_a_refused_form_begins_nothing(desk: Desk, fake: FakePlatform) -> None:
    with pytest.raises(Invalid, match="Please fill in"):
        await desk.consents.begin(desk.actor, "fake", {"user": " "}, callback_url=BACK)
    with pytest.raises(NotFound):
        await desk.consents.begin(desk.actor, "myspace", {}, callback_url=BACK)
    assert await desk.rows(ConnectAttempt) == []
    assert Rejected.code not in [job.error for job in await desk.rows(Job)]
    assert len(await desk.rows(Account)) == 1
