"""What is done to every text before a platform looks at it."""

import unicodedata

import regex

_CONTROLS = regex.compile(r"[^\P{Cc}\n\t]|\p{Cs}")


def clean(text: str) -> str:
    """The text as it is sent: NFC, plain line ends, no control characters, nothing around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return str(_CONTROLS.sub("", unicodedata.normalize("NFC", lines))).strip()
