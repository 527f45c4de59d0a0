"""The calendar as a file: by a secret address without a cookie, as a table with one."""

from icalendar import Calendar

from content.wording import Wording
from tests.web.stand_in import StandIn


async def planned(desk: StandIn) -> None:
    post = await desk.app.desk.posts.draft(desk.owner, [Wording(("Tea time",))])
    await desk.app.desk.schedule.set(desk.owner, post.id, "tomorrow 9:00")


async def test_a_calendar_program_reads_it_without_signing_in(desk: StandIn) -> None:
    await planned(desk)
    secret = await desk.app.desk.subscriptions.secret(desk.owner)
    async with desk.browser() as browser:
        answer = await browser.get(f"/calendar/{secret}.ics")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.headers["cache-control"] == "private, max-age=300"
        assert "set-cookie" not in answer.headers
        [event] = Calendar.from_ical(answer.content).walk("VEVENT")
        assert str(event["SUMMARY"]).startswith("#1 · ")
        assert (await browser.head(f"/calendar/{secret}.ics")).status_code == 200


async def test_a_wrong_or_an_ended_address_shows_nothing(desk: StandIn) -> None:
    secret = await desk.app.desk.subscriptions.secret(desk.owner)
    await desk.app.desk.subscriptions.renew(desk.owner)
    async with desk.browser() as browser:
        for wrong in (secret, "x", "x" * 99):
            assert (await browser.get(f"/calendar/{wrong}.ics")).status_code == 404


async def test_the_table_is_for_who_is_signed_in(desk: StandIn) -> None:
    await planned(desk)
    async with desk.browser() as stranger:
        assert (await stranger.get("/calendar.csv")).status_code == 401
    async with desk.signed_in() as browser:
        answer = await browser.get("/calendar.csv")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert 'filename="copydesk-calendar.csv"' in answer.headers["content-disposition"]
        assert "Tea time" in answer.text
        assert "/calendar.csv" in (await browser.get("/calendar", headers={"accept": "text/html"})).text
