"""The handlers of jobs about a post's yes: asking people in private, reminding them, and telling the author what came of it."""

from datetime import datetime

from bot.chat import OutMessage
from bot.decisions import clock_words
from bot.drawing import Drawing
from bot.telling import Telling
from bot.webchat.chat import NAME as OUR_PAGE
from content.desk import Desk
from content.models import PostState, Verdict
from content.people import People
from content.reviews import Question, Reviews
from content.transcript import Said, Transcript


class Reviewing:
    """Every handler may run twice for one job, and then says nothing more."""

    def __init__(
        self,
        desk: Desk,
        reviews: Reviews,
        people: People,
        transcript: Transcript,
        drawing: Drawing,
        telling: Telling,
    ) -> None:
        self._desk = desk
        self._reviews = reviews
        self._people = people
        self._transcript = transcript
        self._drawing = drawing
        self._telling = telling

    async def review(self, review_id: str) -> datetime | None:
        """Ask a person for their yes, in private."""
        question = await self._reviews.question(review_id)
        if question.open:
            await self._ask(question, "review", f"{question.asked_by} asks for your yes to")
        return None

    async def remind(self, review_id: str) -> datetime | None:
        """Ask once more, half-way to the deadline, whoever has not answered."""
        question = await self._reviews.question(review_id)
        if question.open and not question.reminded:
            await self._ask(question, "remind", f"{question.asked_by} still waits for your yes to")
            await self._reviews.reminded(review_id)
        return None

    async def _ask(self, question: Question, kind: str, words: str) -> None:
        member = await self._people.actor(question.member_id)
        post = await self._desk.posts.view(question.workspace_id, question.post_id)
        now = self._desk.clock.now()
        until = f", until {clock_words(question.due_at, member.zone, now)}" if question.due_at else ""
        card = await self._drawing.draw(f"post:{post.id}", member)
        place = await self._telling.private(member.member_id)
        message = OutMessage(_sentence(f"{words} #{post.number}{until}."), card)
        await self._telling.say(place, message, key=f"{kind}:{_key(question)}")

    async def expire(self, subject: str) -> datetime | None:
        """At the deadline (`post id:revision`): what nobody decided is a draft again; returns when to look again, if later."""
        return await self._reviews.expire(subject)

    async def expired(self, subject: str) -> datetime | None:
        """Tell the author (`post id:revision:deadline`), where the post belongs, that nobody decided in time."""
        post_id, revision, _ = subject.split(":", 2)
        workspace_id, names = await self._reviews.silent(post_id, int(revision))
        post = await self._desk.posts.view(workspace_id, post_id)
        if post.state is not PostState.DRAFT or post.revision != int(revision):
            return None  # somebody was faster: there is nothing to tell any more
        author = await self._people.actor(post.author_id)
        who = f"{_sentence(' and '.join(names))} did not answer in time" if names else "Too few said yes in time"
        text = f"{who}, so #{post.number} is a draft again. Nothing of it was published. Send it for approval again."
        card = await self._drawing.draw(f"post:{post.id}", author)
        place = await self._telling.where(post.conversation_id, post.author_id)
        await self._telling.say(place, OutMessage(text, card), key=f"expired:{subject}")
        return None

    async def changes(self, review_id: str) -> datetime | None:
        """Say what somebody wants changed in the post's conversation, as its author, so that a turn begins there."""
        question = await self._reviews.question(review_id)
        post = await self._desk.posts.view(question.workspace_id, question.post_id)
        if question.verdict is not Verdict.CHANGES or post.revision != question.revision:
            return None  # it was changed, or approved, meanwhile
        author = await self._people.actor(post.author_id)
        asks = _sentence(f"{question.member} asks for changes on #{post.number}")
        place = await self._telling.where(post.conversation_id, post.author_id)
        if place.chat != OUR_PAGE:  # other chats show only what members typed there themselves
            await self._telling.say(place, OutMessage(f"{asks}: “{question.note}”"), key=f"asked:{_key(question)}")
        said = Said(
            f"changes:{_key(question)}",
            f"{asks}: {question.note}",
            reply_to=f"post:{post.id}",
            reply_title=f"#{post.number}",
        )
        await self._transcript.say(author, place.conversation_id, said)
        return None


def _key(question: Question) -> str:
    """The same however often this answer is told, another for the next answer."""
    return f"{question.id}:{(question.decided_at or question.asked_at).isoformat()}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
