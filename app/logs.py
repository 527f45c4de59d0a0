"""JSON log lines: an event named `noun.verb`, its fields, and never a secret."""

import json
import logging
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from content.errors import Invalid

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_NAMED = r"(?:token|password|secret|api[-_]?key|authorization|cookie|jwt|session|code_verifier)"
_TOKENS = re.compile(
    rf"""(?ix) (?P<before>
        (?: bearer | basic ) \s+                                  # a header
      | {_NAMED} [\w-]* [\s\\"']* [=:] [\s\\"']* (?:bearer\s+|basic\s+)?  # a field, also in JSON inside a string
    ) [\w.~+/=%-]{{8,}}
    | sk-[\w-]{{12,}} | eyJ[\w-]+\.[\w-]+\.[\w-]+               # a key or a signed token, wherever it stands
    """
)


class JsonLines(logging.Formatter):
    """One line a record; values that are secrets are blanked wherever they stand."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._secrets = [form for secret in secrets if secret for form in (secret, json.dumps(secret)[1:-1])]

    def format(self, record: logging.LogRecord) -> str:
        """The record as a JSON object."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "event": record.getMessage()}
        line["logger"] = record.name
        line |= {name: value for name, value in record.__dict__.items() if name not in _OWN}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return self._blanked(json.dumps(line, default=str, ensure_ascii=False))

    def _blanked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        return _TOKENS.sub(lambda found: f"{found['before'] or ''}•••", text)


def set_up_logs(target: str, level: str, folder: Path, secrets: Sequence[str]) -> None:
    """Send every log line to a file, or to stderr for `-`.

    Raises:
        Invalid: the file cannot be written.
    """
    handler = _handler(target, folder)
    handler.setFormatter(JsonLines(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "openai", "aiosqlite", "apscheduler", "alembic", "PIL", "faiss", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _handler(target: str, folder: Path) -> logging.Handler:
    if target == "-":
        return logging.StreamHandler(sys.stderr)
    path = Path(target) if target else folder / "copydesk.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return logging.FileHandler(path, encoding="utf-8")
    except OSError as broken:
        raise Invalid(
            f"I cannot write the log to {path}: {broken.strerror}. Set COPYDESK_LOG_FILE to another file, or to - for "
            "standard error."
        ) from broken
