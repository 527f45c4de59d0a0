"""Commands: a message that begins with / is answered without the model, the same in every chat."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot import plainly

DESK = "copydesk"
"""What Slack has to read before a command, and may stand before one everywhere: `/copydesk plans` is `/plans`."""
HELP, HOLD, RELEASE, STOP, UNLINK = "help", "hold", "release", "stop", "unlink"


@dataclass(frozen=True)
class Command:
    """What a command shows, and what it is for."""

    subject: str
    """The card it shows; empty: words only."""
    words: str


COMMANDS: Mapping[str, Command] = {
    "calendar": Command("calendar:this week", "what goes out this week"),
    "connect": Command("accounts:all", "your accounts, and connecting another"),
    "export": Command("", "the calendar as a table"),
    "goals": Command("goals:all", "how far you are"),
    HELP: Command("", "what I can do"),
    HOLD: Command("settings:all", "let nothing go out from now on, whatever is planned"),
    "invite": Command("", "let somebody in, such as `/invite approver Jo`"),
    "link": Command("", "be known in another chat too"),
    "login": Command("", "a one-time address of the desk's page"),
    RELEASE: Command("settings:all", "let posts go out at their times again"),
    "plans": Command("plans:all", "what happens again and again, and ending it"),
    "report": Command("report:8 weeks", "how your posts did"),
    "settings": Command("settings:all", "who must say yes, who is here, and holding everything"),
    "slots": Command("slots:all", "when your accounts post, and how full the queue is"),
    "subscribe": Command("", "the calendar in your calendar program; `/subscribe new` changes its address"),
    STOP: Command("", "stop what I am doing"),
    "trends": Command("findings:", "what research found lately"),
    UNLINK: Command("", "be unknown again in the chat where you type it"),
}


_PLAIN = {
    **dict.fromkeys(("hold everything", "stop everything", "hold all posts", "stop all posts"), HOLD),
    **dict.fromkeys(("release everything", "let everything go"), RELEASE),
}
"""What is a command though it looks like talk: it must work when no model does, and at once, and where a chat takes no / for us."""
_QUESTIONS = {"how did we do": "report"}
_ALL = re.compile(r"(?:(?:everything|all(?: posts)?|now|please)[\s.,!]*)+", re.IGNORECASE)
_SOME = re.compile(r"#?\d|\b(?:post|draft|thread|plan|series)\b", re.IGNORECASE)


def command_of(text: str) -> str:
    """The command a message is, or empty: it is something to think about."""
    bare = _bare(text)
    if meant := _plainly(bare.removeprefix("/")):
        return meant
    first, _, rest = bare.partition(" ")
    name = first[1:].casefold() if first[:1] == "/" and first[1:].isalpha() else ""
    return "" if _speaks_of_some(name, rest) else name


def _plainly(said: str) -> str:
    """The command that plain words are; a question is none that changes anything."""
    words = " ".join(said.replace("’", "'").split()).rstrip(" .!").casefold()
    asked = words.rstrip(" .!?")
    return _PLAIN.get(words) or _QUESTIONS.get(asked) or plainly.meant(asked)


def _speaks_of_some(name: str, rest: str) -> bool:
    """Whether what begins like a command about everything is a wish about less, such as “/release post 12”.

    In doubt everything is held, and nothing is released.
    """
    if name == RELEASE:
        return bool(rest.strip()) and _ALL.fullmatch(rest.strip()) is None
    return name in (HOLD, STOP) and _SOME.search(rest) is not None


def words_after(text: str) -> str:
    """What stands behind the command that a message is."""
    return _bare(text).partition(" ")[2]


def _bare(text: str) -> str:
    """Without the desk's name before it."""
    first, _, rest = text.strip().partition(" ")
    rest = rest.strip().removeprefix("/")
    return f"/{rest}" if first.casefold() == f"/{DESK}" and rest else text.strip()


def help_text() -> str:
    """What a person can say, and the commands."""
    lines = [f"- `/{name}`: {command.words}" for name, command in COMMANDS.items()]
    return (
        "Ask in plain words: “draft a post about …”, “schedule it for tomorrow 9”, “every Monday 9:00 draft a tip”, "
        "“my plans”, “what is trending?”, “remember that …”. Nothing goes out before somebody approves it.\n\n"
        + "\n".join(lines)
    )
