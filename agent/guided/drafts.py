"""Drafts without a language model: honest templates around a topic and what the desk was told. They invent nothing.

Every sentence is true whatever the topic is, and good English whether the topic is a thing (“the open day”) or a
statement (“we are closed on Thursday”). Facts, numbers and links come only from the briefing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.briefing import Briefing, HeadlineLine
from agent.guided.slots import content_words

LABEL = "(template draft)"
"""Ends the brief of every draft made here, so that the desk can mark it."""

ANGLES = ("news", "question", "story", "tip", "list", "number")

_THING = {
    "news": (
        "Let's talk about {topic}.",
        "Is there something you would like to know? Ask us here, and we will answer.",
    ),
    "question": ("What would you like to know about {topic}?", "Write it below, and we will answer as well as we can."),
    "story": ("Everyone has a story about {topic}.", "What is yours? We would like to read it."),
    "tip": (
        "A small tip for anyone curious about {topic}:",
        "start with the one question you care about most, and ask somebody who knows. You can ask us, too.",
    ),
    "list": (
        "Three things you can ask us about {topic}:",
        "1. How it started\n2. What it is like today\n3. What comes next\n\nWhich one first?",
    ),
    "number": ("One question about {topic}, and one honest answer: that is our offer today.", "Ask below."),
}
_STATEMENT = {
    "news": ("{topic}.", "If you have a question about it, ask us here."),
    "question": ("{topic}.", "What would you like to know about it?"),
    "story": ("A short update from us: {lower}.", "If you want to hear more of the story, ask below."),
    "tip": ("Good to know: {lower}.", "Pass it on to anyone who should hear it."),
    "list": ("Two things today.", "1. {topic}.\n2. We answer questions about it here."),
    "number": ("One piece of news today: {lower}.", "Questions are welcome here."),
}
_GREETING = ("{topic}.", "All of us here mean it.")
_THREAD = (
    "What people ask us most often about {topic}, we would like to collect here. Add your question.",
    "What we have learned about {topic} so far, and what we still do not know.",
    "What comes next for {topic}: we will say it here when there is something to say.",
    "What would you do differently about {topic}? We read every answer.",
    "Who should we talk to about {topic}? Names and links are welcome.",
    "Where to find out more about {topic}: tell us your favourite sources.",
    "What surprised you about {topic}?",
    "If people remember one thing about {topic}, which one should it be?",
)
_THREAD_END = "That is all for now. If you have a question, ask it in this thread."
_SUBJECT = (
    r"(?:we|i|our|my|us|it|they|there|this|that|everyone|everybody|he|she|you|tickets|the [\w-]+|[\w-]+)(?:'(?:re|s|ve|ll|m|d))"
    r"|(?:we|i|they|there|it|he|she|you)\s+[\w']+"
    r"|(?:our|my|the|this|that|all)?\s*(?:[\w-]+\s+){1,3}?(?:is|are|was|were|has|have|will|can|starts|opens|closes|ends|begins|moved|won)\b"
)
_IS_STATEMENT = re.compile(rf"^(?!(?:how|why|what|when|where|who|whether|which)\b)(?:{_SUBJECT})", re.IGNORECASE)
_SAYS_SOMETHING = re.compile(
    r"^(?!(?:how|why|what|when|where|who|whether|which|things?|reasons?)\b)\S+(?: \S+){0,3} (?:is|are|was|were|will)\b \S",
    re.IGNORECASE,
)
_IS_GREETING = re.compile(
    r"^(?:happy|merry|thank|thanks|congratulations|congrats|welcome|good luck|a shout-out)\b", re.IGNORECASE
)
_LOWER = re.compile(r"^(?:We|Our|The|This|That|There|It|They|Everyone|All|You|My|A|An)\b")


@dataclass(frozen=True)
class Draft:
    """One template draft: the brief that is shown beside it, and its parts."""

    brief: str
    parts: tuple[str, ...]


def drafts(topic: str, briefing: Briefing, count: int = 1, parts: int = 1) -> list[Draft]:
    """As many drafts as asked, each from another angle (six, then they repeat), each of `parts` parts."""
    order = _order(briefing)
    return [_draft(topic, briefing, order[place % len(order)], place, parts) for place in range(count)]


def _draft(topic: str, briefing: Briefing, angle: str, place: int, parts: int) -> Draft:
    lead, rest = (_in_voice(_fill(sentence, topic), briefing) for sentence in _sentences(topic, angle))
    middle = _material(topic, briefing, place)
    texts = _thread(lead, middle, topic, briefing, parts) if parts > 1 else [_shaped(lead, middle, rest, briefing)]
    return Draft(f"{topic}, angle: {angle} {LABEL}", (*texts[:-1], _signed(texts[-1], briefing)))


def _sentences(topic: str, angle: str) -> tuple[str, str]:
    if _IS_GREETING.match(topic):
        return _GREETING
    return (_STATEMENT if _is_statement(topic) else _THING)[angle]


def _thread(lead: str, middle: str, topic: str, briefing: Briefing, parts: int) -> list[str]:
    subject = "this" if _is_statement(topic) or _IS_GREETING.match(topic) else topic
    inner = [_in_voice(sentence.format(topic=subject), briefing) for sentence in _THREAD]
    return [
        re.sub(":$", ".", lead),
        *([middle, *inner] if middle else inner)[: parts - 2],
        _in_voice(_THREAD_END, briefing),
    ]


def _shaped(lead: str, middle: str, rest: str, briefing: Briefing) -> str:
    """The pieces one after the other, in paragraphs where the best past posts have paragraphs."""
    pieces = [piece for piece in (lead, middle, rest) if piece]
    in_paragraphs = any("\n" in post for post in briefing.best_posts) or any("\n" in piece for piece in pieces)
    return ("\n\n" if in_paragraphs or middle else " ").join(pieces)


def _order(briefing: Briefing) -> list[str]:
    """The angles, a question first where the best past posts ask one, last where the voice does not want any."""
    first = [angle for angle in ("question",) if any("?" in post for post in briefing.best_posts)]
    order = first + [angle for angle in ANGLES if angle not in first]
    if re.search(r"\b(?:no|never|without|avoid)\b[^.\n]*\bquestions?\b", briefing.voice, re.IGNORECASE):
        order = [angle for angle in order if "?" not in "".join(_THING[angle] + _STATEMENT[angle])]
    return order


def _material(topic: str, briefing: Briefing, place: int) -> str:
    """One thing the desk knows about the topic: a headline with its link, or a fact as it was told; another for each draft."""
    wanted = content_words(topic)
    known = [_cited(headline) for headline in briefing.headlines if wanted & content_words(headline.title)]
    known += [_sentence(fact) for fact in briefing.memories if wanted & content_words(fact)]
    return known[place % len(known)] if known else ""


def _cited(headline: HeadlineLine) -> str:
    return f"Worth reading: “{headline.title.strip()}” ({headline.source}) {headline.url}".strip()


def _sentence(fact: str) -> str:
    fact = fact.strip()
    return fact if fact[-1:] in ".!?…" else f"{_capital(fact)}."


def _fill(sentence: str, topic: str) -> str:
    return sentence.format(
        topic=_capital(topic) if sentence.startswith("{topic}") or "1. {topic}" in sentence else topic,
        lower=_lower(topic),
    )


def _is_statement(topic: str) -> bool:
    return _IS_STATEMENT.match(topic) is not None or _SAYS_SOMETHING.match(topic) is not None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if _LOWER.match(text) else text


_SINGULAR: Sequence[tuple[str, str]] = (
    ("we are", "I am"),
    ("we will", "I will"),
    ("we would", "I would"),
    ("we have", "I have"),
    ("we", "I"),
    ("us", "me"),
    ("our", "my"),
)
_FIRST_PERSON = re.compile(
    r"\bfirst person singular\b|\bsay “?I”? (?:instead of|not)\b|\bas an individual\b|\bI, not we\b", re.IGNORECASE
)
_SIGNED = re.compile(r"\b(?:always|end|sign)\b[^.\n#]*(#[^\W\d]\w*)", re.IGNORECASE)


def _in_voice(text: str, briefing: Briefing) -> str:
    """Our own sentences in the first person singular, where the brand voice wants it; no template has emoji or hashtags."""
    if _FIRST_PERSON.search(briefing.voice):
        for many, one in _SINGULAR:
            text = re.sub(rf"\b{many}\b", one, text)
            text = re.sub(rf"\b{_capital(many)}\b", _capital(one), text)
    return text


def _signed(text: str, briefing: Briefing) -> str:
    tag = _SIGNED.search(briefing.voice)
    return f"{text} {tag[1]}" if tag else text
