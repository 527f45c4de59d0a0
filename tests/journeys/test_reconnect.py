"""A login that ends: what is due waits, people are told once, and after connecting again it goes out by itself."""

from datetime import timedelta

from tests.journeys.desk import RunningDesk, connect_mastodon, mastodon


async def test_what_is_due_waits_for_the_login_and_goes_out_after_it(running_desk: RunningDesk) -> None:
    desk = running_desk
    async with mastodon(desk) as server:
        await desk.ask("Draft a post for Mastodon: We open at 7.")
        await desk.press("Schedule", when="tomorrow 9:00")
        await desk.press("Approve")
        server.lose_login()
        await desk.wait(timedelta(hours=24, minutes=20))  # from 9:00 in Berlin to 9:20 the next day
        assert server.posts() == []
        told = [one for one in await desk.person.messages() if not one.mine and "must be connected again" in one.text]
        assert len({one.ref for one in told if "#1 on Mastodon" in one.text}) == 1, [one.text for one in told]
        answer = await desk.press("Reconnect")
        assert answer["go_to"] == "/connect"

        await connect_mastodon(desk, server)
        await desk.settled()
        assert [post.text for post in server.posts()] == ["We open at 7."]
        assert any(one.startswith("Published #1") for one in await desk.person.answers())
