"""Who is who: strangers are told once how to be let in, members bring a one-time word and confirm it with a button."""

from collections.abc import Awaitable, Callable, Mapping

from bot.chat import Answer, Button, Card, OutMessage
from bot.native import Heard, Native, Outgoing, Pressed, Sender
from content.errors import ContentError, Invalid
from content.identities import Identities
from content.models import Role
from content.people import Actor

LINK, REFUSE = "link", "not_me"
ROLES = {role.value: role for role in (Role.ADMIN, Role.EDITOR, Role.APPROVER, Role.VIEWER, Role.GUEST)}


def brought_word(text: str) -> str:
    """The one-time word that a message brings (`/start WORD`, `link WORD`), or empty."""
    first, _, word = text.strip().partition(" ")
    word = word.strip()
    fits = word.replace("-", "").replace("_", "").isalnum() and 20 <= len(word) <= 64
    return word if first.casefold() in ("/start", "/link", "link", "start") and fits else ""


class Joining:
    """Letting people in."""

    def __init__(
        self,
        identities: Identities,
        natives: Mapping[str, Native],
        sign_in: Callable[[str], Awaitable[str]],
    ) -> None:
        self._identities = identities
        self._natives = natives
        self._sign_in = sign_in
        """The one-time address at which a member opens the desk's page."""

    # in a chat, by whoever is there

    async def stranger(self, native: Native, sender: Sender, address: str) -> None:
        """Tell somebody whom no desk knows how to be let in, once; after that, nothing."""
        if not await self._identities.first_time(native.name, sender.remote_id):
            return
        try:
            await native.note(address, sender.remote_id, self.unknown(native))
        except ContentError:
            await self._identities.not_told(native.name, sender.remote_id)
            raise

    def unknown(self, native: Native) -> str:
        """What somebody whom no desk knows is told."""
        return (
            "I do not know you yet, so I did nothing. If you are a member of a desk, type /link on its page or in the chat "
            f"where it knows you, and bring the word here. Else ask its owner to type /invite. {native.way_in('WORD')}"
        )

    async def bring(self, native: Native, heard: Heard, word: str) -> None:
        """Somebody brought a one-time word: ask them, by a button, whether it is theirs.

        Raises:
            NotAllowed: the word is unknown, used or too old.
            Invalid: it was brought where others read it.
        """
        if not heard.private:
            raise Invalid("That word is for you alone, and others read here. Send it to me in a private message.")
        sender = heard.sender
        name = await native.called(sender)
        claim = await self._identities.claim(word, native.name, sender.remote_id, name)
        what = f"as {claim.member_name}" if claim.member_name else f"as a new member, {claim.role}"
        card = Card(
            subject=f"invitation:{claim.invitation_id}",
            title=f"Join {claim.workspace_name}?",
            tone="asking",
            status=f"This {native.label} account ({name}) would belong to {claim.workspace_name}, {what}.",
            buttons=(
                Button(LINK, "Yes, that is me", claim.invitation_id, style="primary"),
                Button(REFUSE, "Not me", claim.invitation_id),
            ),
        )
        for number, piece in enumerate(native.render(Outgoing(claim.invitation_id, "", card))):
            await native.send(heard.address, piece, f"{claim.invitation_id}:{number}")

    async def decide(self, native: Native, press: Pressed, verb: str, invitation_id: str) -> Answer:
        """The button under that question was pressed.

        Raises:
            NotAllowed, Conflict: and nothing was changed.
        """
        remote_id = press.sender.remote_id
        if verb == REFUSE:
            await self._identities.refuse(invitation_id, native.name, remote_id)
            words = "Good that you said so. The word is void now, and nothing was linked."
        else:
            actor = await self._identities.accept(invitation_id, native.name, remote_id)
            words = f"Welcome, {actor.name}. I know you here now. Ask me for a draft, or type /help."
        [piece, *_] = native.render(Outgoing(invitation_id, words))
        await native.edit(press.ref, piece)
        return Answer(words)

    async def unlink(self, native: Native, heard: Heard) -> None:
        """A member wants to be unknown in this chat again."""
        await self._identities.unlink(native.name, heard.sender.remote_id)
        words = f"I do not know you in {native.label} any more. Nothing else changed; /link, elsewhere, undoes it."
        await native.note(heard.address, heard.sender.remote_id, words)

    # commands of members, in every chat

    async def link(self, actor: Actor) -> OutMessage:
        """A word that makes another chat's person and this member one."""
        if not self._natives:
            return OutMessage(
                "No other chat is connected to this desk yet. Its operator can add Slack or Telegram; “copydesk doctor” "
                "says how."
            )
        word = await self._identities.invite(actor, role=None)
        ways = "\n".join(f"- {native.way_in(word)}" for native in self._natives.values())
        return OutMessage(f"Bring this word within 15 minutes, and I know you there too:\n{ways}")

    async def login(self, actor: Actor) -> OutMessage:
        """A one-time address of the desk's page."""
        return OutMessage(
            f"This opens the desk's page as you, once, within the hour: {await self._sign_in(actor.member_id)}"
        )

    async def invite(self, actor: Actor, words: str) -> OutMessage:
        """A word that makes somebody a member: `/invite ROLE NAME`.

        Raises:
            Invalid: no such role.
            NotAllowed: the member may not invite.
        """
        role_word, _, name = words.strip().partition(" ")
        role = ROLES.get(role_word.casefold())
        if role is None:
            raise Invalid(
                f"Whom shall I invite, and as what? Type /invite, one of {', '.join(ROLES)}, and a name, such as: "
                "/invite approver Jo."
            )
        word = await self._identities.invite(actor, role=role, name=name.strip())
        ways = "\n".join(f"- {native.way_in(word)}" for native in self._natives.values())
        return OutMessage(
            f"Give this to {name.strip() or 'them'}. It works once, for three days, and makes them {role.value} here:\n{ways}"
        )
