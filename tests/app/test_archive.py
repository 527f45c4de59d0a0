"""The file that a backup is: what was put in comes out unchanged, and whatever else is in a file is refused with nothing done."""

import gzip
import io
import random
import tarfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from app import archive
from app.archive import FORMAT, Manifest, Member, Progress, size_words
from content.errors import Invalid

AT = datetime(2026, 11, 26, 21, 40, tzinfo=UTC)
ROWS, RED = random.Random(7).randbytes(200_000), b"a red picture"  # noqa: S311 - to be repeatable, not secret
RED_NAME = f"media/{sha256(RED).hexdigest()}"


def manifest(members: Sequence[Member], **changed: object) -> Manifest:
    told = {
        "rows": "sqlite",
        "rows_schema": "0003",
        "version": "0.1.0",
        "made_at": AT,
        "counts": {"post": 2},
        "keys": ("ab12",),
        "members": tuple(members),
    }
    return Manifest.model_validate(told | changed)


def member(name: str, data: bytes) -> Member:
    return Member(name=name, size=len(data), sha256=sha256(data).hexdigest())


GOOD = manifest([member("copydesk.db", ROWS), member(RED_NAME, RED)])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """An archive as a backup writes it."""
    (tmp_path / "rows").write_bytes(ROWS)
    (tmp_path / "red").write_bytes(RED)
    target = tmp_path / "good.tar.gz"
    with archive.writing(target, AT, print) as writing:
        writing.add("copydesk.db", tmp_path / "rows")
        writing.add(RED_NAME, tmp_path / "red")
        writing.seal(manifest(writing.members))
    return target


def forged(folder: Path, entries: Sequence[tuple[str | tarfile.TarInfo, bytes]]) -> Path:
    """A tar of just these entries."""
    path = folder / "forged.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for named, data in entries:
            entry = tarfile.TarInfo(named) if isinstance(named, str) else named
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


def sealed(told: Manifest) -> tuple[str, bytes]:
    return "manifest.json", told.model_dump_json().encode()


