"""Where people are: the place of an address, and the private conversation where a member reads what is for them alone."""

from collections.abc import Mapping

from bot.chat import Place
from bot.native import Native
from bot.webchat.chat import NAME as OUR_PAGE
from content.errors import ContentError
from content.identities import Identities
from content.people import Actor, People
from content.transcript import Transcript


class Whereabouts:
    """Finds and opens places."""

    def __init__(
        self, transcript: Transcript, people: People, identities: Identities, natives: Mapping[str, Native]
    ) -> None:
        self._transcript = transcript
        self._people = people
        self._identities = identities
        self._natives = natives

    async def place(self, actor: Actor, chat: str, address: str, private: bool) -> Place:
        """The place at an address of a chat that keeps messages of its own; it is opened for the actor's workspace.

        Raises:
            NotFound: another workspace talks there.
        """
        conversation_id = await self._transcript.open(
            actor.workspace_id, chat, address, outward=True, member_id=actor.member_id if private else None
        )
        return Place(conversation_id, actor.workspace_id, chat, address)

    async def private(self, member_id: str) -> Place:
        """Where a member was seen last and reads alone; our own page where no chat knows them."""
        actor = await self._people.actor(member_id)
        for identity in await self._identities.of(member_id):
            native = self._natives.get(identity.chat)
            address = await self._address(native, identity.remote_id) if native else None
            if address:
                return await self.place(actor, identity.chat, address, private=True)
        return await page_of(self._transcript, actor.workspace_id, member_id)

    async def _address(self, native: Native, remote_id: str) -> str | None:
        try:
            return await native.private(remote_id)
        except ContentError:
            return None  # that chat is closed to us; the next one, or our page, will do


async def place_of(transcript: Transcript, conversation_id: str) -> Place:
    """Where a conversation is."""
    workspace_id, chat, address = await transcript.address(conversation_id)
    return Place(conversation_id, workspace_id, chat, address)


async def page_of(transcript: Transcript, workspace_id: str, member_id: str) -> Place:
    """A member's own conversation on our page."""
    conversation_id = await transcript.open(workspace_id, OUR_PAGE, member_id)
    return Place(conversation_id, workspace_id, OUR_PAGE, member_id)
