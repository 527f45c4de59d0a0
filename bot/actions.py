"""A press of a button: who is it, may they, is the revision current, and only then one change. Every press gets an answer."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.answers import counted, leaving_words, press_name, released_words
from bot.chat import Action, Answer
from bot.consent_card import way_in
from bot.decisions import EVERYBODY
from bot.guard_actions import GuardActions
from bot.guard_card import caution_notes, going_words
from bot.late_card import MINUTES_APART
from bot.repeating_actions import RepeatingActions
from bot.rules import read_rule, rule_words
from content.accounts import AccountView
from content.desk import Desk
from content.errors import Collision, ContentError, Invalid
from content.models import PostState
from content.repeating import repeats
from content.tracing import Tracing
from content.wording import Wording

MOST_DIGITS = 6
"""Of a number that somebody types."""
BY_HAND = "edited by hand"


class Actions:
    """One method a verb. The services verify; the redrawn card follows by itself."""

    def __init__(self, desk: Desk, tracing: Tracing) -> None:
        self._desk = desk
        self._tracing = tracing
        self._verbs: dict[str, Callable[[Action], Awaitable[Answer]]] = {
            **GuardActions(desk).verbs,
            **RepeatingActions(desk).verbs,
            "approve": self._approve,
            "post_now": self._post_now,
            "schedule": self._schedule,
            "hold": self._hold,
            "release": self._release,
            "cancel": self._cancel,
            "edit": self._edit,
            "undo_approval": self._undo,
            "undo_delete": self._undo,
            "undo_edit": self._undo,
            "undo_request": self._undo,
            "delete": self._delete,
            "count": self._count,
            "live": self._live,
            "resend": self._resend,
            "reconnect": self._reconnect,
            "connect": self._connect,
            "leave_connect": self._leave_connect,
            "disconnect": self._disconnect,
            "remove": self._remove,
            "request": self._request,
            "changes": self._changes,
            "delegate": self._delegate,
            "set_policy": self._set_policy,
            "late_spread": self._late_spread,
            "late_drop": self._late_drop,
        }

    async def press(self, action: Action) -> Answer:
        """What the press came to, in a sentence; a refusal says why and what to do."""
        verb = self._verbs.get(action.verb)
        if verb is None:
            return Answer(
                "This button is from another version of the desk. Use the buttons of the current card.", "bad"
            )
        try:
            try:
                return await verb(action)
            except Collision:  # whoever was faster is done by now, and the answer says what they did
                return await verb(action)
        except ContentError as error:
            return Answer(error.message, "bad")

    async def _approve(self, action: Action) -> Answer:
        post = await self._desk.approvals.approve(action.actor, action.id, action.revision, button=press_name(action))
        if post.state is not PostState.APPROVED:
            return Answer(counted(post))
        standing = await self._desk.guards.switch.standing(action.actor.workspace_id)
        return Answer(f"Approved #{post.number}. {leaving_words(post, standing, self._desk.clock.now())}")

    async def _post_now(self, action: Action) -> Answer:
        post = await self._desk.schedule.post_now(action.actor, action.id, action.revision, button=press_name(action))
        if post.state is not PostState.APPROVED:
            return Answer(f"{counted(post)} It does not go out now: press Post now again after that.")
        standing = await self._desk.guards.switch.standing(action.actor.workspace_id)
        return Answer(going_words(post.number, standing))

    async def _request(self, action: Action) -> Answer:
        who = action.form.get("who", "")
        members = () if who in ("", EVERYBODY) else (who,)
        post = await self._desk.approvals.request(action.actor, action.id, members)
        names = [one.name for one in post.deciding.asked]
        return Answer(f"#{post.number} waits for approval" + (f": I asked {', '.join(names)}." if names else "."))

    async def _changes(self, action: Action) -> Answer:
        note = action.form.get("note", "")
        post = await self._desk.approvals.request_changes(action.actor, action.id, action.revision, note)
        return Answer(f"#{post.number} is a draft again, and its author hears what should change.")

    async def _delegate(self, action: Action) -> Answer:
        who = action.form.get("who", "")
        post = await self._desk.approvals.delegate(action.actor, action.id, action.revision, who)
        return Answer(f"I asked {post.deciding.name_of(who)} about #{post.number} instead of you.")

    async def _set_policy(self, action: Action) -> Answer:
        name, value = read_rule(action.id, action.form)
        rules = await self._desk.approvals.policy.set(action.actor, **{name: value})  # type: ignore[arg-type]
        return Answer(f"From now on: {rule_words(name, rules)}.")

    async def _schedule(self, action: Action) -> Answer:
        when = action.form.get("when", "")
        if repeats(when):
            series = await self._desk.series.propose(action.actor, action.id, when)
            starts = series.starts_by(action.actor.member_id)
            words = f"#{series.post.number} would go out {series.when}. {starts}"
            return Answer(words, "asking", subject=f"series:{series.id}")
        scheduled = await self._desk.schedule.set(action.actor, action.id, when)
        approved = scheduled.post.state.value == "approved"
        still = "" if approved else " It still needs approval."
        warned = "".join(f" {words}" for words in caution_notes(scheduled.post))
        return Answer(f"#{scheduled.post.number} is planned for {scheduled.echo}.{still}{warned}")

    async def _late_spread(self, action: Action) -> Answer:
        apart = action.form.get("apart", "").strip() or str(MINUTES_APART)
        if not apart.isdecimal() or len(apart) > MOST_DIGITS:
            raise Invalid(f"“{apart}” is no number of minutes. Nothing was changed.")
        when, every = action.form.get("when", ""), timedelta(minutes=int(apart))
        spread = await self._desk.late.spread(action.actor, action.id, when, every)
        still = f" {spread.unapproved} of them still need approval." if spread.unapproved else ""
        return Answer(f"{spread.posts} posts go out {apart} minutes apart, the first {spread.first}.{still}")

    async def _late_drop(self, action: Action) -> Answer:
        dropped = await self._desk.late.drop(action.actor, action.id)
        return Answer(f"{dropped} late {'post is' if dropped == 1 else 'posts are'} cancelled and will not go out.")

    async def _hold(self, action: Action) -> Answer:
        post = await self._desk.schedule.hold(action.actor, action.id)
        return Answer(f"#{post.number} is on hold. Release lets it go out again.")

    async def _release(self, action: Action) -> Answer:
        post = await self._desk.schedule.release(action.actor, action.id)
        standing = await self._desk.guards.switch.standing(action.actor.workspace_id)
        return Answer(f"#{post.number} is released. {released_words(post, standing, self._desk.clock.now())}")

    async def _cancel(self, action: Action) -> Answer:
        post = await self._desk.schedule.cancel(action.actor, action.id)
        return Answer(f"What was left of #{post.number} is cancelled.")

    async def _edit(self, action: Action) -> Answer:
        wordings, alts = _read_edit(action.form)
        post = await self._desk.posts.revise(
            action.actor, action.id, wordings, change=BY_HAND, base=action.revision, alts=alts
        )
        return Answer(f"#{post.number} is now version {post.revision}.")

    async def _undo(self, action: Action) -> Answer:
        what = action.verb.replace("_", " ").capitalize()
        post = await self._desk.posts.undo(action.actor, action.id, action.revision, what)
        return Answer(f"Taken back. #{post.number} is version {post.revision} now.")

    async def _delete(self, action: Action) -> Answer:
        post = await self._desk.posts.discard(action.actor, action.id, action.revision)
        return Answer(f"#{post.number} is deleted. Undo brings it back.")

    async def _count(self, action: Action) -> Answer:
        await self._desk.results.count_now(action.actor, action.id)
        return Answer("Counted anew.")

    async def _live(self, action: Action) -> Answer:
        await self._tracing.settle(action.actor, action.id, live=True)
        return Answer("Noted: it is live. I will not send it again.")

    async def _resend(self, action: Action) -> Answer:
        await self._tracing.settle(action.actor, action.id, live=False)
        return Answer("Noted: it is not there. I am sending it now.")

    async def _reconnect(self, action: Action) -> Answer:
        account = await self._desk.accounts.view(action.actor.workspace_id, action.id)
        if self._desk.accounts.offer(account.platform).fields:
            words = "Connect the account again; what waits goes out after it."
            return Answer(words, "asking", "/connect", "accounts:all")
        return await self._begin(action, account.platform)

    async def _connect(self, action: Action) -> Answer:
        return await self._begin(action, action.id)

    async def _begin(self, action: Action, platform: str) -> Answer:
        result = await self._desk.consents.begin(
            action.actor,
            platform,
            action.form,
            callback_url=action.callback_url,
            conversation_id=action.place.conversation_id,
        )
        if isinstance(result, AccountView):
            return Answer(f"Connected: {result.words}. What is drafted from now on fits it too.")
        words = f"Go on at {result.label}; what comes of it stands here."
        return Answer(words, "asking", way_in(result), f"connect:{result.id}", on_card=result.private)

    async def _leave_connect(self, action: Action) -> Answer:
        left = await self._desk.consents.cancel(action.id, actor=action.actor)
        return Answer(left.words)

    async def _remove(self, action: Action) -> Answer:
        gone = await self._desk.removal.remove(action.actor, action.id)
        return Answer(f"Taken down: {', '.join(gone)}.")

    async def _disconnect(self, action: Action) -> Answer:
        account = await self._desk.accounts.disconnect(action.actor, action.id)
        planned = await self._desk.accounts.planned_on(account.id)
        posts = "1 post that is planned on it waits" if planned == 1 else f"{planned} posts that are planned on it wait"
        waits = f" {posts} until it is connected again." if planned else ""
        return Answer(f"{account.words} is disconnected. Its posts here are kept.{waits}")


def _read_edit(form: Mapping[str, str]) -> tuple[list[Wording], dict[str, str]]:
    """The edit form's fields `account id/part` and `alt/media id`, as wordings and descriptions.

    A part left empty is dropped; an account whose every part is empty is a mistake, since nothing could be posted there.
    """
    parts: dict[str, dict[int, str]] = {}
    alts: dict[str, str] = {}
    for name, value in form.items():
        account, _, part = name.partition("/")
        if account == "alt":
            alts[part] = value
        elif part.isdecimal():
            parts.setdefault(account, {})[int(part)] = value
    wordings = [
        Wording(tuple(text for _, text in sorted(texts.items()) if text.strip()), (account,))
        for account, texts in parts.items()
    ]
    if not wordings:
        raise Invalid("The edit held no text, so nothing was changed. Open the card's Edit again.")
    return wordings, alts
