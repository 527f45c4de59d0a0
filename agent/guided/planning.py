"""Guided moves about time and approval: schedule, calendar, recurring plans, asking for approval."""

import re

from agent.briefing import Briefing
from agent.guided.cues import DAY
from agent.guided.guard import negated
from agent.guided.moves import Choice, Move, call, say
from agent.guided.offers import hold, offers
from agent.guided.replies import left_alone
from agent.guided.slots import DATES, POST, post_number, timing, when_words

_SPAN = re.compile(
    rf"\b(?:today|tomorrow|yesterday|(?:this|next|last|coming) (?:week(?:end)?|month|year|{DAY})|(?:the )?next \d+ (?:days|weeks)|weekend"
    rf"|{DAY}|january|february|march|april|may|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_CYCLE = rf"{DAY}|days?|weekdays?|weeks?|months?|quarter|morning|afternoon|evening|night"
_MONTHLY = r"\s+of\s+(?:the|each|every|a)\s+month"
_PLACE = r"(?:first|second|third|fourth|last|1st|2nd|3rd|4th)"
_STEP = rf"(?:other|two|three|four|five|six|\d{{1,2}}|{_PLACE})"
_EACH = (
    r"(?:(?:RRULE:\s*)?FREQ=\S+"
    rf"|(?:on\s+)?(?:the\s+)?{_PLACE}(?:\s+and\s+{_PLACE})?\s+(?:{DAY}){_MONTHLY}"
    rf"|(?:every|each|evry)\s+{_STEP}\s+weeks?\s+on\s+(?:{DAY})s?"
    rf"|monthly on the (?:\d{{1,2}}(?:st|nd|rd|th)?|{_PLACE}(?: {DAY}| day)?)"
    rf"|(?:every|each|evry)\s+(?:{_STEP}\s+)?(?:{_CYCLE})(?:{_MONTHLY})?"
    rf"|(?:on\s+)?(?:{DAY})s(?:\s+and\s+(?:{DAY})s)?|(?:{DAY})\s+(?:to|through|till|-)\s+(?:{DAY})|(?:on )?week(?:day|end)s"
    r"|mornings|(?:once|twice) a (?:day|week|month)|daily|weekly|monthly|nightly"
    r"|on the (?:\d{1,2}(?:st|nd|rd|th)?|first|last)(?: day)? of (?:each|every|the) month)"
)
_HOUR = r"\d{1,2}[:.]\d\d(?:\s?[ap]m)?|\d{1,2}\s?(?:am|pm|h\b|o'clock)|\d{1,2}(?=\s|,|:|$)|noon|midday|midnight|seven|eight|nine|ten"
_DAYTIME = r"(?:\s+(?:in the )?(?:morning|afternoon|evening|night)s?)?"
_ENDS = (
    rf"(?:\s*,?\s*\b(?:(?:until|till)\s+(?:{DATES}|the end of \w+|end of \w+|{DAY})(?:\s+20\d\d)?"
    r"|for (?:the next )?(?:\w+) (?:days?|weeks?|months?|years?)|\d{1,3} times)\b)"
)
_WHEN = re.compile(
    rf"{_EACH}(?:\s+and\s+(?:{DAY}))*{_DAYTIME}(?:\s*,?\s*(?:at\s+)?(?:{_HOUR}))?(?:\s+[A-Z]\w+ time\b)?{_ENDS}?",
    re.IGNORECASE,
)
_ALONE_AT = re.compile(rf"\s*,?\s*\bat\s+(?:{_HOUR}){_DAYTIME}\b", re.IGNORECASE)
_ASKING = re.compile(
    r"^(?:plan:|please|pls|can you|could you|can we(?: have)?|i want|i'd like|i need|i would like|set up|start|create|from now on"
    r"|always|make (?:it|this)|a recurring (?:task|post)(?: to)?|something regular|a routine|a regular|automatically|[\s,:;.-])+",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"^(?:draft|write|research|check|show|suggest|propose|summari[sz]e|look|find|remind|give|make|post|do|prepare|read|collect)\b",
    re.IGNORECASE,
)
_SAME = re.compile(r"(?:(?:do|repeat|post) )?(?:this|it|that)?|post", re.IGNORECASE)
"""No deed, only “do this”."""
_AGAIN = re.compile(
    r"(?:post|repeat|publish|send|schedule|share)(?: out)? (?:this(?: one| post)?|it|that)(?: again)?", re.IGNORECASE
)
"""A post that there is shall go out again and again."""
_RUNNING = r"(?:plans?|series|routines?|recurring (?:posts?|drafts?|tasks?))\b"
_OF_A_POST = r"(?:with|about|posts?|drafts?|tweets?|threads?|sentences?|lines?|parts?|words?)\b"
_ENDING = re.compile(
    r"\b(?:end|stop|cancel|delete|remove|drop|quit|kill|pause|hold|call off|get rid of|no more)\s+"
    rf"(?!(?:\S+\s+)?plans? to\b)(?:(?!{_OF_A_POST})\S+\s+){{0,4}}?{_RUNNING}"
    rf"|\b(?:plan|series|routine)\b.{{0,20}}\b(?:end|ended|stop|stopped|cancelled|canceled)$"
    rf"|\b(?:stop|quit|cancel|pause)\s+(?!saying|using|with)(?:\S+\s+){{0,8}}?{_EACH}(?!\w)"
    rf"|\bno more\s+(?:(?:drafts?|posts?|tips?|ideas?|news|headlines?|research|summar(?:y|ies)|reminders?)\s+)?{_EACH}(?!\w)",
    re.IGNORECASE,
)
"""What comes again and again shall come no more."""


def ends(said: str) -> bool:
    """Whether a sentence wants a plan or a series ended, and names no post whose time it could mean."""
    return _ENDING.search(" ".join(said.split()).rstrip(" .!?")) is not None and POST.search(said) is None


def ending(said: str, briefing: Briefing) -> Move:
    """Where a person ends what repeats; the post at hand is meant only if a button says so."""
    about_post = offers(["schedule_post"], said, briefing) if timing(said) != "set" else []
    return say(
        "I ended nothing: what I do again and again is ended by a person. The card shows all of it, with a button to end one.",
        Choice("Show what repeats", "/plans"),
        *about_post,
    )


def schedule(said: str, briefing: Briefing) -> Move:
    """Set, hold, release or cancel the time of a post; a missing time is asked for, a negation never arms anything."""
    number = post_number(said, briefing)
    if not number:
        return say("There is no open post to schedule. I can make one.", Choice("Draft a post", "draft a post"))
    action = timing(said)
    if action in ("set", "release") and negated(said):
        return left_alone(_instead(said, briefing))
    when = when_words(said) if action == "set" else ""
    if action == "set" and not when:
        return _ask_when(number)
    return call("schedule_post", post=number, action=action, when=when)


def _instead(said: str, briefing: Briefing) -> list[Choice]:
    """Buttons for what a sentence with a negation may have meant."""
    timed = offers(["schedule_post"], said, briefing) if when_words(said) else []
    return [*timed, *(choice for choice in (hold(said, briefing),) if choice)]


def _ask_when(number: int) -> Move:
    times = ("tomorrow 9:00", "tomorrow 12:00", "next Monday 9:00")
    return say(
        f"When should post {number} go out? Say it as you like, such as “schedule post {number} Friday 14:30”.",
        *(Choice(time[:1].upper() + time[1:], f"schedule post {number} {time}") for time in times),
    )


def calendar(said: str, _: Briefing) -> Move:
    """What goes out when, for the span that was named, else this week."""
    found = _SPAN.search(said)
    return call("show_calendar", span=found[0].lower() if found else "this week")


def recurring(said: str, briefing: Briefing) -> Move:
    """Something to be done again and again: when, and what."""
    text = " ".join(said.split())
    when, rest = _split(text)
    what = _ASKING.sub("", rest).strip(" ,;:.!?-")
    number = post_number(said, briefing)
    if when and number and _AGAIN.fullmatch(POST.sub("it", what)):
        return call("schedule_post", post=number, action="set", when=when)
    if _SAME.fullmatch(what):
        what = ""
    if not when or not what:
        return _ask_plan(what or "draft a post about what we do")
    return call("plan_recurring", when=when, instruction=what if _ORDER.match(what) else f"draft {what}")


def _split(text: str) -> tuple[str, str]:
    """The words that say how often and when, and the rest."""
    found = _WHEN.search(text)
    if not found:
        return "", text
    when, rest = found[0], f"{text[: found.start()]} {text[found.end() :]}"
    weekday = re.search(rf"\b(?:{DAY})\b", rest, re.IGNORECASE)
    if weekday and re.match(r"(?:every|each) week\b", when, re.IGNORECASE):
        when = re.sub(r"^\w+ week\b", f"every {weekday[0]}", when)
        rest = rest.replace(weekday[0], " ", 1)
    hour = _ALONE_AT.search(rest)
    if hour and not re.search(r"\d", when):
        when, rest = f"{when} {hour[0].strip(' ,')}", rest[: hour.start()] + rest[hour.end() :]
    return " ".join(when.split()).strip(" ,;:"), " ".join(rest.split())


def _ask_plan(what: str) -> Move:
    what = what if _ORDER.match(what) else f"draft {what}"
    return say(
        "What should I do, and on which day? Say it in one sentence, such as “every Monday 9:00 draft a post about tea”.",
        Choice("Every Monday 9:00", f"plan: every Monday 9:00 {what}"),
        Choice("Every weekday 9:00", f"plan: every weekday 9:00 {what}"),
    )


def approval(said: str, briefing: Briefing) -> Move:
    """Asks the right person to approve a post; nothing goes out before they do."""
    number = post_number(said, briefing)
    if not number:
        return say("There is no open post to approve. I can make one.", Choice("Draft a post", "draft a post"))
    if negated(said):
        return left_alone(_instead(said, briefing))
    return call("request_approval", post=number)
