"""What went wrong with a model, as a sentence for a person: what happened, with which model, what to do. Never a key or a raw body."""

import math

import openai

from agent.openai_chat import UnreadableReply

_TOO_LONG = (
    "context_length",  # OpenAI's code, and servers that copy it
    "context length",
    "context window",
    "context size",  # llama.cpp
    "prompt is too long",
    "too many tokens",
    "configured limit",
)


def explain_model_error(error: Exception) -> str | None:
    """The sentence for a failed call of a model; None for an error that is not about the model: a bug of ours, which must not be hidden."""
    if isinstance(error, UnreadableReply):
        return "The model's answer broke off or is none at all. Try again; if it stays so, check the model's address."
    if not isinstance(error, openai.APIError):
        return None
    if _too_long(error):
        return f"This conversation is longer than {_model(error)} can read at once. Say it in fewer words, or begin a new one."
    if isinstance(error, openai.APIStatusError):
        return _refusal(error)
    return _broken(error)


def _broken(error: openai.APIError) -> str:
    if isinstance(error, openai.APITimeoutError):
        return f"No answer came in time from {_model(error)}. Try again, or give it longer in the settings."
    if isinstance(error, openai.APIConnectionError):
        return f"I could not reach {_model(error)}, or the connection broke. Check that its server is running, then try again."
    return f"The answer broke off: {_model(error)} reported an error in the middle. Try again in a moment."


def _refusal(error: openai.APIStatusError) -> str:
    if isinstance(error, openai.RateLimitError):
        return _busy(error)
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return f"The key was refused by {_model(error)}. Check the key in the settings, and that it may use this model."
    if isinstance(error, openai.NotFoundError):
        return f"There is no such model or path at {_model(error)}. Check the model's name and address in the settings."
    if error.status_code >= 500:
        return f"The server is out of order just now: {_model(error)}. Try again in a moment."
    return f"The request was refused by {_model(error)}. Run `copydesk doctor` to see whether its settings fit."


def _busy(error: openai.RateLimitError) -> str:
    if error.code == "insufficient_quota":
        return f"There is no credit left with {_model(error)}. Top up the account of its key, or set another model."
    return f"Too many requests just now for {_model(error)}. Try again {_when(error)}."


def _when(error: openai.RateLimitError) -> str:
    try:
        seconds = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return "in a moment"
    return f"in {math.ceil(seconds)} s" if 0 < seconds < 86400 else "in a moment"


def _too_long(error: openai.APIError) -> bool:
    said = f"{error.code or ''} {error.message}".lower()
    return any(phrase in said for phrase in _TOO_LONG)


def _model(error: openai.APIError) -> str:
    return f"the model at {error.request.url.netloc.decode()}"
