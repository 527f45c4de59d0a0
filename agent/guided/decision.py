"""From a message to a move: outright orders first, then the guard, then the router, and buttons where it is not sure."""

from collections.abc import Callable, Mapping, Sequence

from agent.briefing import Briefing
from agent.guided import knowing, planning, replies, writing
from agent.guided.cues import CUES
from agent.guided.exemplars import TALK
from agent.guided.features import plain
from agent.guided.guard import refused
from agent.guided.moves import Choice, Move, say
from agent.guided.offers import hold, offers, outright, remembering
from agent.guided.router import Likely, Router
from agent.guided.slots import TIME, names_of

Maker = Callable[[str, Briefing], Move]

MAKERS: Mapping[str, Maker] = {
    "check_goals": knowing.check_goals,
    "draft_post": writing.draft,
    "forget": knowing.forget,
    "plan_recurring": planning.recurring,
    "recall": knowing.recall,
    "remember": knowing.remember,
    "request_approval": planning.approval,
    "research_trends": knowing.research,
    "revise_post": writing.revise,
    "schedule_post": planning.schedule,
    "set_goal": knowing.set_goal,
    "show_calendar": planning.calendar,
    TALK: replies.talk,
}

READS = frozenset({"show_calendar", "check_goals", "recall", "research_trends", TALK})
OUTWARD = frozenset({"schedule_post", "request_approval", "forget"})

READ_AT, WRITE_AT, OUTWARD_AT = (0.33, 0.08), (0.45, 0.2), (0.6, 0.3)
"""Least probability, and least lead over the next action: to look something up, to keep something, to move towards the
public or forget. Below, the likeliest actions are offered as buttons."""


LONGEST = 20_000
"""Characters of a message; longer than any post."""


async def decide(said: str, briefing: Briefing, router: Router) -> Move:
    """What to do with a message; the same message and briefing always give the same move."""
    if not said.strip():
        return _pictures(briefing)
    if len(said) > LONGEST:
        return _too_long(said)
    action = outright(said)
    if (no := _no(said, action, briefing)) is not None:
        return no
    if action:
        return MAKERS[action](said, briefing)
    if replies.is_about_connecting(said):
        return replies.connecting()
    ranked = await router.rank(said, names_of(briefing))
    if ranked[0].action == TALK and CUES["greets"].search(said.strip().lower()):
        return replies.talk(said, briefing)
    if _sure(ranked) and _asked_for(ranked[0].action, said, briefing):
        return MAKERS[ranked[0].action](said, briefing)
    choices = offers([likely.action for likely in ranked], said, briefing)
    return replies.unsure(choices)


def _no(said: str, action: str, briefing: Briefing) -> Move | None:
    """The answer to what shall not happen any more, or not at all; None: something shall."""
    if not action and planning.ends(said):
        return planning.ending(said, briefing)
    return replies.left_alone(_instead(said, briefing)) if refused(said) else None


def _sure(ranked: Sequence[Likely]) -> bool:
    best, second = ranked[0], ranked[1]
    least, lead = READ_AT if best.action in READS else OUTWARD_AT if best.action in OUTWARD else WRITE_AT
    return best.p >= least and best.p - second.p >= lead


def _asked_for(action: str, said: str, briefing: Briefing) -> bool:
    """Moving a post towards the public needs a word that says so, not just a likeness to other sentences."""
    text = plain(said, names_of(briefing))
    if action == "request_approval":
        return any(CUES[cue].search(text) for cue in ("approving", "publishing", "asking someone"))
    if action == "schedule_post":
        return TIME.search(text) is not None or CUES["scheduling"].search(text) is not None
    return True


def _instead(said: str, briefing: Briefing) -> list[Choice]:
    found = (hold(said, briefing), remembering(said), *offers(["show_calendar"], said, briefing))
    return [choice for choice in found if choice]


def _too_long(said: str) -> Move:
    return say(
        f"Your message has {len(said):,} characters and I read up to {LONGEST:,}, so I did nothing. Send it in pieces."
    )


def _pictures(briefing: Briefing) -> Move:
    if briefing.images:
        return say("What should go with the picture? Write “post this: …” with your words, or “draft a post about …”.")
    return replies.talk("", briefing)
