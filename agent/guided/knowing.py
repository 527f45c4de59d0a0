"""Guided moves about knowledge: trends, goals, and what to remember."""

import re

from agent.briefing import Briefing
from agent.guided.matter import noted, sought
from agent.guided.moves import Choice, Move, call, say
from agent.guided.slots import NUMBERS, accounts_named, feed_address, names_of

_SUBJECT = re.compile(r"\b(?:about|around|regarding|on|in|into|for|with|of)\s+(\S.*)$", re.IGNORECASE)
_RESEARCH = re.compile(
    r"^(?:please |pls |can you |could you )*(?:do some )?(?:research|reserch|look up|search(?: for)?|monitor|find(?: me)?|scan"
    r"|check|dig into)\s+(\S.*)$",
    re.IGNORECASE,
)
_EDGE = re.compile(
    r"(?:^(?:the|our) (?=news$|web$|moment$|industry$))"
    r"|[\s,]*\b(?:right now|today|this week|at the moment|please|pls|for me|now|lately)\b.*$",
    re.IGNORECASE,
)
_GENERAL = re.compile(
    r"news|web|moment|industry|us|hot|popular|trending|topics|ideas|posts|interesting|something|anything|headlines|internet|top"
    r"|stories|current|events|jump|the|a|an|any|some|in|on|for|that|we|could|to|our|me|what|which|is|are|with|it|of|fit|from",
    re.IGNORECASE,
)

_KINDS = (
    ("followers", r"\bfollowers?\b|\bsubscribers?\b|\bfans\b|\baudience\b"),
    ("engagement", r"\bengag\w+|\blikes?\b|\breactions?\b|\bcomments?\b|\binteractions?\b|\breplies\b"),
    ("posts_per_week", r"\bweek(?:ly)?\b|/ ?wk?\b|\bdaily\b|\b(?:every|a|per|each) day\b|\bposts?\b"),
)
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_DEADLINE = re.compile(
    r"[\s,]*\b(?:by|before|until|till)\s+((?:the\s+)?\w[^,;.!?]*)"
    rf"|\bfor\s+((?:the\s+)?(?:end of \w+|{_MONTHS})(?:\s+\d{{4}})?)",
    re.IGNORECASE,
)
_SPELLED = "|".join(word for word in NUMBERS if len(word) > 2)
_AMOUNT = re.compile(
    rf"(?<![\w.])(\d{{1,3}}(?:[,.' ]\d{{3}})+|\d+(?:\.\d+)?)\s?(k|m)?\b|\b({_SPELLED})\b", re.IGNORECASE
)
_OFTEN = ((r"\bonce\b", 1), (r"\btwice\b", 2), (r"\b(?:daily|every day|each day|a post a day)\b", 7))
_VOICE = re.compile(
    r"\b(?:tone|voice|style|emojis?|hashtags?|exclamation|jargon|writ(?:e|es|ing)|spell(?:ing)?|words?|avoid|formal|sentences?"
    r"|british|american|first person|clickbait|capital|metric|instead of|never (?:use|say|call|mention|\w+ing)"
    r"|always (?:use|say|end|start|mention)|(?:end|begin|start) with)\b",
    re.IGNORECASE,
)


def research(said: str, _: Briefing) -> Move:
    """What is talked about: a topic, a feed, or whatever is popular."""
    feed = feed_address(said)
    return call("research_trends", topic="" if feed else _subject(" ".join(said.split())), feed=feed)


def _subject(text: str) -> str:
    found = _RESEARCH.match(text) or _SUBJECT.search(text)
    if not found:
        return ""
    again = _SUBJECT.search(found[1]) if _RESEARCH.match(text) else None
    words = _EDGE.sub("", (again or found)[1]).strip(' ,;:.!?"“”')
    return "" if all(_GENERAL.fullmatch(word) for word in re.findall(r"\w+", words)) else words[:200]


def set_goal(said: str, briefing: Briefing) -> Move:
    """A goal with its number; without one it asks."""
    deadline = _DEADLINE.search(said)
    rest = _without(said[: deadline.start()] + said[deadline.end() :] if deadline else said, names_of(briefing))
    kind = next((name for name, pattern in _KINDS if re.search(pattern, rest, re.IGNORECASE)), "")
    target = _target(rest, kind)
    if not kind or not target:
        return _ask_goal()
    ends = next((group for group in deadline.groups() if group), "") if deadline else ""
    account = next(iter(accounts_named(said, briefing)), "")
    return call("set_goal", kind=kind, target=target, deadline=ends.strip()[:80], account=account)


def _without(text: str, names: list[str]) -> str:
    for name in names:
        text = re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
    return text


def _target(text: str, kind: str) -> int:
    often = next((number for pattern, number in _OFTEN if re.search(pattern, text, re.IGNORECASE)), 0)
    found = _AMOUNT.search(text)
    if not found or (often and kind == "posts_per_week"):
        return often if kind == "posts_per_week" else 0
    if found[3]:
        return NUMBERS[found[3].lower()]
    number = float(re.sub(r"[,' ](?=\d{3})|\.(?=\d{3}\b)", "", found[1]))
    number *= {"k": 1_000, "m": 1_000_000}.get((found[2] or "").lower(), 1)
    per_day = kind == "posts_per_week" and re.search(r"\b(?:a|per|each) day\b", text, re.IGNORECASE)
    return int(min(number * (7 if per_day else 1), 1_000_000_000))


def _ask_goal() -> Move:
    return say(
        "Which number should the goal have? Say “set a goal of 3 posts a week” or “1000 followers by June”.",
        Choice("3 posts a week", "set a goal of 3 posts a week"),
        Choice("5 posts a week", "set a goal of 5 posts a week"),
    )


def check_goals(_said: str, _: Briefing) -> Move:
    """How the goals are doing."""
    return call("check_goals")


def remember(said: str, _: Briefing) -> Move:
    """Keeps a fact, or a rule of the brand voice."""
    text = noted(said)
    if len(text) < 3:
        return say("What should I remember? Say it in one sentence, such as “remember that we open at 8”.")
    return call("remember", text=text, kind="voice" if _VOICE.search(text) else "fact")


def recall(said: str, _: Briefing) -> Move:
    """Looks up what was said."""
    return call("recall", query=sought(said) or " ".join(said.split())[:200])


def forget(said: str, briefing: Briefing) -> Move:
    """Forgets what fits the words; without words it asks, so that nothing else is lost."""
    query = sought(said)
    if query:
        return call("forget", query=query)
    choices = [
        Choice(f"Forget: {memory[:40]}", f"forget what you know about {memory[:200]}")
        for memory in briefing.memories[:3]
    ]
    return say(
        "What should I forget? Say it with a word or two, such as “forget what you know about the old office”.",
        *choices,
    )
