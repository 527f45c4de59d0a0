"""Chats are connected once the port is open; one that cannot be holds up nothing; the doctor looks at each."""

from pathlib import Path

import httpx
import pytest

from app import chats as connecting
from app.chats import Chats, lived_in, wire
from app.doctor import examine_chat
from app.serve import open_desk
from app.wiring import App, build
from bot.hearing import WELCOME
from content.errors import Invalid
from content.receiving import RawRequest
from tests.journeys.chats import both, in_chats, settings_of
from tests.journeys.desk import settings_for
from tests.servers.slack import direct


async def test_the_chats_that_are_set_up_are_connected(data: Path) -> None:
    async with in_chats(data) as chats:
        assert set(chats.desk.app.talking.natives) == {"slack", "telegram"}
        owner = await chats.desk.owner()
        await chats.desk.app.talking.installed(owner, "slack", "T1", "Bakery", "T1:UANN")
        await chats.settled()
        [welcome] = chats.slack.in_channel(direct("UANN"))
        assert welcome.words.startswith(WELCOME)
        assert "Connect an account" in welcome.buttons()
        assert await chats.desk.app.talking.identities.home("slack", "T1") == owner.workspace_id


async def test_before_a_chat_is_loaded_it_is_asked_to_deliver_again(data: Path) -> None:
    app = build(settings_for(data, slack_bot_token="xoxb-1", slack_signing_secret="s"))
    Chats(app)
    answer = await app.receivers["slack"].receive(RawRequest("POST", "events", "", {}, b"{}"))
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    await app.close()


async def test_a_chat_that_cannot_be_loaded_is_named_and_the_rest_goes_on(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_app: App) -> connecting.Wired:
        raise OSError("out of luck")

    async with both() as (slack, telegram):
        app = build(settings_for(data, **settings_of(slack, telegram)))
        await open_desk(app)
        monkeypatch.setitem(connecting.WIRERS, "slack", broken)
        chats = Chats(app)
        said = await chats.open()
        assert said[0].startswith("Slack could not be connected: OSError, see the log.")
        assert said[1] == "I am in Telegram too."
        await chats.hang_up()
        await app.close()


async def test_an_unknown_chat_and_one_that_is_not_set_up_are_refused(data: Path) -> None:
    app = build(settings_for(data))
    assert lived_in(app.settings) == ()
    with pytest.raises(Invalid, match="no chat called irc"):
        await wire(app, "irc")
    with pytest.raises(Invalid, match=r"docs/slack.md says how"):
        await wire(app, "slack")
    await app.close()


@pytest.mark.parametrize("name", ["slack", "telegram"])
async def test_the_doctor_looks_at_a_chat(data: Path, name: str) -> None:
    async with both() as (slack, telegram):
        settings = settings_for(data, **settings_of(slack, telegram))
        said = "\n".join([line async for line in examine_chat(settings, name)])
    assert said.startswith("✓ The token works: I am ")


async def test_the_doctor_says_what_is_not_set_up_or_half_set_up(data: Path) -> None:
    assert [line async for line in examine_chat(settings_for(data), "telegram")] == [
        "✗ Telegram is not set up. docs/telegram.md says how, in five steps."
    ]
    [half] = [line async for line in examine_chat(settings_for(data, slack_bot_token="xoxb-1"), "slack")]
    assert "COPYDESK_SLACK_SIGNING_SECRET" in half


async def test_health_is_told_while_a_chat_is_down(data: Path) -> None:
    async with in_chats(data) as chats:
        chats.slack.tokens.clear()
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(f"{chats.desk.url}/health")).json() == {"status": "ok"}
