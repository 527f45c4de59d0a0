"""The calendar outside: what is in it, as iCalendar read back by a program, as CSV read back by another, and who may read it."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from icalendar import Calendar
from sqlalchemy import update

from content.agenda import AHEAD, BACK, Agenda, Event
from content.agenda_csv import as_csv
from content.agenda_ical import as_ical
from content.errors import NotAllowed, NotFound
from content.models import Account, CalendarLink, Role
from content.plans import Plans
from content.series import SeriesOfPosts
from content.slots import Slots
from content.subscriptions import Subscriptions
from content.transcript import Transcript
from tests.fakes.desk import Desk

# the clock stands at Monday 23 November 2026, 09:00 in Berlin

TUESDAY = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@pytest.fixture
def agenda(desk: Desk) -> Agenda:
    return Agenda(desk.db, desk.clock, desk.platforms)


@pytest.fixture
def links(desk: Desk) -> Subscriptions:
    return Subscriptions(desk.db, desk.clock, desk.sealer)


async def titles(agenda: Agenda, desk: Desk) -> list[str]:
    return [event.title for event in await agenda.events(desk.actor)]


async def test_a_post_says_how_it_stands_and_stays_the_same_event_when_it_moves(desk: Desk, agenda: Agenda) -> None:
    post = await desk.draft("Tea time")
    assert await agenda.events(desk.actor) == []
    await desk.schedule.set(desk.actor, post.id, "tomorrow 9:00")
    [before] = await agenda.events(desk.actor)
    assert before.title == "#1 · Fake ann: Tea time (not approved yet)"
    assert (before.at, before.status) == (TUESDAY, "TENTATIVE")
    await desk.approve(post)
    await desk.schedule.set(desk.actor, post.id, "tomorrow 10:00")
    [after] = await agenda.events(desk.actor)
    assert (after.uid, after.title, after.status) == (before.uid, "#1 · Fake ann: Tea time (approved)", "CONFIRMED")
    assert after.sequence > before.sequence
    await desk.schedule.hold(desk.actor, post.id)
    [held] = await agenda.events(desk.actor)
    assert (held.status, held.title) == ("TENTATIVE", "#1 · Fake ann: Tea time (on hold)")
    await desk.schedule.cancel(desk.actor, post.id)
    assert await agenda.events(desk.actor) == []


async def test_it_reaches_from_thirty_days_ago_to_half_a_year_ahead(desk: Desk, agenda: Agenda) -> None:
    post = await desk.now("Tea time")
    [leaving] = await agenda.events(desk.actor)
    await desk.run()
    sent_at = desk.clock.now()
    [event] = await agenda.events(desk.actor)
    assert event.title == "#1 · Fake ann: Tea time (published)"
    assert event.sequence > leaving.sequence, "it has an address now"
    assert event.url == (await desk.delivery(post)).url != ""
    far = await desk.draft("Far")
    await desk.due(far, AHEAD + timedelta(days=1))
    assert len(await agenda.events(desk.actor)) == 1
    desk.clock.set(sent_at + BACK + timedelta(seconds=1))
    assert await titles(agenda, desk) == ["#2 · Fake ann: Far (not approved yet)"]


async def test_free_slots_plans_and_series_are_in_it(desk: Desk, agenda: Agenda) -> None:
    slots, series = Slots(desk.db, desk.clock, desk.platforms), SeriesOfPosts(desk.db, desk.clock, desk.platforms)
    [account] = await desk.accounts.connected(desk.actor.workspace_id)
    await slots.add(desk.actor, account.id, "Tue 9:00")
    assert [event.at for event in await agenda.events(desk.actor)] == [TUESDAY + timedelta(weeks=n) for n in range(4)]
    queued = await desk.draft("Queued")
    await desk.schedule.queue(desk.actor, queued.id)
    found = await titles(agenda, desk)
    assert found[0] == "#1 · Fake ann: Queued (not approved yet)"
    assert found[1:] == ["Fake ann: free slot (nothing in it yet)"] * 3
    place = await Transcript(desk.db, desk.clock).open(desk.actor.workspace_id, "web", "x")
    await Plans(desk.db, desk.clock).add(desk.actor, place, "every Wednesday 9:00, 2 times", "Draft a\ntip")
    assert (await titles(agenda, desk)).count("Draft a tip (plan)") == 2
    cake = await series.propose(desk.actor, (await desk.draft("Cake")).id, "every Friday 17:00, 3 times")
    assert (await titles(agenda, desk)).count("#2: Cake (series, proposed)") == 3
    await series.approve(desk.actor, cake.id, 1, button="press")
    found = await titles(agenda, desk)
    assert found.count("#2: Cake (series, approved)") == 2
    assert found.count("#3 · Fake ann: Cake (approved)") == 1  # the one that is made stands there as a post
    uids = [event.uid for event in await agenda.events(desk.actor)]
    assert len(set(uids)) == len(uids)
    assert uids == [event.uid for event in await agenda.events(desk.actor)]
    async with desk.db.writing() as session:
        await session.execute(update(Account).values(state="disconnected"))
    assert not any("free slot" in title for title in await titles(agenda, desk))


WILD = Event(
    uid="delivery_1@copydesk",
    at=TUESDAY.replace(microsecond=5),
    kind="post",
    status="CONFIRMED",
    state="approved",
    words='=HYPERLINK("x"), 50 % off; back\\slash — Grüße 🎂\nBEGIN:VEVENT \x07 ' + "ü" * 90,
    number=12,
    account="Mastodon @acme",
    url="https://mastodon.example/@acme/1",
    sequence=3,
)


def test_what_is_written_as_icalendar_is_read_back_the_same() -> None:
    written = as_ical([WILD, replace(WILD, uid="plan_1@copydesk", url="", number=0, account="")], TUESDAY)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    assert b"\n" not in written.replace(b"\r\n", b"")
    calendar = Calendar.from_ical(written)
    first, second = calendar.walk("VEVENT")
    assert str(first["SUMMARY"]) == WILD.title.replace("\x07", " ")
    assert (first.decoded("DTSTART"), first.decoded("DTSTAMP")) == (TUESDAY, TUESDAY)
    assert b"DTSTART:20261124T080000Z" in written
    assert (str(first["UID"]), first["SEQUENCE"], str(first["STATUS"])) == (WILD.uid, 3, "CONFIRMED")
    assert str(first["URL"]) == WILD.url
    assert "URL" not in second
    assert b"X-PUBLISHED-TTL:PT1H" in written
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H" in written


@pytest.mark.parametrize("begins", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_the_table_is_a_formula(begins: str) -> None:
    told = replace(WILD, words=begins, account=begins, url=begins)
    [_, row] = csv.reader(StringIO(as_csv([told], "Europe/Berlin").decode("utf-8-sig"), newline=""))
    for cell in (row[6], row[8], row[9]):
        assert cell.startswith("'")


def test_the_table_is_quoted_as_spreadsheets_read_it() -> None:
    written = as_csv([WILD, replace(WILD, words='say "hi", all', number=0)], "Europe/Berlin")
    assert written.startswith(b"\xef\xbb\xbfDate,Time,Zone,UTC,")
    assert written.endswith(b"\r\n")
    rows = list(csv.reader(StringIO(written.decode("utf-8-sig"), newline="")))
    assert rows[1][:6] == ["2026-11-24", "09:00", "Europe/Berlin", "2026-11-24T08:00:00Z", "post", "#12"]
    assert rows[1][8].startswith("'=HYPERLINK")
    assert (rows[2][5], rows[2][8]) == ("", 'say "hi", all')


async def test_an_address_is_kept_told_again_and_ended_by_the_next(desk: Desk, links: Subscriptions) -> None:
    secret = await links.secret(desk.actor)
    assert len(secret) > 40
    assert await links.secret(desk.actor) == secret
    assert (await links.whose(secret)).member_id == desk.actor.member_id
    [row] = await desk.rows(CalendarLink)
    assert secret not in row.token_hash
    assert secret.encode() not in row.sealed
    new = await links.renew(desk.actor)
    assert new != secret
    with pytest.raises(NotFound):
        await links.whose(secret)
    assert (await links.whose(new)).member_id == desk.actor.member_id


async def test_each_member_has_an_own_one_and_a_guest_has_none(
    desk: Desk, links: Subscriptions, agenda: Agenda
) -> None:
    viewer, guest = await desk.member(Role.VIEWER), await desk.member(Role.GUEST)
    assert await links.renew(viewer) != await links.secret(desk.actor)
    for refused in (links.secret(guest), links.renew(guest), agenda.events(guest)):
        with pytest.raises(NotAllowed):
            await refused
    with pytest.raises(NotFound):
        await links.whose("")


async def test_an_address_sealed_with_a_lost_key_is_made_anew(desk: Desk, links: Subscriptions) -> None:
    secret = await links.secret(desk.actor)
    async with desk.db.writing() as session:
        await session.execute(update(CalendarLink).values(sealed=b"nothing"))
    again = await links.secret(desk.actor)
    assert again != secret
    assert (await links.whose(again)).member_id == desk.actor.member_id
