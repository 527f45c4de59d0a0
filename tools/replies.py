"""What a tool gives back: a short text for the model and, beside it, the card to show to the person."""

from langgraph.prebuilt.tool_node import ToolInvocationError

from content.errors import ContentError
from content.views import DeliveryView, PostView

LONGEST = 1_200
"""Characters of a text for the model, about 300 tokens."""

MODEL_ONLY = "\n(For you: "
"""What follows in a tool's text is for the model; a person sees it on the card."""

Reply = tuple[str, str]
"""Text for the model; and for the person the row to show as a card, such as `post:post_1f…`, or nothing."""


def said(text: str) -> Reply:
    """Only words."""
    return _short(text), ""


def shown(text: str, subject: str, note: str = "") -> Reply:
    """Words that may be passed on as they are, a card of that row, and what only the model needs to know."""
    for_model = " ".join([*filter(None, [_short(note)]), "The person sees it as a card."])
    return f"{_short(text)}{MODEL_ONLY}{for_model})", subject


def for_a_person(text: str) -> str:
    """A tool's words without what only the model needs to know."""
    return text.partition(MODEL_ONLY)[0]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()}… (cut)"


def post_line(post: PostView) -> str:
    """A post in one line: number, state, and for every account its length, time and problems."""
    accounts = "; ".join(_delivery_line(one) for one in post.deliveries)
    return f"Post #{post.number} (version {post.revision}, {post.state.value.replace('_', ' ')}): {accounts}."


def _delivery_line(one: DeliveryView) -> str:
    parts = one.rendering.parts
    lengths = ", ".join(f"{part.length}/{one.rendering.limits.text}" for part in parts)
    thread = f" as {'a thread of' if one.rendering.later_parts == 'thread' else 'a post and comments,'} {len(parts)}"
    thread = thread if len(parts) > 1 else ""
    problems = "".join(f" Problem: {problem}" for problem in one.problems)
    warned = "".join(f" Warning: {each.words}" for each in one.cautions)
    return (
        f"{one.rendering.label} {one.rendering.handle} {lengths} {one.rendering.limits.unit}{thread}{problems}{warned}"
    )


def explain(error: ContentError | ToolInvocationError) -> str:
    """An error as a sentence for the model: the one place where tools' errors become words."""
    if isinstance(error, ContentError):
        return _short(f"That did not work: {error.message}")
    wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.filtered_errors or ())
    return _short(f"That did not work: wrong arguments for {error.tool_name}. {wrong}. Call it again with right ones.")
