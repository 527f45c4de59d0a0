import contextlib
import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures
from PIL import PngImagePlugin

from content.errors import Invalid, NotAllowed, NotFound
from content.media import LARGEST, check
from content.models import Role
from tests.fakes.desk import Desk

GPS = 0x8825
ORIENTATION, MAKER = 0x0112, 0x010F
SIDEWAYS = 6


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    out = io.BytesIO()
    Pictures.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


def exif() -> Pictures.Exif:
    found = Pictures.Exif()
    found[ORIENTATION], found[MAKER], found[GPS] = SIDEWAYS, "Camera-of-Ann", {1: "N", 2: (52.0, 31.0, 12.0)}
    return found


def moving(kind: str, **options: Any) -> bytes:
    frames = [Pictures.new("RGB", (30, 20), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")]
)
def test_the_usual_pictures_are_taken_byte_for_byte(kind: str, mime: str) -> None:
    data = picture(kind)
    checked = check("x", data)
    assert (checked.data, checked.mime, checked.width, checked.height) == (data, mime, 40, 20)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_photo_is_turned_upright_and_forgets_where_it_was_taken(kind: str) -> None:
    data = picture(kind, exif=exif())
    assert b"Camera-of-Ann" in data
    checked = check("x", data)
    assert (checked.width, checked.height) == (20, 40)
    assert b"Camera-of-Ann" not in checked.data
    with Pictures.open(io.BytesIO(checked.data)) as clean:
        assert (clean.format, dict(clean.getexif())) == (kind, {})


def test_notes_hidden_in_a_picture_do_not_get_out() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", "<gps/>")
    for data in (picture("PNG", pnginfo=notes), picture("JPEG", xmp=b"<gps/>"), picture("JPEG", comment=b"<gps/>")):
        assert b"<gps/>" in data
        assert b"<gps/>" not in check("x", data).data


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_moving_picture_keeps_moving_when_it_is_cleaned(kind: str) -> None:
    checked = check("x", moving(kind, exif=exif(), duration=100))
    assert b"Camera-of-Ann" not in checked.data
    with Pictures.open(io.BytesIO(checked.data)) as clean:
        assert getattr(clean, "n_frames", 1) == 3


def test_a_phones_double_picture_becomes_a_plain_jpeg() -> None:
    checked = check("x", moving("MPO"))
    with Pictures.open(io.BytesIO(checked.data)) as clean:
        assert (clean.format, checked.mime) == ("JPEG", "image/jpeg")


def bomb(width: int, height: int) -> bytes:
    """A small file that claims to be a huge picture."""
    data = bytearray(picture())
    data[16:24] = width.to_bytes(4) + height.to_bytes(4)
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no picture I can read"),
        (b"<html>hello</html>", "no picture I can read"),
        (picture()[:60], "no picture I can read"),
        (picture("TIFF"), "TIFF pictures are not accepted"),
        (bytes(LARGEST + 1), "20.0 MB, 20 MB are allowed"),
        (bomb(9_000, 9_000), "9000 × 9000 pixels"),
        (bomb(10_000, 10_000), "far too many pixels"),
        (bomb(60_000, 60_000), "far too many pixels"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_reason(data: bytes, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        check("../odd/dog.png", data)
    assert refused.value.problems[0].where == "dog.png"


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.data())
def test_a_damaged_file_is_taken_or_refused_and_never_breaks_anything(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Invalid):
        check("x", bytes(damaged))


async def test_a_picture_is_kept_once_and_read_back(desk: Desk, tmp_path: Path) -> None:
    data = picture()
    first = await desk.media.add(desk.actor, "C:/dogs/dog.png", data)
    second = await desk.media.add(desk.actor, "again.png", data)
    assert (first.name, first.mime, first.size, first.width, first.height) == (
        "dog.png",
        "image/png",
        len(data),
        40,
        20,
    )
    assert first.media_id != second.media_id
    assert [one.name for one in (tmp_path / "media").iterdir()] == [first.sha256]
    assert await desk.media.read(second.media_id) == data
    workspace = desk.actor.workspace_id
    assert await desk.media.images(workspace, [second.media_id, first.media_id]) == [second, first]


async def test_pictures_of_another_workspace_are_not_there(desk: Desk) -> None:
    mine = await desk.media.add(desk.actor, "dog.png", picture())
    with pytest.raises(NotFound, match=mine.media_id):
        await desk.media.images("workspace_0", [mine.media_id])


async def test_a_picture_that_is_gone_is_said_to_be(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await desk.media.read("media_0")
    mine = await desk.media.add(desk.actor, "dog.png", picture())
    (tmp_path / "media" / mine.sha256).unlink()
    with pytest.raises(NotFound, match=r"dog\.png"):
        await desk.media.read(mine.media_id)


async def test_a_viewer_adds_no_pictures(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        await desk.media.add(await desk.member(Role.VIEWER), "dog.png", picture())
