"""Sealing of secrets at rest: with the database alone, nobody can log in anywhere."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from content.errors import NotAllowed


class Sealer:
    """Seals small mappings with the newest key and opens those sealed with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._box = MultiFernet([Fernet(key) for key in keys])

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        """The secrets, unreadable without a key."""
        return self._box.encrypt(json.dumps(dict(secrets), sort_keys=True).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """What was sealed.

        Raises:
            NotAllowed: it was sealed with another key.
        """
        try:
            opened: dict[str, str] = json.loads(self._box.decrypt(sealed))
        except InvalidToken as wrong_key:
            raise NotAllowed(
                "A stored login cannot be opened: it was sealed with another key. Put the old sealing key back as a "
                "second line of the key file, or connect the account again."
            ) from wrong_key
        return opened


def fingerprint(key: bytes) -> str:
    """What tells a key from others, and opens nothing: 16 hex digits."""
    return hashlib.sha256(b"copydesk sealing key " + key).hexdigest()[:16]


def keys_in(path: Path) -> list[bytes]:
    """The keys in a file, newest first; none where there is no file."""
    return path.read_bytes().split() if path.exists() else []


def keys_of(path: Path) -> list[bytes]:
    """The keys in a file, newest first, one a line; on first run one is made, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
    return keys_in(path)


def _make(path: Path) -> None:
    """A new key in a file that appears whole: of several processes that start together one makes it, and none reads half of it."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # readable by its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
