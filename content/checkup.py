"""What `copydesk doctor` is told by the parts of the desk that can look at themselves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line."""

    ok: bool | None
    """None: nothing wrong, but worth knowing."""
    words: str
    """What is so; where it is wrong, also how to mend it."""
