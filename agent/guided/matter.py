"""What a sentence is about: its topic, the person's own words to be posted, the thing to be remembered."""

import re
from collections.abc import Sequence

from agent.guided.slots import TIME

_QUOTES = re.compile(
    r"“([^”]{2,})”|„([^“”]{2,})[“”]|«([^»]{2,})»|\"([^\"]{2,})\"|(?<!\w)'([^']{12,})'(?!\w)", re.DOTALL
)
_COLON = re.compile(r"^((?:[^:\n]|:(?=\d)){2,120}):\s+(\S.*)$|^([^\n]{2,120})\n+\s*(\S.*)$", re.DOTALL)
_NAMES = re.compile(r"\b(?:about|on|called|titled|named|regarding|the|an?|our|word|phrase)\s*$", re.IGNORECASE)
_HANDS_OVER = re.compile(
    r"\b(?:this|these|following|exactly|verbatim|text|words|as is|saying|says|say|caption)\b", re.IGNORECASE
)
_ASKS = re.compile(r"\b(?:about|on|regarding|notes?|article|idea|ideas|topic|brief|facts?|points)\b", re.IGNORECASE)

_ORDER_ENDS = 2_000
"""Characters in which an order is looked for; what comes later is material."""
_POLITE = (
    r"(?:(?:please|pls|hey|hi|ok|okay|so|and|now|actually|then|also|maybe|let's|lets|(?:can|could) (?:you|we)|(?:will|would) you"
    r"|(?:how|what) about|(?:i|we) (?:need|want)(?: to)?|need|want|(?:i'd|we'd) like(?: to)?|help me(?: to)?|go|just|quickly)"
    r"(?:[\s,:]+|$))*"
)
_VERB = (
    r"(?:draft|write(?: up)?|wirte|compose|create|craft|prepare|make|do|whip up|come up with|give|have|new|post|share|publish|say|describe"
    r"|explain|promote|advertise|announce|celebrate)"
)
_KIND = r"(?:(?:new|short|quick|long|longer|funny|nice|little|small|social|brief|catchy|friendly)\s+)*"
_NOUN = r"(?:posts?|threads?|drafts?|captions?|updates?|messages?|teasers?|announcements?|pieces?|content)\b"
_DETERMINER = r"(?:an?|the|some|one|two|three|four|five|six|several|a few|a couple of|\d{1,2})"
_THING = (
    r"(?:\s+(?:me|us|to (?:our|the|my) followers|(?:to )?(?:everyone|everybody|people|our followers)))?"
    rf"(?:\s+(?:{_DETERMINER}\s+)?{_KIND}{_NOUN}|\s+something(?:\s+{_KIND}\b)?)?"
    r"(?:\s+(?:for|on) (?:our|the|my) (?:socials?|followers|channels?|page|feed))?"
    r"(?:\s+(?:explaining|describing|announcing|celebrating|saying|telling (?:people|everyone)|showing))?"
)
_COUNTED = rf"{_DETERMINER}\s+{_KIND}{_NOUN}"
_COMMAND = re.compile(
    rf"^{_POLITE}(?:{_VERB}\b{_THING}|(?=\w+ ){_COUNTED}(?:\s+(?:explaining|describing|saying))?)(?!\w)[\s,:-]*",
    re.IGNORECASE,
)
_ONLY_POLITE = re.compile(rf"^{_POLITE}", re.IGNORECASE)
_TURN = re.compile(r"^.*?\bturn\b.*?\binto\b.*?\b(?:posts?|threads?)\b[\s,:–-]*", re.IGNORECASE)
_TELL = re.compile(
    rf"^{_POLITE}(?:tell|let|remind)\s+(?:everyone|everybody|people|our followers|our customers|the world|them)\s+"
    r"(?:know\s+)?(?:about\s+|that\s+)?",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:about|abuot|regarding|on the topic of|on the subject of|(?:announcing|explaining|saying)(?: that)?)\s+(\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_ON = re.compile(
    r"\b(?:posts?|threads?|drafts?|something|pieces?|content|captions?|updates?)\b.*?\son\s+(\S.*)$", re.IGNORECASE
)
_THAT = re.compile(r"^(?:that|:|about|on|of|for)\s+", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:[\s,;.!]+(?:please|pls|thanks|thank you|in \w+ parts?|\w+ parts?(?: max)?|as a thread|now|today's|for me|to choose from"
    r"|shout it out|spread the word|make a post|write about it|post it|tell people|announce it"
    r"|let (?:people|everyone|the world) know))+[\s.!?]*$",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"[\s,]+(?:and|then|,)\s*(?:then\s+)?(?:schedule|plan|send|submit|publish|post|get|put|let)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_FOR_TIME = re.compile(r"[\s,]+(?:for|at|to go out)\s+(?=(.+)$)", re.IGNORECASE)

_REPHRASED = (
    (re.compile(r"^(?:say )?thank (?!you\b)(.+?)(?: publicly)?$", re.IGNORECASE), r"thank you to \1"),
    (re.compile(r"^congratulate (.+?)(?: publicly)?$", re.IGNORECASE), r"congratulations to \1"),
    (re.compile(r"^shout[- ]?out to (.+)$", re.IGNORECASE), r"a shout-out to \1"),
    (re.compile(r"^wish (.+)$", re.IGNORECASE), r"we wish \1"),
    (re.compile(r"^invite (?:people|everyone|everybody|our followers|all) to (.+)$", re.IGNORECASE), r"\1"),
)

_POLITELY = r"(?:(?:please|pls|hey|ok|okay|so|also|and)[\s,]+)*"
_REMEMBERING = re.compile(
    rf"^{_POLITELY}(?:(?:remember|rember|keep in mind|note to self|note(?: down)?|(?:make|take) a note|write down|learn|know"
    r"|save (?:this fact|this|that for later|that)|store this(?: fact)?|for the record|for your information|fyi"
    r"|just so you know|you should know|(?:don't|do not|never) forget|add (?:this )?to (?:your|the) (?:memory|notes|brand rules)"
    r"|here is our style guide)\b[\s,:]*)+(?:(?:that|about)\s+)?",
    re.IGNORECASE,
)
_WE = r"(?:i|we|you)"
_ASKED = (
    rf"please|pls|and|also|ok|(?:can|could) you|you (?:can|should)|what (?:do|did) {_WE} (?:know|remember|say|tell you|decide)"
    rf"|(?:what|which things) have {_WE} (?:saved|stored|told you|said)|do you (?:remember|know)"
    rf"|did {_WE} (?:ever )?(?:mention|tell you|say|talk)|have i told you|(?:search|look in|check) (?:your|the) (?:memory|notes)"
    r"|remind me|recall|any notes|anything stored|what(?:'s| is| was)|who(?:'s| is)|when is|where is|when do we"
)
_ORDERED = (
    r"forgett?|delete|remove|erase|clear|wipe|drop|unlearn|get rid|discard|scratch|strike|stop remembering"
    r"|don't (?:remember|keep|store)|(?:that|it)(?:'s| is) (?:not true|no longer true|outdated|wrong)"
)
_SEARCHING = re.compile(rf"^(?:(?:{_ASKED}|{_ORDERED})\b|[\s,:])+", re.IGNORECASE)
_NAMED = re.compile(r"^(?:what do you know|forget what you know) about (.+)$", re.IGNORECASE)
_FILLER = re.compile(
    r"\b(?:(?:the|that|your|a|any|all|our) (?:notes?|memor(?:y|ies)|facts?|brand rules?|things?|name)|everything|anything|what"
    rf"|about|on|for|of|that|this|it|again|from|in|with|{_WE} (?:said|say|told you|know|knew|saved|stored|have|mentioned)"
    r"|any ?more|please|is|are|(?:your|the) memory|get rid|(?:delete|forget|remove|drop) it)\b",
    re.IGNORECASE,
)


def own_words(say: str) -> str:
    """The person's own words to be posted, exactly as given: in quotes, or after a colon or a first line; empty: none."""
    handed = _COLON.match(say.strip())
    if handed:
        head, words = (handed[1], handed[2]) if handed[1] else (handed[3], handed[4])
        if _hands_over(head, words):
            return _unquoted(words.strip())
    quoted = [
        "".join(found.groups(default="")) for found in _QUOTES.finditer(say) if not _NAMES.search(say[: found.start()])
    ]
    spoken = [words for words in quoted if len(words.split()) >= 3 or words.rstrip()[-1:] in ".!?…"]
    return max(spoken, key=len).strip() if spoken else ""


def _hands_over(head: str, words: str) -> bool:
    if _HANDS_OVER.search(head) and not re.search(r"\bthese\b", head, re.IGNORECASE):
        return True
    sentence = len(words.split()) >= 5 or words.rstrip()[-1] in ".!?…"
    return sentence and not _ASKS.search(head)


def _unquoted(words: str) -> str:
    inside = _QUOTES.fullmatch(words)
    return "".join(group or "" for group in inside.groups()) if inside else words


def topic(say: str, names: Sequence[str] = ()) -> str:
    """What a post should be about, as a phrase that can follow “about”, or a clause; `names` of accounts are left out."""
    text = _ONLY_POLITE.sub("", _without_accounts(" ".join(say[:_ORDER_ENDS].split()), names))
    found = _ABOUT.search(text) or _ON.search(text)
    rest = _THEN.sub("", found[1] if found else _after_order(text))
    phrase = _TAIL.sub("", _without_time(_TAIL.sub("", rest))).strip(' ,;:.!?-–"“”')[:200]
    for pattern, words in _REPHRASED:
        phrase = pattern.sub(words, phrase)
    return phrase


def _after_order(text: str) -> str:
    """What is left when the words that ask for a post are taken away."""
    rest = _COMMAND.sub("", _TELL.sub("", _TURN.sub("", text)), count=1)
    return _THAT.sub("", _ONLY_POLITE.sub("", rest))


def _without_accounts(text: str, names: Sequence[str]) -> str:
    for name in sorted(filter(None, names), key=len, reverse=True):
        spoken = rf"[\s,]*\b(?:(?:and\s+)?(?:one\s+)?(?:for|on|to|at|via)\s+|and\s+)@?{re.escape(name)}(?!\w)[\s,:]*"
        text = re.sub(spoken, " ", text, flags=re.IGNORECASE)
    return " ".join(text.split())


def _without_time(text: str) -> str:
    """Drops a time of day at the very end: it says when the post goes out, not what it is about."""
    found = for_time(text)
    return (
        text[: text.rindex(found)].rstrip(" ,").removesuffix(" for").removesuffix(" at").rstrip(" ,") if found else text
    )


def for_time(text: str) -> str:
    """The time at the end of “a post about tea for tomorrow 9:00”; empty unless it names an hour."""
    tails = (found[1] for found in _FOR_TIME.finditer(text))
    return next((tail for tail in tails if TIME.match(tail) and re.search(r"\d|noon", tail) and len(tail) < 60), "")


def noted(say: str) -> str:
    """The thing to be remembered, without the words that ask for it."""
    return _REMEMBERING.sub("", " ".join(say.split())).strip()[:1_000]


def sought(say: str) -> str:
    """The words to search memory for, without the words that ask for it; empty: everything."""
    if named := _NAMED.match(say.strip()):
        return named[1][:200].strip(" ?")
    words = _FILLER.sub(" ", _SEARCHING.sub(" ", " ".join(say.split())))
    return " ".join(words.split()).strip(' ,;:.!?"“”')[:200]
