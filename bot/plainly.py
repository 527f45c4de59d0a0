"""Plain words for what no tool may do, such as ending a plan: a card has the buttons, with a model or without.

Nothing but a whole, short message is taken so, and all that happens is that a card is shown.
"""

import re

LONGEST = 120
"""Characters; who says more says something else too."""
_PLEASE = r"(?:(?:please|can you|could you|i want to|i would like to|i'd like to) ){0,2}"
_LOOK = r"(?:(?:(?:show|list|see|open|view)(?: me| us)?|what are|where are) )?"
_SHOW = rf"{_PLEASE}{_LOOK}(?:all )?(?:(?:my|our|the|your) )?(?:current |running )?"
_RECURRING = r"recurring (?:posts?|drafts?|tasks?)"
_END = r"(?:end|stop|cancel|delete|remove|drop)"
_ONE = r"(?:an?|the|my|our|that|this|one of (?:my|our|the))"
_WORD = r"[^\s,;:]+ "
_OF_A_POST = r"(?:posts?|drafts?|tweets?|threads?|sentences?|lines?|parts?|words?|about|with)\b"
"""With one of these between the verb and the plan, something else is to end: “delete the post about our plans”."""
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_DAY = rf"(?:day|weekday|week|month|morning|afternoon|evening|weekend|{_WEEKDAY})s?"
_HOUR = r"(?: (?:at )?\d{1,2}(?:[:.]\d\d)?(?: ?[ap]m)?)?"
_OFTEN = rf"(?:(?:every|each) (?:\w+ )?{_DAY}|on {_WEEKDAY}s?|on weekdays|daily|weekly|monthly){_HOUR}"
_SENTENCES = {
    "plans": (
        rf"{_SHOW}(?:plans|{_RECURRING})",
        r"what(?: is|'s)? (?:repeats|repeating|recurring)",
        r"(?:what|which) (?:plans|series) (?:do (?:we|i|you) have|are there|are running|run)",
        rf"{_PLEASE}{_END} {_ONE} (?:(?!{_OF_A_POST}){_WORD}){{0,4}}(?:plans?|series|routines?|{_RECURRING})(?: about .+)?",
        rf"{_PLEASE}stop (?!using|saying)\w+ing (?:{_WORD}){{0,8}}?{_OFTEN}",
    ),
    "slots": (rf"{_SHOW}(?:(?:posting|weekly) )?slots",),
}
_WHOLE = {name: re.compile(rf"(?:{'|'.join(each)})(?:,? please)?") for name, each in _SENTENCES.items()}


def meant(plain: str) -> str:
    """The command that says the same as a message in small letters, without its full stop; empty: none."""
    if len(plain) > LONGEST:
        return ""
    return next((name for name, pattern in _WHOLE.items() if pattern.fullmatch(plain)), "")
