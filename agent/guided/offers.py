"""Buttons: for each action one sentence that asks for it outright, which the desk will understand when it is pressed."""

import re
from collections.abc import Callable, Sequence

from agent.briefing import Briefing
from agent.guided.exemplars import TALK
from agent.guided.matter import noted, sought, topic
from agent.guided.moves import Choice
from agent.guided.slots import names_of, post_number, timing, when_words

LONGEST = 600
"""Characters of a message that a button carries on."""

_OUTRIGHT = (
    (
        "plan_recurring",
        (
            r"(?:post|repeat|publish|share|send) (?:out )?(?:this(?: post| one)?|it|that|post #?\d+)(?: again)?,? (?!.*: \S)"
            r"(?=.*\b(?:every|each|daily|weekly|monthly|FREQ=))"
        ),
    ),
    (
        "draft_post",
        r"(?:draft|write) (?:a|an|one|two|three|four|some|\d{1,2}) (?:short )?(?:posts?|threads?) (?:about|on)\b|post these words:",
    ),
    ("draft_post", r"(?:draft|write)(?: (?:a|an|the|one|new|short|first))* (?:post|thread): ?\S"),
    (
        "draft_post",
        (
            r"(?:(?:can|could|would|will) you )?(?:please )?(?:draft|write|compose|put together) (?:us |me )?"
            r"(?:a |an |some|something|two |three )(?!.*\b(?:post|draft) ?#?\d)\S?"
        ),
    ),
    ("draft_post", r"(?:post|share|publish) (?:exactly )?(?:this|these words|the following)\b(?:[^:]|:(?=\d))*: ?\S"),
    (
        "revise_post",
        r"(?:change|revise|edit) post #?\d+\b|new text for post #?\d+:|(?:change|reword) post #?\d+ to\b:?",
    ),
    (
        "schedule_post",
        (
            r"(?:put|add|move|place) (?!.*\?)(?:\S+ ){1,3}(?:in|into|to|on) the queue\b|queue (?:it|this|that|post #?\d+)\b"
            r"|(?:use|take|give \S+(?: \d+)?|put \S+(?: \d+)? in(?:to)?) the next (?:free |open )?slot\b"
        ),
    ),
    ("schedule_post", r"(?:schedule|reschedule|unschedule|hold|release|cancel) post #?\d+\b"),
    ("show_calendar", r"(?:show )?(?:me )?(?:the )?calendar[.!?]*$"),
    ("plan_recurring", r"plan: "),
    (
        "research_trends",
        r"research (?!at|and|on our)\S|look up (?!my|your|what (?:i|we|you)\b)\S|what(?:'s| is) trending[.!?]*$",
    ),
    ("set_goal", r"set a goal\b|(?:new )?(?:goal|target): ?\S"),
    ("check_goals", r"check (?:the |my |our )?goals[.!?]*$"),
    ("remember", r"(?:remember(?:: | that )|(?:don't|do not|never) forget (?:that |about )?)\S"),
    ("recall", r"what do you know about \S"),
    ("forget", r"forget what you know about \S"),
    ("request_approval", r"(?:send|submit) post #?\d+ for approval[.!]*$"),
    (TALK, r"(?:help|what can you do|what is guided mode|how do i connect a model|never ?mind|leave it)[.!?]*$"),
)
_PATTERNS = [(action, re.compile(rf"^(?:please )?(?:{pattern})", re.IGNORECASE)) for action, pattern in _OUTRIGHT]


def outright(said: str) -> str:
    """The action a sentence asks for in so many words, as every button does; empty: it has to be guessed."""
    text = " ".join(re.sub(r":?\s*\n\s*", ": ", said.strip(), count=1).split()).replace("’", "'")
    return next((action for action, pattern in _PATTERNS if pattern.match(text)), "")


def offers(actions: Sequence[str], said: str, briefing: Briefing, most: int = 3) -> list[Choice]:
    """Buttons for the likeliest actions that make sense now, at most `most`."""
    made = (_MAKERS[action](" ".join(said.split())[:LONGEST], briefing) for action in actions if action in _MAKERS)
    return [choice for choice in made if choice][:most]


def _draft(said: str, briefing: Briefing) -> Choice | None:
    about = topic(said, names_of(briefing))
    named = about.lower() not in ("", "this", "that", "it")
    return Choice("Draft a post", f"draft a post about {about}") if named else None


def _revise(said: str, briefing: Briefing) -> Choice | None:
    number = post_number(said, briefing)
    return Choice(f"Change post {number}", f"change post {number}: {said}") if number else None


def _schedule(said: str, briefing: Briefing) -> Choice | None:
    number = post_number(said, briefing)
    action = timing(said).replace("set", "schedule")
    when = when_words(said) if action == "schedule" else ""
    return Choice(f"{action.capitalize()} post {number}", f"{action} post {number} {when}".strip()) if number else None


def _approval(said: str, briefing: Briefing) -> Choice | None:
    number = post_number(said, briefing)
    return Choice(f"Ask for approval of post {number}", f"send post {number} for approval") if number else None


def hold(said: str, briefing: Briefing) -> Choice | None:
    """A button that holds the post a sentence is about."""
    number = post_number(said, briefing)
    return Choice(f"Hold post {number}", f"hold post {number}") if number else None


def remembering(said: str) -> Choice | None:
    """A button that remembers a sentence, where it could be a rule and not just a remark on this post."""
    if len(said.split()) < 4 or re.search(r"\b(?:it|that|this|yet|now)\b|\bpost \d", said, re.IGNORECASE):
        return None
    return Choice("Remember that", f"remember: {noted(said)}")


def _recall(said: str, _: Briefing) -> Choice | None:
    return Choice("Look in memory", f"what do you know about {sought(said) or 'us'}")


def _forget(said: str, _: Briefing) -> Choice | None:
    about = sought(said)
    return Choice("Forget it", f"forget what you know about {about}") if about else None


_MAKERS: dict[str, Callable[[str, Briefing], Choice | None]] = {
    "draft_post": _draft,
    "revise_post": _revise,
    "schedule_post": _schedule,
    "show_calendar": lambda *_: Choice("Show the calendar", "show the calendar"),
    "plan_recurring": lambda said, _: Choice("Plan it regularly", f"plan: {said}"),
    "research_trends": lambda said, _: Choice("Look for trends", f"research {topic(said) or said}"),
    "set_goal": lambda said, _: Choice("Set a goal", f"set a goal: {said}"),
    "check_goals": lambda *_: Choice("Check the goals", "check the goals"),
    "remember": lambda said, _: Choice("Remember that", f"remember: {noted(said)}"),
    "recall": _recall,
    "forget": _forget,
    "request_approval": _approval,
}
