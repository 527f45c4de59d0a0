"""The desk in Slack as others play it: Vercel's `emulate` 0.12.2. It has no Socket Mode and no buttons; those we sign ourselves."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from bot.native import Piece
from bot.slack.building import Slack, SlackSettings, build_slack
from content.people import Actor
from content.transcript import Line
from tests.bot.slack.desk import SlackDesk, _site
from tests.fakes.agent_desk import Opens
from tests.fakes.native import talking_desk
from tests.peers.slack import emulated_slack
from tests.servers.running import serving
from tests.servers.slack import SIGNING_SECRET, SlackServer, signed

pytestmark = pytest.mark.peers
PUBLIC = "https://desk.example"


@dataclass
class Emulated:
    """The desk, and somebody else's Slack."""

    there: SlackDesk
    slack: Slack
    api: str
    team: str
    ann: str
    channel: str

    async def ask(self, method: str, token: str = "xoxp-ann", **given: Any) -> Any:  # noqa: S107
        """A call of the Web API by somebody in the team."""
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{self.api}/api/{method}", json=given, headers={"authorization": f"Bearer {token}"}
            )
        told = answer.json()
        assert told["ok"], told
        return told

    async def thread(self, ts: str) -> list[dict[str, Any]]:
        """What stands in a thread, without its first message."""
        told = await self.ask("conversations.replies", channel=self.channel, ts=ts)
        return list(told["messages"][1:])

    async def until(self, count: int, ts: str) -> list[dict[str, Any]]:
        """The thread, once it has so many answers."""
        async with asyncio.timeout(20):
            while len(found := await self.thread(ts)) < count:
                await self.there.run()
                await asyncio.sleep(0.05)
        return found


@pytest.fixture
async def emulated(opens: Opens) -> AsyncIterator[Emulated]:
    """The desk is in channel `social`; Ann is the owner."""
    async with _emulated(await opens()) as found:
        yield found


@asynccontextmanager
async def _emulated(desk: Any, *, many: bool = False) -> AsyncIterator[Emulated]:
    installed: list[tuple[Actor, str, str, str]] = []

    async def keep(*what: Any) -> None:
        installed.append(what)

    async with talking_desk(desk) as talk:
        there = SlackDesk(talk, None, SlackServer(), installed)  # type: ignore[arg-type]
        async with serving(_site(there)) as ours:
            with emulated_slack(f"{ours}/hooks/slack/events", f"{PUBLIC}/hooks/slack/oauth_redirect") as api:
                settings = SlackSettings(
                    "" if many else "xoxb-desk", "", SIGNING_SECRET, "11.22" if many else "", "shh" if many else "",
                    f"{api}/api/", "sqlite+aiosqlite://", PUBLIC,
                )  # fmt: skip
                there.slack = slack = build_slack(
                    settings, clock=desk.clock, pace=talk.talking.pace, intake=talk.talking.arrivals,
                    read=desk.services.media.shown, sealer=desk.base.sealer, installed=keep,
                )  # fmt: skip
                there.server.events_url = f"{ours}/hooks/slack/events"
                await slack.start()
                await talk.talking.add(slack.chat)
                found = Emulated(there, slack, api, "", "", "")
                me = await found.ask("auth.test")
                found.team, found.ann = me["team_id"], me["user_id"]
                await talk.talking.identities.attach(desk.actor.member_id, "slack", f"{found.team}:{found.ann}", "Ann")
                rooms = await found.ask("conversations.list")
                found.channel = next(one["id"] for one in rooms["channels"] if one["name"] == "social")
                if not many:
                    await found.ask("conversations.join", "xoxb-desk", channel=found.channel)
                try:
                    yield found
                finally:
                    await talk.talking.close()
                    await slack.close()


async def test_a_thread_it_takes_part_in_is_answered_with_blocks(emulated: Emulated) -> None:
    root = await emulated.ask("chat.postMessage", channel=emulated.channel, text="What shall we post?")
    address = f"{emulated.team}/{emulated.channel}/{root['ts']}"
    await emulated.there.talk.talking.whereabouts.place(emulated.there.desk.actor, "slack", address, False)
    await emulated.ask("chat.postMessage", channel=emulated.channel, text="hello desk", thread_ts=root["ts"])
    said = await emulated.until(2, root["ts"])
    assert said[-1]["text"] == "ok"
    assert said[-1]["blocks"]


async def test_a_card_is_pressed_and_updated_in_place(emulated: Emulated) -> None:
    root = await emulated.ask("chat.postMessage", channel=emulated.channel, text="Here:")
    desk = emulated.there.desk
    post = await desk.base.draft("Cats are back.")
    address = f"{emulated.team}/{emulated.channel}/{root['ts']}"
    place = await emulated.there.talk.talking.whereabouts.place(desk.actor, "slack", address, False)
    await desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    [card] = await emulated.until(1, root["ts"])
    actions = [one for block in card["blocks"] if block["type"] == "actions" for one in block["elements"]]
    button = next(one for one in actions if one["text"]["text"] == "Approve")
    body = {
        "type": "block_actions",
        "team": {"id": emulated.team},
        "user": {"id": emulated.ann, "team_id": emulated.team},
        "trigger_id": "1.2.3",
        "channel": {"id": emulated.channel},
        "container": {
            "type": "message",
            "message_ts": card["ts"],
            "channel_id": emulated.channel,
            "thread_ts": root["ts"],
        },
        "actions": [{**button, "action_ts": "1.1"}],
    }
    headers, raw = signed(body, "interactive")
    async with httpx.AsyncClient() as client:
        answer = await client.post(emulated.there.server.events_url or "", content=raw, headers=headers)
    assert answer.status_code == 200
    async with asyncio.timeout(20):
        while "Approved" not in str((await emulated.thread(root["ts"]))[0]):
            await emulated.there.run()
            await asyncio.sleep(0.05)


async def test_a_picture_goes_in_three_steps(emulated: Emulated) -> None:
    out = BytesIO()
    Image.new("RGB", (3, 2), "red").save(out, "PNG")
    media = await emulated.there.desk.services.media.add(emulated.there.desk.actor, "cat.png", out.getvalue())
    piece = Piece({"kind": "file", "media_id": media.media_id, "title": "Picture 1", "alt": "A cat."}, "d")
    ref = await emulated.slack.chat.send(f"{emulated.team}/{emulated.channel}/", piece, "key:0")
    assert ref.startswith(f"{emulated.team}/{emulated.channel}:")


async def test_the_desk_is_installed_in_a_team(opens: Opens) -> None:
    async with _emulated(await opens(), many=True) as found:
        found.there.signed_in = found.there.desk.actor
        base = (found.there.server.events_url or "").removesuffix("/events")
        async with httpx.AsyncClient() as browser:
            begun = await browser.get(f"{base}/install")
            consent = await browser.get(begun.headers["location"])
            form = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', consent.text))
            [action] = re.findall(r'<form[^>]*action="([^"]+)"', consent.text)[:1]
            agreed = await browser.post(
                httpx.URL(found.api).join(action), data={k: v.replace("&amp;", "&") for k, v in form.items()}
            )
            back = urlsplit(agreed.headers["location"])
            cookie = {"cookie": begun.headers["set-cookie"].partition(";")[0]}
            done = await browser.get(f"{base}/oauth_redirect?{back.query}", headers=cookie)
        assert "Copydesk is in Bakery" in done.text
        assert [(team, name) for _, team, name, _ in found.there.installed] == [(found.team, "Bakery")]
        await found.ask("chat.postMessage", channel=found.channel, text="still here")
        assert await found.slack.chat._installations.token(found.team)
