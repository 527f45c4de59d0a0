"""Slack's addresses, references and people in our rows: made here, read here.

An address is `TEAM/CHANNEL/THREAD`, with an empty thread at a channel's top level; `TEAM/@USER/` is the private conversation with
somebody. A reference is `TEAM/CHANNEL:TS` of a message, `TEAM/CHANNEL:file:ID` of a file whose message is not known. A person is
`TEAM:USER`.
"""

from dataclasses import dataclass

from content.errors import NotFound


@dataclass(frozen=True)
class At:
    """An address, taken apart."""

    team: str
    channel: str
    """`@USER` for a private conversation that is looked up when it is needed."""
    thread: str = ""

    def __str__(self) -> str:
        return f"{self.team}/{self.channel}/{self.thread}"

    @property
    def private(self) -> bool:
        """Whether one person and the desk read along."""
        return self.channel.startswith(("D", "@"))


@dataclass(frozen=True)
class Ref:
    """A reference, taken apart; `file` is the id of a file whose message is not known."""

    team: str
    channel: str
    ts: str = ""
    file: str = ""

    def __str__(self) -> str:
        return f"{self.team}/{self.channel}:" + (f"file:{self.file}" if self.file else self.ts)


def at(address: str) -> At:
    """An address taken apart.

    Raises:
        NotFound: it is none of Slack's.
    """
    team, _, rest = address.partition("/")
    channel, _, thread = rest.partition("/")
    if not (team and channel):
        raise NotFound(f"“{address[:60]}” is no place in Slack. Start again from Messages.")
    return At(team, channel, thread)


def ref_of(ref: str) -> Ref:
    """A reference taken apart.

    Raises:
        NotFound: it is none of Slack's.
    """
    place, _, name = ref.partition(":")
    team, _, channel = place.partition("/")
    if not (team and channel and name):
        raise NotFound(f"“{ref[:60]}” is no message in Slack. Ask for the card again.")
    kind, _, file = name.partition(":")
    return Ref(team, channel, file=file) if kind == "file" and file else Ref(team, channel, name)


def person(team: str, user: str) -> str:
    """Somebody's unchangeable id."""
    return f"{team}:{user}"


def user_of(remote_id: str) -> tuple[str, str]:
    """Team and user of a person."""
    team, _, user = remote_id.partition(":")
    return team, user


def microseconds(ts: str) -> int:
    """Slack's `ts`, which is unique in a channel and grows, as a number."""
    seconds, _, rest = ts.partition(".")
    return int(seconds or 0) * 1_000_000 + int((rest + "000000")[:6])
