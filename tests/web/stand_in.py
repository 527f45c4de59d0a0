"""The wired desk with a turn that only echoes, so that pages can be tested without a model."""

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx

from app.settings import Settings
from app.wiring import App, build
from bot.chat import Card, Choice, OutMessage, Place, Progress, Step
from bot.webchat import WebChat
from content.people import Actor
from content.times import Clock
from content.transcript import Waiting
from content.wording import Wording

BASE = "http://127.0.0.1:8321"


class StandIn:
    """The desk; `cards` are drawn for subjects that no row has."""

    def __init__(self, app: App, owner: Actor) -> None:
        self.app = app
        self.owner = owner
        self.cards: dict[str, Card] = {}
        app.handlers["turn"] = self._turn
        app.webchat._draw = self._draw

    @property
    def webchat(self) -> WebChat:
        return self.app.webchat

    async def place(self) -> Place:
        return await self.webchat.open(self.owner)

    async def token(self) -> str:
        return await self.app.people.invite(self.owner.member_id)

    def browser(self, base: str = BASE, **options: str) -> httpx.AsyncClient:
        """Somebody's browser that is not signed in yet."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app.site), base_url=base, headers=options)

    @asynccontextmanager
    async def signed_in(self) -> AsyncIterator[httpx.AsyncClient]:
        """The owner's browser."""
        async with self.browser() as browser:
            await browser.get("/", params={"token": await self.token()})
            yield browser

    async def _draw(self, subject: str, actor: Actor) -> Card | None:
        return self.cards.get(subject) or await self.app.drawing.draw(subject, actor)

    async def _turn(self, conversation_id: str) -> datetime | None:
        for one in await self.app.transcript.unhandled(conversation_id):
            await self._answer(one)
            await self.app.transcript.handled([one.id])
        return None

    async def _answer(self, one: Waiting) -> None:
        place = Place(one.conversation_id, one.workspace_id, one.chat, one.address)
        await self.webchat.progress(place, Progress((Step("reading your goals", True), Step("writing 1 of 1"))))
        wanted = re.match(r"Draft a post: (.+)", one.said.text, re.DOTALL)
        if wanted or one.said.images:
            images = await self.app.desk.media.files(one.workspace_id, list(one.said.images))
            post = await self.app.desk.posts.draft(
                self.owner,
                [Wording((wanted[1] if wanted else one.said.text,))],
                media=images,
                conversation_id=one.conversation_id,
            )
            card = await self.app.drawing.draw(f"post:{post.id}", self.owner)
            await self.webchat.post(place, OutMessage(card=card))
        about = f" about {one.said.reply_title}" if one.said.reply_title else ""
        await self.webchat.post(
            place,
            OutMessage(f"You said{about}: {one.said.text[:80]}", choices=(Choice("Say it again", one.said.text[:80]),)),
        )
        await self.webchat.progress(place, None)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Jobs run as soon as they are put, while the block runs."""
        bell = asyncio.Event()
        self.app.db.wake = bell.set

        async def work() -> None:
            while True:
                bell.clear()
                await self.app.jobs.run_all()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), 0.5)

        task = asyncio.create_task(work())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def standing_in(folder: Path, clock: Clock, migrated: Path, public_url: str = "") -> AsyncIterator[StandIn]:
    """A desk in this folder, with its built-in account connected."""
    shutil.copy(migrated, folder / "copydesk.db")
    settings = Settings(_env_file=None, data_dir=folder, zone="Europe/Berlin", public_url=public_url)
    app = build(settings, clock)
    owner = await app.people.open_desk("Europe/Berlin")
    await app.desk.accounts.connect_built_in(owner)
    try:
        yield StandIn(app, owner)
    finally:
        await app.close()
