"""Draws the card of any row, as it is now, for whoever looks."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, time

from bot.cards import accounts_card, calendar_card, post_card, queue_card
from bot.chat import Card, Group, Row
from bot.consent_card import consent_card
from bot.copy_card import copy_card
from bot.guard_card import standing_words
from bot.late_card import late_card
from bot.plans_card import plans_card
from bot.report_card import WEEKS, report_card
from bot.rules import settings_card
from bot.series_card import series_card
from bot.slots_card import slots_card
from content.desk import Desk
from content.errors import Busy, ContentError, NotFound
from content.models import Role
from content.people import Actor
from content.spans import SPANS, stretch
from content.times import zone

log = logging.getLogger(__name__)

HEADLINES = 8
"""Headlines on one card."""
BEST = 5
"""Posts in a report's table."""
_BANNERED = ("post", "queue", "calendar")
"""Kinds of cards that show what would go out."""
MOST_QUEUED = 25
"""Posts under way on one card."""


class Drawing:
    """One method a kind of row; `draw` finds the right one by the subject's kind."""

    def __init__(self, desk: Desk, base: Callable[[], str]) -> None:
        """`base` is the address of the desk's page, without a slash at its end."""
        self._desk = desk
        self.base = base
        self._kinds: dict[str, Callable[[Actor, str], Awaitable[Card | None]]] = {
            "post": self._post,
            "calendar": self._calendar,
            "findings": self._findings,
            "goals": self._goals,
            "accounts": self._accounts,
            "connect": self._connect,
            "queue": self._queue,
            "settings": self._settings,
            "report": self._report,
            "copy": self._copy,
            "slots": self._slots,
            "late": self._late,
            "series": self._series,
            "plans": self._plans,
        }

    async def draw(self, subject: str, actor: Actor) -> Card | None:
        """The card of `kind:id`, or None where there is nothing to draw any more, or nothing that can be read."""
        kind, _, name = subject.partition(":")
        drawer = self._kinds.get(kind)
        if drawer is None or (actor.role is Role.GUEST and kind != "post"):
            return None
        try:
            card = await drawer(actor, name)
            return card and await self._under_banner(card, actor)
        except NotFound:
            return None
        except Busy:
            raise  # a moment later it can be drawn
        except ContentError as trouble:  # as after a change of the sealing key; one card must not stop what shows it
            log.warning("card.not_drawn", extra={"subject": subject, "code": trouble.code, "why": trouble.message})
            return None

    async def _under_banner(self, card: Card, actor: Actor) -> Card:
        """That everything is on hold, or only rehearsed, stands on every card of what would go out."""
        if card.subject.partition(":")[0] not in _BANNERED or card.tone == "good":
            return card
        standing = await self._desk.guards.switch.standing(actor.workspace_id)
        words = standing_words(standing, actor.zone, self._desk.clock.now())
        return replace(card, notes=(words, *card.notes)) if words else card

    async def _accounts(self, actor: Actor, _name: str) -> Card:
        accounts = await self._desk.accounts.connected(actor.workspace_id)
        return accounts_card(accounts, self._desk.accounts.offers() if actor.may("connect") else ())

    async def _connect(self, actor: Actor, name: str) -> Card:
        consent = await self._desk.consents.view(actor, name)
        offer = self._desk.accounts.offer(consent.platform)
        return consent_card(consent, offer, self.base(), actor, self._desk.clock.now())

    async def _post(self, actor: Actor, name: str) -> Card:
        post = await self._desk.posts.view(actor.workspace_id, name)
        return post_card(post, actor.zone, self._desk.clock.now(), actor)

    async def _queue(self, actor: Actor, _name: str) -> Card:
        posts = await self._desk.posts.open_posts(actor.workspace_id, MOST_QUEUED)
        return queue_card(posts, actor.zone, self._desk.clock.now())

    async def _settings(self, actor: Actor, _name: str) -> Card:
        rules = await self._desk.approvals.policy.view(actor.workspace_id)
        guards = await self._desk.guards.view(actor.workspace_id)
        return settings_card(rules, guards, actor, self._desk.clock.now())

    async def _report(self, actor: Actor, _name: str) -> Card:
        weeks = await self._desk.reports.weeks(actor.workspace_id, actor.zone, WEEKS)
        begins = datetime.combine(weeks[0].start, time(), zone(actor.zone))
        best = await self._desk.results.best_posts(actor.workspace_id, BEST, begins)
        return report_card(weeks, best)

    async def _plans(self, actor: Actor, _name: str) -> Card:
        plans = await self._desk.plans.list(actor.workspace_id)
        return plans_card(plans, await self._desk.series.running(actor.workspace_id), actor)

    async def _series(self, actor: Actor, name: str) -> Card:
        series = await self._desk.series.view(actor.workspace_id, name)
        return series_card(series, actor.zone, self._desk.clock.now(), actor)

    async def _slots(self, actor: Actor, _name: str) -> Card:
        return slots_card(await self._desk.slots.list(actor.workspace_id), actor)

    async def _copy(self, actor: Actor, _name: str) -> Card | None:
        copy = await self._desk.copies.view(actor.workspace_id)
        return copy_card(copy, actor, self._desk.clock.now()) if copy else None

    async def _late(self, actor: Actor, where: str) -> Card | None:
        late = await self._desk.late.view(actor.workspace_id, where)
        return late_card(late, actor, self._desk.clock.now()) if late else None

    async def _calendar(self, actor: Actor, name: str) -> Card | None:
        span = next((one for one in SPANS if one == name), None)
        if span is None:
            return None
        now = self._desk.clock.now()
        entries = await self._desk.schedule.calendar(actor.workspace_id, *stretch(span, now, actor.zone))
        return calendar_card(entries, f"Calendar, {span}", actor.zone, now, subject=f"calendar:{span}")

    async def _findings(self, actor: Actor, topic: str) -> Card:
        found = await self._desk.research.recent(actor.workspace_id, HEADLINES, topic)
        rows = tuple(Row(one.title, f"{one.source}, {one.day}", one.url, one.published_at) for one in found)
        return Card(
            subject=f"findings:{topic}",
            title=f"What is moving about {topic}" if topic else "What is moving",
            status="" if rows else "Nothing found. Try other words, or name a feed.",
            groups=(Group("", rows),) if rows else (),
        )

    async def _goals(self, actor: Actor, _name: str) -> Card:
        goals = await self._desk.goals.progress(actor.workspace_id)
        rows = tuple(
            Row(goal.words, f"Next: {goal.next_step}", tone="good" if goal.on_track else "plain") for goal in goals
        )
        best = await self._desk.results.best_posts(actor.workspace_id, 3)
        well = tuple(Row(post.words, post.label, at=post.sent_at) for post in best)
        groups = tuple(group for group in (Group("Goals", rows), Group("Went well", well)) if group.rows)
        empty = "" if groups else "No goals yet. Say, for example: my goal is 3 posts a week."
        return Card(subject="goals:all", title="Goals", status=empty, groups=groups)
