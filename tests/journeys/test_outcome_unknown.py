"""The platform took a post and its answer was lost: never a second one, and never a guess."""

from datetime import timedelta

from tests.journeys.desk import RunningDesk, bluesky, mastodon


async def test_bluesky_is_asked_and_the_post_is_found(running_desk: RunningDesk) -> None:
    desk = running_desk
    async with bluesky(desk) as server:
        server.faults.add("POST /xrpc/com.atproto.repo.createRecord", "drop_after")
        await desk.ask("Draft a post for Bluesky: We open at 7.")
        await desk.press("Post now")
        await desk.wait(timedelta(minutes=30))
        assert [post["text"] for post in server.posts()] == ["We open at 7."]
        assert any(one.startswith("Published #1") for one in await desk.person.answers())
        assert server.faults.left == 0


async def test_mastodon_is_asked_again_under_the_same_key(running_desk: RunningDesk) -> None:
    desk = running_desk
    async with mastodon(desk) as server:
        server.faults.add("POST /api/v1/statuses", "drop_after")
        server.instead["/api/v1/accounts/1/statuses"] = []  # its list does not show the post yet
        await desk.ask("Draft a post for Mastodon: We open at 7.")
        await desk.press("Post now")
        await desk.wait(timedelta(minutes=30))
        assert [post.text for post in server.posts()] == ["We open at 7."]
        keys = [one.headers["idempotency-key"] for one in server.seen if one.path == "/api/v1/statuses"]
        assert len(keys) == 2
        assert len(set(keys)) == 1
        assert any(one.startswith("Published #1") for one in await desk.person.answers())


async def test_a_person_who_sees_it_there_settles_it(running_desk: RunningDesk) -> None:
    desk = running_desk
    async with mastodon(desk) as server:
        server.faults.add("POST /api/v1/statuses", *["drop_after"] * 20)
        server.instead["/api/v1/accounts/1/statuses"] = []
        await desk.ask("Draft a post for Mastodon: We open at 7.")
        await desk.press("Post now")
        await desk.wait(timedelta(hours=2))
        card = await desk.person.card()
        assert "cannot tell me whether it is there" in card.text
        told = await desk.press("It is live", card)
        assert told["text"] == "Noted: it is live. I will not send it again."
        again = await desk.press("It is live", card)
        assert "settled already" in again["text"]
        await desk.wait(timedelta(hours=1))
        assert [post.text for post in server.posts()] == ["We open at 7."]


async def test_a_person_who_sees_nothing_has_it_sent(running_desk: RunningDesk) -> None:
    desk = running_desk
    async with mastodon(desk) as server:
        server.faults.add("POST /api/v1/statuses", *["drop_before"] * 20)
        server.instead["/api/v1/accounts/1/statuses"] = []
        await desk.ask("Draft a post for Mastodon: We open at 7.")
        await desk.press("Post now")
        await desk.wait(timedelta(hours=2))
        assert server.posts() == []
        while server.faults.left:
            server.faults.take("POST", "/api/v1/statuses")
        told = await desk.press("It is not, send it")
        assert told["text"] == "Noted: it is not there. I am sending it now."
        assert [post.text for post in server.posts()] == ["We open at 7."]