def test_what_was_put_in_comes_out(good: Path, tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    assert archive.read(good, print, room) == archive.read(good, print) == GOOD
    assert (room / "copydesk.db").read_bytes() == ROWS
    assert (room / RED_NAME).read_bytes() == RED
    assert {one.stat().st_mode & 0o777 for one in room.rglob("*") if one.is_file()} == {0o600}


def test_a_file_cut_anywhere_is_told(good: Path, tmp_path: Path) -> None:
    whole, cut = good.read_bytes(), tmp_path / "cut.tar.gz"
    for size in range(0, len(whole), max(1, len(whole) // 60)):
        cut.write_bytes(whole[:size])
        with pytest.raises(Invalid, match=r"cannot be used as a backup: it .*Nothing was changed\. Take another copy"):
            archive.read(cut, print)


def test_no_changed_byte_gets_through(good: Path, tmp_path: Path) -> None:
    whole, changed = good.read_bytes(), tmp_path / "changed.tar.gz"
    chance = random.Random(20261126)  # noqa: S311 - to be repeatable, not secret
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        changed.write_bytes(data)
        try:
            found = archive.read(changed, print)
        except Invalid:
            refused += 1
        else:  # gzip's head has bytes that mean nothing
            assert found == GOOD
    assert refused > 140


def link(name: str, kind: bytes, to: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, to
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        "../copydesk.db",
        "/etc/copydesk.db",
        f"media/../../{'a' * 64}",
        f"media/{'A' * 64}",
        "media/pwned",
        "sealing.key",
        "posts/post.md",
        "copydesk.db\n",
        link("copydesk.db", tarfile.SYMTYPE, "/etc/passwd"),
        link(RED_NAME, tarfile.LNKTYPE, "/etc/passwd"),
        link("media", tarfile.DIRTYPE, ""),
        link("copydesk.db", tarfile.FIFOTYPE, ""),
        link("copydesk.db", tarfile.CHRTYPE, ""),
        link("manifest.json", tarfile.SYMTYPE, "/etc/passwd"),
    ],
    ids=lambda entry: entry if isinstance(entry, str) else f"{entry.name} as {entry.type!r}",
)
def test_a_name_that_no_backup_has_is_refused_and_writes_nothing(tmp_path: Path, entry: str | tarfile.TarInfo) -> None:
    room = tmp_path / "in" / "room"
    room.mkdir(parents=True)
    data = b"" if isinstance(entry, tarfile.TarInfo) else b"trick"
    with pytest.raises(Invalid, match=r"it holds “[^\n]*”, as no backup of mine does"):
        archive.read(forged(tmp_path, [(entry, data)]), print, room)
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["forged.tar.gz", "in", "room"]


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        ([("copydesk.db", ROWS), ("copydesk.db", ROWS)], "it holds “copydesk.db”"),
        ([("copydesk.db", ROWS)], "it has no manifest, so it is cut off"),
        ([sealed(manifest([]))], "the rows are not in it"),
        (
            [("copydesk.db", ROWS), sealed(manifest([member("copydesk.db", ROWS)], rows="postgresql"))],
            "the rows are not",
        ),
        (
            [("copydesk.db", b"other"), sealed(manifest([member("copydesk.db", ROWS)]))],
            "“copydesk.db” in it is not what",
        ),
        ([("copydesk.db", ROWS), sealed(GOOD)], f"“{RED_NAME}” in it is not what"),
        (
            [("copydesk.db", ROWS), (RED_NAME, RED), sealed(manifest([member("copydesk.db", ROWS)]))],
            "in it is not what",
        ),
        (
            [
                ("copydesk.db", ROWS),
                (RED_NAME, b"blue"),
                sealed(manifest([member("copydesk.db", ROWS), member(RED_NAME, b"blue")])),
            ],
            f"“{RED_NAME}” in it is not what",
        ),
        ([("manifest.json", b"{}")], "its manifest cannot be read"),
        ([("manifest.json", b'{"format": 1}')], "its manifest cannot be read"),
        ([("manifest.json", b"\xff")], "its manifest cannot be read"),
        (
            [("manifest.json", f'{{"format": {FORMAT + 1}, "all": "new"}}'.encode())],
            rf"a newer Copydesk made it \(its format is {FORMAT + 1}, this one knows {FORMAT}\)",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(
    tmp_path: Path, entries: Sequence[tuple[str | tarfile.TarInfo, bytes]], what: str
) -> None:
    with pytest.raises(Invalid, match=what):
        archive.read(forged(tmp_path, entries), print)


@pytest.mark.parametrize(
    "data",
    [b"", b"Dear diary", gzip.compress(b"Dear diary"), gzip.compress(b"x" * 5000)],
    ids=["empty", "text", "gz", "long"],
)
def test_another_file_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "diary").write_bytes(data)
    with pytest.raises(Invalid, match=r"diary cannot be used as a backup: it (is damaged|has no manifest|is cut off)"):
        archive.read(tmp_path / "diary", print)


def test_a_folder_or_nothing_is_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(Invalid, match="There is no file"):
            archive.read(path, print)


def breaks() -> None:
    raise RuntimeError("a bug")


@pytest.mark.parametrize("broken", [breaks, lambda: (_ for _ in ()).throw(KeyboardInterrupt())], ids=["bug", "Ctrl-C"])
def test_whatever_breaks_nothing_is_left(tmp_path: Path, broken: Callable[[], None]) -> None:
    with pytest.raises((RuntimeError, KeyboardInterrupt)), archive.writing(tmp_path / "a.tar.gz", AT, print):
        broken()
    assert list(tmp_path.iterdir()) == []


def test_how_far_it_is_is_said_now_and_then() -> None:
    said: list[str] = []
    progress = Progress(said.append, "Backing up", every=0)
    progress.add(1_500_000)
    progress.add(2_500_000_000)
    assert said == ["Backing up: 1.5 MB …", "Backing up: 2,501.5 MB …"]
    patient = Progress(said.append, "Backing up", every=60)
    patient.add(1)
    assert len(said) == 2
    assert size_words(16_400) == "16 kB"
