import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from cryptography.fernet import Fernet

from content.errors import NotAllowed
from content.sealing import Sealer, fingerprint, keys_in, keys_of

SECRETS = {"token": "s3cret"}


def test_what_was_sealed_opens_with_any_of_the_keys() -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    sealed = Sealer([old]).seal(SECRETS)
    assert b"s3cret" not in sealed
    assert Sealer([new, old]).open(sealed) == SECRETS


def test_another_key_opens_nothing_and_says_what_to_do() -> None:
    sealed = Sealer([Fernet.generate_key()]).seal(SECRETS)
    with pytest.raises(NotAllowed, match="Put the old sealing key back"):
        Sealer([Fernet.generate_key()]).open(sealed)


def test_the_newest_key_seals() -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    assert Sealer([new]).open(Sealer([new, old]).seal(SECRETS)) == SECRETS


def test_the_first_run_makes_a_key_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "sealing.key"
    keys = keys_of(path)
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys_of(path) == keys


def test_several_that_start_together_have_one_key(tmp_path: Path) -> None:
    """Processes of one desk do."""
    together = Barrier(8)

    def started(path: Path) -> tuple[bytes, ...]:
        together.wait()
        return tuple(keys_of(path))

    with ThreadPoolExecutor(8) as pool:
        for attempt in range(50):
            path = tmp_path / str(attempt) / "sealing.key"
            (keys,) = set(pool.map(started, [path] * 8))
            assert len(keys) == 1
            assert list(path.parent.iterdir()) == [path]


def test_a_fingerprint_tells_keys_apart_and_is_no_part_of_one() -> None:
    one, other = Fernet.generate_key(), Fernet.generate_key()
    assert fingerprint(one) == fingerprint(one) != fingerprint(other)
    assert len(fingerprint(one)) == 16
    assert fingerprint(one).encode() not in one


def test_looking_for_keys_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    assert keys_in(path) == []
    assert not path.exists()
    assert keys_of(path) == keys_in(path)
