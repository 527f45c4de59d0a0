"""From what somebody wants said to each account's content: assigned, fitted, with mentions and links looked up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from content import contents
from content.accounts import Accounts, AccountView
from content.database import Database
from content.errors import Invalid, PlatformError
from content.fitting import fit
from content.models import Account
from content.people import Actor
from content.platform import Content, Image, PartContent, Platform, Resolves, Video
from content.views import public_access

LONGEST = 20_000
"""Characters of one wording; more is a document, not a post."""


@dataclass(frozen=True)
class Wording:
    """What somebody wants said: one part or a thread's parts, on the named accounts or, for none, on all the others."""

    parts: tuple[str, ...]
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Composed:
    """One account's content, ready to be written into a revision."""

    account_id: str
    content: Content

    @property
    def digest(self) -> str:
        """What an approval of it is bound to."""
        return contents.digest(self.account_id, self.content)


class Composer:
    """Makes contents out of wordings. It may use the network, so it is called outside any transaction."""

    def __init__(self, db: Database, platforms: Mapping[str, Platform], accounts: Accounts) -> None:
        self._db = db
        self._platforms = platforms
        self._accounts = accounts

    async def compose(
        self,
        actor: Actor,
        wordings: Sequence[Wording],
        media: Sequence[Image | Video] | None,
        kept: Mapping[str, Content] | None = None,
        alts: Mapping[str, str] | None = None,
    ) -> list[Composed]:
        """Each account's content. `media` None keeps those of `kept`, the contents before this edit.

        `alts` gives pictures new descriptions, by media id.

        Raises:
            Invalid: nothing to say, far too much, several videos, or an account nobody connected.
        """
        wanted = await self._assign(actor.workspace_id, wordings)
        composed = []
        for account, parts in wanted.items():
            old = (kept or {}).get(account.id)
            shown = old or next(iter((kept or {}).values()), None)  # an account that joins gets the others' pictures
            seen = _described(tuple(media) if media is not None else _media(shown), alts or {})
            composed.append(await self._composed(account, parts, seen, old))
        return composed

    async def _assign(self, workspace_id: str, wordings: Sequence[Wording]) -> dict[AccountView, tuple[str, ...]]:
        """A wording that names an account goes before one that means all of them."""
        assigned: dict[AccountView, tuple[str, ...]] = {}
        for wording in sorted(wordings, key=lambda one: not one.accounts):
            _check(wording)
            for account in await self._accounts.matching(workspace_id, wording.accounts):
                assigned.setdefault(account, wording.parts)
        return assigned

    async def _composed(
        self, account: AccountView, parts: tuple[str, ...], media: tuple[Image | Video, ...], old: Content | None
    ) -> Composed:
        async with self._db.reading() as session:
            access = public_access(await session.get_one(Account, account.id))
        platform = self._platforms[account.platform]
        first, *rest = [part.strip() for part in parts]
        images = tuple(one for one in media if isinstance(one, Image))
        video = next((one for one in media if isinstance(one, Video)), None)
        wanted = (PartContent(first, images, video), *(PartContent(part) for part in rest))
        content = fit(platform, access, Content(wanted, dict(old.settings) if old else {}))
        return Composed(account.id, replace(content, resolved=await self._resolved(platform, account, content)))

    async def _resolved(self, platform: Platform, account: AccountView, content: Content) -> Mapping[str, Any]:
        if not isinstance(platform, Resolves):
            return {}
        try:
            return await platform.resolve(content, await self._accounts.access(account.id))
        except PlatformError:
            return {}  # unreachable now: mentions and links stay plain text, which the preview shows


def within(wording: Wording, account_ids: tuple[str, ...]) -> Wording:
    """An edit without named accounts means the accounts the post has, not every account there is."""
    return wording if wording.accounts else replace(wording, accounts=account_ids)


def _check(wording: Wording) -> None:
    size = sum(len(part) for part in wording.parts)
    if not wording.parts:
        raise Invalid("There is nothing to post. Say what it should be about, or write the text.")
    if size > LONGEST:
        raise Invalid(
            f"This text has {size:,} characters; a post may have {LONGEST:,}. Send a shorter text, or several posts."
        )


def _media(content: Content | None) -> tuple[Image | Video, ...]:
    """The pictures and videos of a content."""
    found: list[Image | Video] = []
    for part in content.parts if content else ():
        found += [*part.images, *([part.video] if part.video else [])]
    return tuple(found)


def _described(media: tuple[Image | Video, ...], alts: Mapping[str, str]) -> tuple[Image | Video, ...]:
    if sum(isinstance(one, Video) for one in media) > 1:
        raise Invalid("A post has room for one video, and these are several. Send one of them, or make several posts.")
    return tuple(replace(one, alt=alts.get(one.media_id, one.alt).strip()) for one in media)
