"""What a sentence says beside its action: which post, which accounts, how many, when, about what. Rules, no guessing."""

import re

from agent.briefing import Briefing
from agent.guided.cues import DAY

_SPELLED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBERS = {word: number for number, word in enumerate(_SPELLED, 1)}
NUMBERS |= {"a": 1, "an": 1, "a couple of": 2, "a few": 3, "some": 3, "several": 3, "a dozen": 12}
"""Amounts in words, as people ask for posts."""
_AMOUNT = "|".join(sorted((re.escape(word) for word in NUMBERS), key=len, reverse=True))
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1, "latest": -1, "newest": -1}

_POSTS = r"(?:posts?|drafts?|versions?|captions?|updates?|ideas?|pieces?|ones?)"
_COUNT = re.compile(rf"\b(\d{{1,2}}|{_AMOUNT})\s+(?:[\w-]+\s+){{0,2}}?{_POSTS}\b", re.IGNORECASE)
_PARTS = re.compile(
    rf"\b(\d{{1,2}}|{_AMOUNT})\s*-?\s*(?:parts?|posts? thread)\b|\bthread of (\d{{1,2}}|{_AMOUNT})\b", re.IGNORECASE
)
_THREAD = re.compile(r"\bthread\b", re.IGNORECASE)
POST = re.compile(
    r"#\s?(\d{1,9})\b|\b(?:posts?|drafts?|numbers?|no\.?|nr\.?)\s*#?\s?(\d{1,9})\b(?!\s*[:.]?\d*\s*(?:am|pm|h\b))",
    re.IGNORECASE,
)
"""A post by its number."""
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\s+(?:one|post|draft)\b", re.IGNORECASE)
_DESCRIBED = re.compile(
    r"\bthe\s+((?:[\w-]+\s+){1,3}?)(?:one|post|draft)\b|\b(?:post|one|draft)\s+about\s+(.+)$", re.IGNORECASE
)
_FEED = re.compile(r"https?://[^\s<>\"”]+", re.IGNORECASE)

_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_UNIT = r"(?:minutes?|mins?|hours?|days?|weeks?|months?|h)"
_SOME = r"(?:an?|one|two|three|four|five|six|half an?|\d{1,3})"
_DAYS = rf"today|tonight|tomorr?ow|tmrw|(?:{DAY})s?\b|weekend|next (?:week|month)|noon|midday|midnight"
_PART = r"(?:in the )?(?:morning|afternoon|evening)"
DATES = rf"\d{{4}}-\d\d-\d\d|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})|(?:{_MONTH})\s+\d{{1,2}}|the \d{{1,2}}(?:st|nd|rd|th)"
"""A day by its date."""
_HOURS = r"(?:at\s+)?\d{1,2}[:.]\d\d(?:\s?[ap]m)?|(?:at\s+)?\d{1,2}\s?(?:am|pm|o'clock|h)|at\s+\d{1,2}"
_AWAY = rf"in\s+{_SOME}\s+{_UNIT}|{_SOME}\s+{_UNIT}\s+(?:later|earlier|from now)|(?:by\s+)?{_SOME}\s+{_UNIT}$"
TIME = re.compile(
    rf"\b(?:(?:next|this|coming|on|first thing)\s+)*(?:{_DAYS}|{_PART}|{DATES}|{_HOURS}|{_AWAY})(?!\w)", re.IGNORECASE
)
"""Where words about a time begin."""
QUEUE = re.compile(
    r"\b(?:(?:in|into|to|on) the queue|queue (?:it|this|that|post)|(?:next|first) (?:free |open |empty )?slot)\b",
    re.IGNORECASE,
)
_THIS = re.compile(r"^this (?=to|tm|at |on |in |next |noon|mid|\d)", re.IGNORECASE)
_AFTER_TIME = re.compile(
    r",?\s+(?:for\s+(?:the|post|number|draft|#|it|that)|please|pls|instead|thanks|than\b|if\b|ok\b|would\b|and\b|is\s|works)"
    r"|[,;!?]\s|[!?]|\.$|\.\s",
    re.IGNORECASE,
)


