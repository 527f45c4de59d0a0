"""Two hard platforms connected from two chats, one post for four accounts, one login that runs out and one answer that is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.clock import FakeClock
from tests.journeys.chats import Chats, in_chats
from tests.journeys.desk import bluesky, mastodon, walk
from tests.servers.bluesky import BlueskyServer
from tests.servers.linkedin import SELF_SERVE, LinkedInServer
from tests.servers.mastodon import MastodonServer
from tests.servers.platform import PlatformServer
from tests.servers.running import serving
from tests.servers.slack import BOT, direct
from tests.servers.x import XServer

ANN, IN_SLACK = 7, "UANN"
TEXT = "We open at 7 on Saturday (really)."


@dataclass
class Scene:
    chats: Chats
    x: XServer
    linkedin: LinkedInServer
    mastodon: MastodonServer
    bluesky: BlueskyServer


@asynccontextmanager
async def scene(data: Path) -> AsyncIterator[Scene]:
    """Ann on Telegram and in Slack; Mastodon and Bluesky are connected, X and LinkedIn are set up."""
    clock = FakeClock()
    x, linkedin = XServer(clock), LinkedInServer(clock)
    linkedin.scopes, linkedin.renewable = SELF_SERVE, False
    async with serving(x.app) as x.url, serving(linkedin.app) as linkedin.url:
        given: dict[str, Any] = {f"x_{name}": one for name, one in x.given.items()}
        given |= {f"linkedin_{name}": one for name, one in linkedin.given.items()}
        async with in_chats(data, clock, **given) as chats, mastodon(chats.desk) as masto, bluesky(chats.desk) as blue:
            await chats.join_telegram(ANN)
            await chats.join_slack(IN_SLACK)
            yield Scene(chats, x, linkedin, masto, blue)


async def go(chats: Chats, address: str, server: PlatformServer, *, allow: bool = True) -> str:
    """The person opens the button's address on their phone, where nobody is signed in to the desk."""

    async def consent(url: str) -> dict[str, str]:
        return dict(await server.walk(url, allow=allow))

    async with httpx.AsyncClient(base_url=chats.desk.url, follow_redirects=True) as phone:
        shown = await walk(phone, address.removeprefix(chats.desk.url), consent)
    await chats.settled()
    return shown


async def connect_x_on_telegram(at: Scene) -> None:
    [accounts] = [one for one in await at.chats.on_telegram(ANN, "/connect") if "Connect X" in one.buttons()]
    await at.chats.press_on_telegram(ANN, accounts, "Connect X")
    message = at.chats.telegram.newest(ANN, "Open X")
    assert "You allow the desk to see who you are there" in message.text
    address = message.buttons()["Open X"]["url"]
    assert "was not allowed" in await go(at.chats, address, at.x, allow=False)
    assert "access was not allowed" in message.text
    assert set(message.buttons()) == {"Try again"}
    await at.chats.press_on_telegram(ANN, message, "Try again")
    again = at.chats.telegram.newest(ANN, "Open X")
    assert "Connected: X ana" in await go(at.chats, again.buttons()["Open X"]["url"], at.x)
    assert "Connected: X ana" in again.text
    assert again.buttons() == {}


async def connect_linkedin_in_slack(at: Scene) -> None:
    said = await at.chats.in_slack(IN_SLACK, f"<@{BOT}> /connect")
    accounts = next(one for one in said if "Connect LinkedIn" in one.buttons())
    await at.chats.press_in_slack(IN_SLACK, accounts, "Connect LinkedIn")
    message = next(
        one for one in reversed(at.chats.slack.in_channel(direct(IN_SLACK))) if "Open LinkedIn" in one.buttons()
    )
    assert "Connected: LinkedIn Ana Smith" in await go(at.chats, message.buttons()["Open LinkedIn"]["url"], at.linkedin)
    assert "Connected: LinkedIn Ana Smith" in message.words
    assert message.buttons() == {}


async def test_three_links_and_one_question(data: Path) -> None:
    async with scene(data) as at:
        chats = at.chats
        await connect_x_on_telegram(at)
        await connect_linkedin_in_slack(at)
        said = await chats.on_telegram(ANN, f"Draft a post for X, LinkedIn, Mastodon and Bluesky: {TEXT}")
        card = next(one for one in said if "Post now" in one.buttons())
        assert "Posting costs on X about $0.015" in card.text
        at.x.expire_logins()
        at.linkedin.faults.add("POST /rest/posts", "drop_after")
        await chats.press_on_telegram(ANN, card, "Post now")
        for _ in range(3):
            if any("got no answer" in one.text for one in chats.telegram.at(ANN)):
                break
            await chats.desk.wait(timedelta(minutes=1))
        servers = (at.x, at.linkedin, at.mastodon)
        assert [[post.text for post in server.posts()] for server in servers] == [[TEXT]] * 3
        assert [post["text"] for post in at.bluesky.posts()] == [TEXT]
        assert at.x.exchanges == 1
        told = [one.text for one in chats.telegram.at(ANN) if one.text.startswith("Published #1")]
        links = [line for line in told[-1].splitlines() if "https://" in line or "http://" in line]
        assert len(links) == 3, told
        assert any(f"https://x.com/ana/status/{at.x.posts()[0].remote_id}" in line for line in links)
        question = chats.telegram.newest(ANN, "It is live")
        assert any(
            one.text.startswith("#1 on LinkedIn: I sent it to LinkedIn and got no answer")
            for one in chats.telegram.at(ANN)
        )
        assert {"It is live", "It is not, send it"} <= set(question.buttons())
        await chats.press_on_telegram(ANN, question, "It is live")
        assert len(at.linkedin.posts()) == 1
        assert "It is live" not in chats.telegram.at(ANN)[-1].buttons()
