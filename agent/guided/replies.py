"""What the desk says itself in guided mode: short, friendly, and clear about what it can and cannot do."""

import re
from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from agent.briefing import Briefing
from agent.guided.moves import Choice, Move, say

CONNECT = "set OPENAI_API_KEY, or OPENAI_BASE_URL with COPYDESK_MODEL, and start me again"
HINT = f"I am in guided mode: simple requests and template drafts. To have posts written, connect a model: {CONNECT}."
"""Said at most once a conversation unless somebody asks."""

ABILITIES = (
    "I can draft posts (your own words, or a template), change and schedule them, show the calendar, plan something for "
    "every week, look for trends, keep goals, and remember what you tell me. Nothing goes out before a person approves it."
)

_MODELS = (
    "Guided mode means that no language model is connected: I follow simple requests by rules, and my drafts are templates. "
    f"To connect one, {CONNECT}."
)
_TALKS: Sequence[tuple[str, str]] = (
    (r"\b(?:guided|model|api key|llm|gpt|openai|connect a)\b", _MODELS),
    (r"^(?:thanks?|thx|thank you|cheers|great|nice|perfect|cool|well done|you're|ty)\b", "You're welcome."),
    (r"^(?:hi|hey|hello|good (?:morning|evening|day|afternoon)|morning|moin|yo)\b", f"Hello! {ABILITIES}"),
    (r"^(?:bye|good night|goodnight|see you|have a nice)\b", "See you. What is scheduled goes on without us."),
    (r"^(?:never ?mind|leave it|forget it|nothing|no|nope|stop)\b", "All right, I did nothing."),
    (r"^(?:yes|ok|okay|yep|sure|alright|got it)\b", "Good. Tell me what to do next, or press a button on a card."),
    (
        r"\b(?:help|what can you|what do you do|able to|commands|how do(?:es)? (?:this|i|it)|where do i|start)\b",
        ABILITIES,
    ),
    (r"\b(?:who|what) are you\b|\b(?:bot|robot|human|who (?:made|built))\b", f"I am Copydesk, a program. {ABILITIES}"),
)
_ELSE = f"I can't help with that one. {ABILITIES}"


_CONNECTING = re.compile(r"^(?:\w+ ){0,4}(?:connect|link|log ?in(?:to)?|sign ?in(?:to)?|hook up)\b", re.IGNORECASE)
_A_MODEL = re.compile(r"\b(?:model|key|gpt|llm|openai|azure|ollama)\b", re.IGNORECASE)


def is_about_connecting(said: str) -> bool:
    """Whether somebody wants to connect an account of theirs, not a model."""
    return bool(_CONNECTING.search(said.strip())) and not _A_MODEL.search(said)


def connecting() -> Move:
    """Where the form is."""
    return say("Here is the way in: the form appears in the chat.", Choice("Connect an account", "/connect"))


def talk(said: str, briefing: Briefing) -> Move:
    """An answer to something that asks for no action, with buttons for a good next step."""
    text = next((answer for pattern, answer in _TALKS if re.search(pattern, said.strip(), re.IGNORECASE)), _ELSE)
    return say(text, *(_starts(briefing) if CONNECT in text or ABILITIES in text else ()))


def _starts(briefing: Briefing) -> list[Choice]:
    first = Choice("Draft a post", "draft a post about what we do")
    if briefing.headlines:
        first = Choice("Draft from a headline", f"draft a post about {briefing.headlines[0].title}")
    second = Choice("Show the calendar", "show the calendar")
    third = (
        Choice("Check the goals", "check the goals")
        if briefing.goals
        else Choice("What is trending", "what is trending")
    )
    return [first, second, third]


def hinted(text: str, before: Sequence[BaseMessage]) -> str:
    """The text with the line about guided mode, unless this conversation has had it."""
    said = CONNECT in text or any(
        CONNECT in str(message.content) for message in before if isinstance(message, AIMessage)
    )
    return text if said else f"{text}\n\n{HINT}"


def unsure(choices: Sequence[Choice]) -> Move:
    """A question with the likeliest actions as buttons."""
    return say("I am not sure what you would like. Did you mean one of these?", *choices)


def left_alone(choices: Sequence[Choice]) -> Move:
    """The answer to a negation."""
    return say("I did nothing: I read that as something not to do. If you meant one of these, press it.", *choices)
