"""Guided moves about texts: draft a post, change one."""

import re

from agent.briefing import Briefing
from agent.guided.drafts import drafts
from agent.guided.edits import edited
from agent.guided.guard import negated
from agent.guided.matter import for_time, own_words, topic
from agent.guided.moves import Call, Choice, Follow, Move, call, say
from agent.guided.slots import accounts_named, count, names_of, post_number, thread_parts, when_words

MOST = 4
"""Tools called in one turn."""

_THEN = re.compile(
    r"(?:\band\b|\bthen\b|,|\.)\s+(?:then\s+)?((?:schedule|plan|post|publish|send|submit|get|put|let)\b.*)$",
    re.IGNORECASE,
)
_APPROVAL = re.compile(r"\bapprov|\bsign(?:ed)? off\b|\breview\b", re.IGNORECASE)
_CHANGED_TO = re.compile(r"(?:please )?(?:change|reword) post #?\d+ to\b:?\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_NEW_TEXT = re.compile(
    r"\b(?:new|whole|full|following|this|the) (?:text|version|wording)\b|\b(?:text|it) (?:to|into|say):", re.IGNORECASE
)
_EASY = ("make it shorter", "no hashtags", "no emoji", "remove the last sentence", "no exclamation marks")


def draft(said: str, briefing: Briefing) -> Move:
    """New posts: the person's own words untouched, or template drafts from as many angles as posts are asked for."""
    words = own_words(said)
    if words:
        return _in_own_words(said, words, briefing)
    about = topic(said, names_of(briefing))
    if not about:
        return _ask_topic(briefing)
    wanted = count(said)
    made = drafts(about, briefing, min(wanted, MOST), thread_parts(said))
    calls = [_call(each.brief, list(each.parts), said, briefing) for each in made]
    follow = _follow(said) if len(calls) == 1 else None
    return Move(calls=calls, follow=follow, closing=_closing(about, wanted))


def _in_own_words(said: str, words: str, briefing: Briefing) -> Move:
    head = said[: said.index(words)]
    parts = [part.strip() for part in re.split(r"\n\s*\n", words)] if thread_parts(head) > 1 else [words]
    when = "" if negated(head) else when_words(head)
    follow = Follow("schedule_post", when) if when else None
    return Move(calls=[_call("in your own words", parts, head, briefing)], follow=follow)


def _call(brief: str, parts: list[str], said: str, briefing: Briefing) -> Call:
    variants = [{"accounts": accounts_named(said, briefing), "parts": parts}]
    return Call("draft_post", {"brief": brief, "variants": variants, "images": list(briefing.images)})


def _follow(said: str) -> Follow | None:
    """The second step of “… and schedule it for Friday 9:00” or “… and send it for approval”; never after a negation."""
    then = _THEN.search(said)
    if negated(said):
        return None
    if then and _APPROVAL.search(then[1]):
        return Follow("request_approval")
    when = when_words(then[1]) if then else for_time(" ".join(said.split()))
    return Follow("schedule_post", when) if when else None


def _closing(about: str, wanted: int) -> str:
    if wanted > MOST:
        return f"I make {MOST} at a time; say “draft a post about {about}” for the next."
    return "Each is a template from another angle; put in what only you can know." if wanted > 1 else ""


def _ask_topic(briefing: Briefing) -> Move:
    known = [headline.title for headline in briefing.headlines] + list(briefing.memories)
    choices = [Choice(about[:60], f"draft a post about {about[:200]}") for about in known[:3]]
    return say(
        "What should the post be about? Say “draft a post about …”, or “post this: …” with your own words.", *choices
    )


def revise(said: str, briefing: Briefing) -> Move:
    """New text for an open post: the words given, or an edit that rules can make; else it says what is missing."""
    number = post_number(said, briefing)
    if not number:
        return say("There is no open post to change. I can make one.", Choice("Draft a post", "draft a post"))
    handed = _CHANGED_TO.match(said.strip())
    if handed:
        return _revision(number, "", [handed[1].strip().strip('“”"')], "new words", briefing)
    words = own_words(said) if _NEW_TEXT.search(said.split(":")[0] + ":") else ""
    if words:
        return _revision(number, said[: said.index(words)], [words], "new words", briefing)
    parts = next((each.parts for each in briefing.drafts if each.number == number), ())
    asked = re.sub(r"^(?:please )?(?:change|revise|edit) post #?\d+:\s*", "", said.strip(), flags=re.IGNORECASE)
    done = edited(parts, asked) if parts else None
    if done:
        return _revision(number, said, list(done.parts), done.change, briefing)
    return _too_hard(number, parts) if parts else _unseen(number)


def _revision(number: int, said: str, parts: list[str], change: str, briefing: Briefing) -> Move:
    variants = [{"accounts": accounts_named(said, briefing), "parts": parts}]
    return call("revise_post", post=number, variants=variants, change=change)


def _unseen(number: int) -> Move:
    return say(
        f"I don't have the text of post {number} before me. Reply to its card, or edit it there; or send me all of it: "
        f"“new text for post {number}: …”.",
        Choice("Show the calendar", "show the calendar"),
    )


def _too_hard(number: int, parts: tuple[str, ...]) -> Move:
    easy = [Choice(ask.capitalize(), f"change post {number}: {ask}") for ask in _EASY if edited(parts, ask)]
    return say(
        f"Rewording post {number} like that takes a language model, and none is connected. I can replace or remove words "
        f"(replace “this” with “that”), add a link or tag, or shorten it. Or send me all of it: “new text for post {number}: …”.",
        *easy[:3],
    )