def accounts_named(say: str, briefing: Briefing) -> list[str]:
    """The connected accounts a sentence names, by handle where the handle is said, else by label; empty: none named."""
    found: dict[str, None] = {}
    for account in briefing.accounts:
        if _said(account.handle, say):
            found[account.handle] = None
        elif _said(account.label, say) or _said(account.platform, say):
            found[account.label] = None
    return list(found)


def names_of(briefing: Briefing) -> list[str]:
    """Every word by which a connected account may be called."""
    return [name for account in briefing.accounts for name in (account.label, account.platform, account.handle) if name]


def _said(name: str, say: str) -> bool:
    return bool(name) and re.search(rf"(?<!\w)@?{re.escape(name)}(?!\w)", say, re.IGNORECASE) is not None


def _number(said: str) -> int:
    return int(said) if said.isdecimal() else NUMBERS[said.lower()]


def count(say: str) -> int:
    """How many posts are asked for: “3 posts”, “two drafts”, “a couple of posts”; 1 where nothing is said."""
    found = _COUNT.search(say)
    return max(1, _number(found[1])) if found else 1


def thread_parts(say: str) -> int:
    """How many parts each post should have: “a thread in 4 parts” is 4, “a thread” 3, everything else 1. At most 10."""
    found = _PARTS.search(say)
    if found:
        return min(10, max(1, _number(found[1] or found[2])))
    return 3 if _THREAD.search(say) else 1


def post_number(say: str, briefing: Briefing) -> int:
    """The post a sentence is about: by number, place or description, else the one replied to, else the newest; 0: none."""
    if named := named_post(say, briefing):
        return named
    return briefing.selected or max((draft.number for draft in briefing.drafts), default=0)


def named_post(say: str, briefing: Briefing) -> int:
    """The post a sentence names itself; 0: it names none."""
    if found := POST.search(say):
        return int(found[1] or found[2])
    numbers = sorted(draft.number for draft in briefing.drafts)
    place = _ORDINAL.search(say)
    if place and -len(numbers) <= (index := _ORDINALS[place[1].lower()]) < len(numbers):
        return numbers[index]
    return _by_description(say, briefing)


def _by_description(say: str, briefing: Briefing) -> int:
    described = _DESCRIBED.search(say)
    if not described:
        return 0
    wanted = content_words(described[1] or described[2])
    fitting = [draft.number for draft in briefing.drafts if wanted & content_words(draft.words)]
    return fitting[0] if len(fitting) == 1 else 0


_EMPTY = re.compile(
    r"about|again|also|been|both|does|from|have|into|just|like|made|make|more|most|much|only|other|over|post|same|some|such"
    r"|than|that|their|them|then|there|these|they|this|those|very|want|were|what|when|where|which|will|with|would|your"
)


def content_words(text: str) -> set[str]:
    """The words that carry meaning, in lower case: four letters or more, none of the commonest."""
    return {word for word in re.findall(r"[^\W\d_]{4,}", text.lower()) if not _EMPTY.fullmatch(word)}


def when_words(say: str) -> str:
    """The words that say when, as the person said them; empty: none."""
    if QUEUE.search(say):
        return "next free slot"
    rest = POST.sub(" post ", say)
    found = TIME.search(rest)
    if not found:
        return ""
    words = _AFTER_TIME.split(rest[found.start() :], maxsplit=1)[0]
    return _THIS.sub("", " ".join(words.split()).strip(" ,;:-–."))[:120]


_ACTIONS = (
    (
        "release",
        r"\b(?:release|resume|unpause|un-?hold|unfreeze|off hold|carry on|run again|go (?:ahead|out|live) again|as planned again)\b",
    ),
    ("hold", r"\b(?:hold|pause|freeze|park|suspend|keep .*\bback|wait with|on ice)\b"),
    (
        "cancel",
        r"\b(?:cancel|unschedule|call off|take .*\b(?:off|out of)|remove .*\b(?:schedule|calendar)|stop .*\bgoing out|drop)\b",
    ),
)


def timing(say: str) -> str:
    """What is wanted of a post's time: “set”, “hold”, “release” or “cancel”."""
    return next((name for name, pattern in _ACTIONS if re.search(pattern, say[:500], re.IGNORECASE)), "set")


def feed_address(say: str) -> str:
    """The first web address in a sentence, without the punctuation after it; empty: none."""
    found = _FEED.search(say)
    return found[0].rstrip(".,;:!?)»") if found else ""
