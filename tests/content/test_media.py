import contextlib
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures
from PIL import PngImagePlugin

from content.errors import Invalid, NotAllowed, NotFound
from content.media import LARGEST, check, examined
from content.models import Role
from content.platform import Image, Video
from content.video import NO_MP4, NO_PICTURES, UNREADABLE, rewrite
from tests.fakes.desk import Desk
from tests.fakes.films import PLACE, film, song

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
    assert await desk.media.files(workspace, [second.media_id, first.media_id]) == [second, first]


async def test_pictures_of_another_workspace_are_not_there(desk: Desk) -> None:
    mine = await desk.media.add(desk.actor, "dog.png", picture())
    with pytest.raises(NotFound, match=mine.media_id):
        await desk.media.files("workspace_0", [mine.media_id])


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


# videos


async def taken(desk: Desk, path: Path, name: str = "") -> Image | Video:
    return await desk.media.take(desk.actor, name or path.name, path)


@pytest.mark.parametrize("name", ["holiday.mp4", "holiday.mov"])
async def test_a_video_is_kept_as_an_mp4_without_what_it_tells_of_its_maker(
    desk: Desk, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    made = film(path, seconds=1.5, size=(64, 48))
    assert PLACE.encode() in made
    kept = await taken(desk, path)
    assert isinstance(kept, Video)
    assert (kept.mime, kept.width, kept.height, kept.seconds, kept.codec, kept.name) == (
        "video/mp4",
        64,
        48,
        1.5,
        "h264",
        name,
    )
    data = await desk.media.read_range(kept.media_id, 0, kept.size)
    assert len(data) == kept.size
    assert hashlib.sha256(data).hexdigest() == kept.sha256
    for told in (PLACE.encode(), b"A phone", b"my secret"):
        assert told not in data
    assert data.find(b"moov") < data.find(b"mdat"), "it can be played while it loads"
    assert await desk.media.read_range(kept.media_id, 4, 8) == data[4:8]
    assert (await desk.media.shown(kept.media_id))[:2] == b"\xff\xd8"
    assert await desk.media.files(desk.actor.workspace_id, [kept.media_id]) == [kept]


async def test_a_video_is_found_by_its_own_workspace_only(desk: Desk, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4")
    kept = await taken(desk, tmp_path / "a.mp4")
    path, kind = await desk.media.path(desk.actor.workspace_id, kept.media_id)
    assert (kind, path.stat().st_size) == ("video/mp4", kept.size)
    poster, kind = await desk.media.path(desk.actor.workspace_id, kept.media_id, poster=True)
    assert (kind, poster.read_bytes()[:2]) == ("image/jpeg", b"\xff\xd8")
    with pytest.raises(NotFound):
        await desk.media.path("workspace_0", kept.media_id)
    path.unlink()
    with pytest.raises(NotFound):
        await desk.media.path(desk.actor.workspace_id, kept.media_id)
    with pytest.raises(NotFound, match=r"file of the video “a\.mp4” is gone"):
        await desk.media.read_range(kept.media_id, 0, 4)


async def test_a_picture_may_come_as_a_file_too(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "dog.png").write_bytes(picture())
    kept = await taken(desk, tmp_path / "dog.png")
    assert isinstance(kept, Image)
    assert await desk.media.shown(kept.media_id) == await desk.media.read(kept.media_id)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("song.mp4", "holds no moving pictures"),
        ("half.mp4", "no video I can read"),
        ("box.mp4", "no video I can read"),
        ("huge.mp4", "512 MB are allowed"),
        ("photo.heic", "no picture I can read"),
        ("zip.mp4", "no video I can read"),
        ("empty.mp4", "no video I can read"),
        ("empty", "no picture I can read"),
    ],
)
async def test_what_is_no_video_is_refused_with_its_name(desk: Desk, tmp_path: Path, name: str, why: str) -> None:
    path = tmp_path / name
    made: dict[str, Callable[[], bytes]] = {
        "half.mp4": lambda: film(path)[: len(film(path)) // 2],
        "song.mp4": lambda: song(path),
        "box.mp4": lambda: b"\0\0\0\x18ftypisom" + b"?" * 500,
        "huge.mp4": lambda: b"\0\0\0\x18ftypisom",
        "photo.heic": lambda: b"\0\0\0\x18ftypheic" + b"?" * 500,
        "zip.mp4": lambda: b"PK\x03\x04" + b"?" * 500,
        "empty.mp4": lambda: b"",
        "empty": lambda: b"",
    }
    path.write_bytes(made[name]())
    if name == "huge.mp4":
        with path.open("r+b") as file:
            file.truncate(512_000_001)
    with pytest.raises(Invalid, match=why) as refused:
        await taken(desk, path)
    assert name in refused.value.message
    assert list((tmp_path / "media").glob("incoming*")) == []


async def test_what_a_process_that_ended_left_on_its_way_in_is_swept_away(desk: Desk, tmp_path: Path) -> None:
    with desk.media.room() as path:
        abandoned, busy = path.with_name("incoming.part_1"), path.with_name("incoming.part_2")
        for one in (abandoned, busy):
            one.touch()
        long_ago = path.stat().st_mtime - 25 * 3600
        os.utime(abandoned, (long_ago, long_ago))
        with desk.media.room():
            assert (path.exists(), busy.exists(), abandoned.exists()) == (True, True, False)


async def test_looking_at_a_video_that_never_ends_is_given_up(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    found = await examined(path, tmp_path / "out", tmp_path / "poster", patience=0.5)
    assert found == {"refused": "it cannot be read safely."}


async def test_who_may_not_draft_brings_no_videos(desk: Desk, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4")
    with pytest.raises(NotAllowed):
        await desk.media.take(await desk.member(Role.VIEWER), "a.mp4", tmp_path / "a.mp4")


def rewritten(path: Path) -> dict[str, Any]:
    return rewrite(str(path), str(path.with_suffix(".out")), str(path.with_suffix(".jpg")))


def test_what_a_video_is_is_told_in_its_own_process_as_here(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", codec="mpeg4", sound=False)
    assert rewritten(tmp_path / "a.mp4") == {"width": 64, "height": 48, "seconds": 1.0, "codec": "mpeg4"}
    song(tmp_path / "b.mp4")
    assert rewritten(tmp_path / "b.mp4") == {"refused": NO_PICTURES}
    (tmp_path / "c.mp4").write_bytes(b"?")
    assert rewritten(tmp_path / "c.mp4") == {"refused": UNREADABLE}


def test_a_video_whose_pictures_no_mp4_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.mov"
    with av.open(str(path), "w", format="mov") as out:
        video = out.add_stream("qtrle", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "rgb24"
        out.mux(video.encode(av.VideoFrame(64, 48, "rgb24")))
        out.mux(video.encode())
    assert rewritten(path) == {"refused": NO_MP4}


def test_the_process_that_looks_says_a_line_of_json(tmp_path: Path) -> None:
    before = {kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS)}
    (tmp_path / "a.mp4").write_bytes(b"?")
    command = [sys.executable, "-m", "content.video", *(str(tmp_path / name) for name in ("a.mp4", "b", "c"))]
    root = Path(__file__).parents[2]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    assert json.loads(told) == {"refused": UNREADABLE}
    assert {kind: resource.getrlimit(kind) for kind in before} == before
