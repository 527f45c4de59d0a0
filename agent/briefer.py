"""Gathers what the desk knows at the start of a turn."""

from collections.abc import Sequence

from agent.briefing import AccountLine, Briefing, DraftLine, HeadlineLine
from content.desk import Desk
from content.people import Actor
from content.plans import PlanView
from content.views import PostView
from memory.recall import Recall

DRAFTS, MEMORIES, HEADLINES, BEST, PLANS = 8, 4, 5, 3, 5


class Briefer:
    """Reads the services; changes nothing."""

    def __init__(self, desk: Desk, recall: Recall, *, guided: bool) -> None:
        self._desk = desk
        self._recall = recall
        self._guided = guided

    async def brief(self, actor: Actor, text: str, *, selected: int = 0, images: Sequence[str] = ()) -> Briefing:
        """The briefing for what this member just said."""
        desk, workspace = self._desk, actor.workspace_id
        accounts = await desk.accounts.connected(workspace)
        slots = {one.account_id: ", ".join(one.times) for one in await desk.slots.list(workspace)}
        posts = await self._posts(workspace, selected)
        headlines = await desk.research.recent(workspace, HEADLINES)
        return Briefing(
            now=desk.clock.now(),
            zone=actor.zone,
            speaker=actor.name,
            accounts=tuple(
                AccountLine(a.platform, a.label, a.handle, a.limit, a.unit, slots.get(a.id, "")) for a in accounts
            ),
            drafts=tuple(_line(post) for post in posts),
            selected=selected,
            images=tuple(images),
            voice=await desk.voice.as_text(workspace),
            goals=tuple(goal.words for goal in await desk.goals.progress(workspace)),
            memories=tuple(found.text for found in await self._recall.recall(workspace, text, MEMORIES)),
            headlines=tuple(HeadlineLine(h.title, h.url, h.source, h.day) for h in headlines),
            best_posts=tuple(post.words for post in await desk.results.best_posts(workspace, BEST)),
            blackouts=tuple(one.words for one in (await desk.guards.view(workspace)).blackouts),
            plans=_plans(await desk.plans.list(workspace)),
            guided=self._guided,
        )

    async def _posts(self, workspace_id: str, selected: int) -> list[PostView]:
        """The newest open posts, and the one being talked about whatever its state."""
        posts = await self._desk.posts.open_posts(workspace_id, DRAFTS)
        if selected and all(post.number != selected for post in posts):
            posts.append(await self._desk.posts.numbered(workspace_id, selected))
        return posts


def _plans(plans: Sequence[PlanView]) -> tuple[str, ...]:
    """The next few, and how many there are besides."""
    shown = [f"“{' '.join(one.instruction.split())[:80]}”, {one.when}" for one in plans[:PLANS]]
    return (*shown, *([f"and {len(plans) - PLANS} more"] if len(plans) > PLANS else []))


def _line(post: PostView) -> DraftLine:
    accounts = tuple(one.rendering.label for one in post.deliveries)
    parts = tuple(part.text for part in post.deliveries[0].rendering.parts)
    return DraftLine(post.number, post.state.value.replace("_", " "), post.words, accounts, parts)
