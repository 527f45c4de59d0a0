"""Words that hint at an action: a table of patterns the router weighs, none of which decides anything alone."""

import re

DAY = r"mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
SOON = rf"today|tonight|tomorr?ow|tmrw|noon|midnight|{DAY}|next (?:week|month)|weekend|morning|afternoon|evening"

_WORDS = {
    # how it is said
    "greets": r"^(?:hi|hey|hello|good (?:morning|evening|night|day)|morning|thanks|thank you|thx|cheers|bye)\b",
    "asks": r"\?|^(?:what|which|when|where|who|how|is|are|do|does|did|can|could|any|will|have|has|am)\b",
    "asks what": r"^(?:what|whats|wat)\b",
    "asks how": r"^how\b",
    "asks when": r"^when\b",
    "asks who": r"^who\b",
    "asks whether": r"^(?:is|are|am|do|does|did|have|has|will)\b",
    "asks you to": r"^(?:can|could|would|will) (?:you|we|u)\b",
    "says you": r"\b(?:you|your|yourself)\b",
    "says we": r"\b(?:we|our|us)\b",
    "says I": r"\b(?:i|my|me|i'm|i'd)\b",
    "says no": r"\b(?:don't|dont|do not|never|not|no)\b",
    "short": r"^\S+(?: \S+){0,2}$",
    "long": r"^\S+(?: \S+){13,}",
    # what is in it
    "quotes": r"\bquoted\b",
    "links": r"\blink\b",
    "says it": r"\b(?:it|that one|this one|that|the draft|the post|the text)\b",
    "names a post": r"(?:\b(?:post|number|no\.?|draft)|#) ?\d+\b|#\d+"
    r"|\b(?:first|second|third|last|other|latest) (?:one|post|draft|version)\b",
    "counts posts": r"\b(?:\d|one|two|three|four|five|six|a couple of|a few|some|several) (?:\w+ )?"
    r"(?:posts|drafts|ideas|captions|threads|versions)\b",
    "names a day": rf"\b(?:{SOON})\b",
    "names an hour": r"\b\d{1,2}(?::\d\d| ?(?:am|pm|h|o'clock))\b|\bnoon\b|\bat \d{1,2}\b",
    "shifts": r"\b(?:minutes?|hours?|days?|weeks?) (?:later|earlier)\b|\b(?:later|earlier)\b"
    r"|\bin (?:an?|\d+|two|three) (?:minutes?|hours?|days?)\b",
    "repeats": r"\b(?:every|each|evry|weekly|daily|monthly|nightly|recurring|regular|regularly|weekdays?|repeat|routine|series"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days|mornings|automatically|standing)\b"
    r"|\b(?:once|twice) a (?:day|week|month)\b",
    "gives a rate": r"\b(?:a|per|each|/) ?(?:day|week|month)\b|\bweekly\b|/ ?week|/wk",
    "big number": r"\b\d{3,}\b|\b\d+k\b",
    # what it is about
    "writing": r"\b(?:draft|write|wirte|compose|create|craft|prepare|make|whip up|come up with|pen|caption|announce(?:ment)?"
    r"|teaser|thread|promote|tell (?:people|everyone|our|the|them)|let (?:people|everyone|everybody)|spread the word"
    r"|shout|congratulate|celebrate|invite|wish|thank our|share|about)\b",
    "about": r"\b(?:about|abuot|on|regarding)\b",
    "editing": r"\b(?:shorter|longer|shorten|rewrite|rephrase|reword|edit|revise|change|replace|swap|fix|typo|remove|add"
    r"|translate|trim|cut|polish|improve|simplify|tone|formal|casual|funnier|punchier|warmer|friendlier|hashtags?"
    r"|emojis?|sentence|opening|ending|intro|wording|paragraph|spelling|line|title|hook|instead of|version)\b",
    "comparing": r"\b(?:more|less|too|bit|\w{3,}er)\b",
    "language": r"\b(?:in|to|into) (?:english|german|french|spanish|italian|portuguese|dutch)\b",
    "scheduling": r"\b(?:schedule|shedule|reschedule|move|postpone|delay|push|bring forward|book|hold|pause|freeze|park|release"
    r"|resume|unpause|cancel|unschedule|call off|on hold|slot|go out|goes out|run again|off the schedule"
    r"|put (?:it|that|post|number) (?:on|for))\b",
    "calendar": r"\b(?:calendar|calender|agenda|schedule|scheduled|planned|queue|queued|upcoming|coming up|lined up|going out"
    r"|goes out|overview|gaps?|free|empty|due|on hold|drafts)\b",
    "trends": r"\b(?:trends?|trending|news|headlines?|stories|articles?|buzz|viral|hot|popular|topics?|feed|research|reserch"
    r"|look up|find|search|scan|people (?:are )?(?:talking|saying|discussing)|talking about|inspiration|inspire|ideas?"
    r"|interesting|latest|current|sources|discussions?|jump on|should (?:i|we) (?:write|post|talk))\b",
    "goals": r"\b(?:goals?|gaol|targets?|aim|aiming|objective|reach|hit|grow|followers?|engagement|likes|reactions"
    r"|interactions|comments)\b",
    "progress": r"\b(?:progress|on track|behind|ahead|how far|how close|status|are we (?:doing|going|there|keeping)"
    r"|how (?:are|is|am) (?:we|it|i|the|our)|missing|left|enough|stand|compared|against|keeping up"
    r"|did (?:we|i) (?:hit|reach|meet|make|manage))\b",
    "wanting": r"\b(?:set|want|aim|should|let's|lets|get (?:us|me|to)|at least|until|before|new goal|raise|lower|increase"
    r"|target (?:is|of|to)|my (?:aim|goal|target)|by (?:the )?(?:end|january|february|march|april|may|june|july|august"
    r"|september|october|november|december|easter|christmas))\b",
    "telling": r"\b(?:remember|rember|keep in mind|note|fyi|for the record|just so you know|save|store|write down|learn"
    r"|know that|from now on|always|never|our (?:brand|voice|tone|style|audience|customers|office|slogan|company|product"
    r"|shop|colou?r)|my name|i (?:prefer|like|work)|please (?:don't|always|never)|as a rule|avoid"
    r"|we (?:use|write|spell|say|prefer|call|don't|do not|sell|ship|are|work))\b",
    "recalling": r"\b(?:do you (?:know|remember|have)|what do (?:you|we) (?:know|remember)|did i|did we|have i|again|remind me"
    r"|recall|your (?:notes?|memory|memories)|in memory|i (?:said|say|told|tell|mentioned|mention)"
    r"|we (?:said|say|decided|decide)|stored|saved|what(?:'s| is) our|what was|who is|which rules?)\b",
    "forgetting": r"\b(?:forget|forgett|erase|wipe|unlearn|scratch|discard|strike|no longer|not true|any ?more|outdated"
    r"|get rid|stop remembering|delete|remove|drop|clear|lose)\b",
    "memory": r"\b(?:memory|memories|notes?|rules?|facts?|remembering|told you|i said|i told|know)\b",
    "approving": r"\b(?:approve|approval|aproove|sign[- ]?off|signed off|review|ok on|okay|ok|green light|look at|check it"
    r"|check this|second pair|ready|run (?:it|this|post|number) (?:past|by)|the boss|submit)\b",
    "publishing": r"\b(?:publish|post it|send it|put (?:it|post \d+|number \d+|that) (?:live|online|out)|live|go live|ship"
    r"|push it live|looks (?:good|great)|happy with|go ahead|now)\b",
    "asking someone": r"\b(?:ask|get|have|let|can|could|needs?) (?:\w+|the boss|my boss) (?:to )?"
    r"(?:approve|check|look|review|sign|ok|okay|read|see)\b|\bneeds? (?:approval|a sign)",
    "the desk": r"\b(?:model|api|key|connect|bot|robot|human|guided|what can you|able to|help|how does this|how do i)\b",
}

CUES = {name: re.compile(pattern) for name, pattern in _WORDS.items()}
"""Name -> pattern, for text as `agent.guided.features.plain` leaves it."""
