"""What `content/video.py` makes of videos that strangers send: run here in the tests' own process."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.stream import VideoStream
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image as Pictures

from content.video import CUT_OFF, NO_MP4, NO_PICTURES, NO_ROOM, UNREADABLE, rewrite
from tests.fakes.films import film, song

TURNED = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 48 << 16, 0, 0x40000000)
"""The matrix of a film that was taken with the phone upright."""
MATRIX = 44
"""Bytes from a track header's name to its matrix."""


def made(
    path: Path,
    codec: str = "h264",
    *,
    frames: int = 10,
    size: tuple[int, int] = (64, 48),
    tag: str = "",
    **options: str,
) -> bytes:
    """Pictures without sound, the upper left quarter red; with noise, so that they have some size."""
    chance = np.random.default_rng(1)
    with av.open(str(path), "w", format=path.suffix[1:], options=options) as out:
        video = cast("VideoStream", out.add_stream(codec, rate=10))
        video.width, video.height, video.pix_fmt = *size, "rgb24" if codec == "qtrle" else "yuv420p"
        if tag:
            video.codec_context.codec_tag = tag
        for _ in range(frames):
            colours = chance.integers(0, 80, (size[1], size[0], 3), dtype=np.uint8)
            colours[: size[1] // 2, : size[0] // 2] = (255, 0, 0)
            out.mux(video.encode(av.VideoFrame.from_ndarray(colours, format="rgb24")))
        out.mux(video.encode())
    return path.read_bytes()


def seen(path: Path) -> dict[str, Any]:
    return rewrite(str(path), str(path.with_suffix(".out")), str(path.with_suffix(".jpg")))


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("codec", "name"), [("h264", "h264"), ("libx265", "hevc"), ("libsvtav1", "av1"), ("mpeg4", "mpeg4")]
)
def test_a_codec_has_ffmpegs_name_whoever_decodes_it(tmp_path: Path, codec: str, name: str) -> None:
    made(tmp_path / "a.mp4", codec, size=(128, 96))
    assert seen(tmp_path / "a.mp4") == {"width": 128, "height": 96, "seconds": 1.0, "codec": name}


def test_a_phones_hevc_keeps_the_mark_without_which_apples_players_show_nothing(tmp_path: Path) -> None:
    made(tmp_path / "a.mov", "libx265", tag="hvc1")
    seen(tmp_path / "a.mov")
    with av.open(str(tmp_path / "a.out"), format="mov") as kept:
        assert kept.streams.video[0].codec_context.codec_tag == "hvc1"


def test_a_film_taken_upright_is_told_and_shown_upright(tmp_path: Path) -> None:
    data = bytearray(made(tmp_path / "a.mp4"))
    at = data.find(b"tkhd") + MATRIX
    data[at : at + len(TURNED)] = TURNED
    found = seen(put(tmp_path / "a.mp4", bytes(data)))
    assert (found["width"], found["height"]) == (48, 64)
    with Pictures.open(tmp_path / "a.jpg") as poster:
        assert poster.size == (48, 64)
        red, green, _ = cast("tuple[int, int, int]", poster.convert("RGB").getpixel((40, 8)))
        assert red > 180 > 90 > green, "the upper left quarter is the upper right one now"


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        video = out.add_stream("h264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for _ in range(3):
            out.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(video.encode())
    found = seen(tmp_path / "a.mp4")
    assert (found["width"], found["height"]) == (85, 48)


def test_a_large_videos_poster_is_smaller(tmp_path: Path) -> None:
    made(tmp_path / "a.mp4", size=(1920, 1080), frames=2)
    assert seen(tmp_path / "a.mp4")["width"] == 1920
    with Pictures.open(tmp_path / "a.jpg") as poster:
        assert poster.size == (1280, 720)


def test_nothing_is_kept_but_the_pictures_and_the_first_sound(tmp_path: Path) -> None:
    source, both = tmp_path / "a.mp4", tmp_path / "both.mov"
    film(source)
    with av.open(str(source)) as once, av.open(str(both), "w", format="mov") as out:
        video, sound = once.streams.video[0], once.streams.audio[0]
        copies = [out.add_stream_from_template(one) for one in (video, sound, sound)]
        for packet in once.demux(video, sound):
            if packet.dts is not None:
                packet.stream = copies[0] if packet.stream.type == "video" else copies[1]
                out.mux(packet)
    assert seen(both)["seconds"] == 1.0
    with av.open(str(tmp_path / "both.out"), format="mov") as kept:
        assert [one.type for one in kept.streams] == ["video", "audio"]
        assert "encoder" not in kept.metadata


def test_the_same_video_is_kept_once(tmp_path: Path) -> None:
    first, again = tmp_path / "a.mp4", tmp_path / "b.mp4"
    again.write_bytes(film(first))
    seen(first)
    seen(again)
    assert (tmp_path / "a.out").read_bytes() == (tmp_path / "b.out").read_bytes()


@pytest.mark.parametrize("options", [{"movflags": "faststart"}, {"movflags": "frag_keyframe+empty_moov"}])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_video_cut_off_on_its_way_is_not_taken_for_a_whole_one(
    tmp_path: Path, options: dict[str, str], share: float
) -> None:
    data = made(tmp_path / "a.mp4", frames=60, size=(160, 120), **options)
    assert seen(tmp_path / "a.mp4")["seconds"] == 6.0
    assert seen(put(tmp_path / "b.mp4", data[: round(len(data) * share)])) == {"refused": CUT_OFF}


def test_a_video_cut_off_between_two_pictures_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    data = made(tmp_path / "a.mp4", frames=60, size=(160, 120), movflags="faststart")
    with av.open(str(tmp_path / "a.mp4")) as whole:
        pieces = [one for one in whole.demux(video=0) if one.pos is not None and one.size]
    half = pieces[len(pieces) // 2]
    assert half.pos is not None
    assert seen(put(tmp_path / "b.mp4", data[: half.pos])) == {"refused": CUT_OFF}


def test_a_single_picture_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        video = out.add_stream("h264", rate=1000)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        out.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(video.encode())
    assert seen(tmp_path / "a.mp4") == {"refused": NO_PICTURES}


def test_a_song_is_no_video(tmp_path: Path) -> None:
    song(tmp_path / "a.mp4")
    assert seen(tmp_path / "a.mp4") == {"refused": NO_PICTURES}


def test_the_cover_of_a_song_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        sound = out.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), dtype=np.float32), "fltp", "mono")
        frame.rate, frame.pts = 8000, 0
        out.mux([*cover.encode(av.VideoFrame(64, 48, "yuvj420p")), *cover.encode()])
        out.mux([*sound.encode(frame), *sound.encode()])
    assert seen(tmp_path / "a.mp4") == {"refused": NO_PICTURES}


def test_a_codec_that_no_mp4_holds_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "a.mov", "qtrle")
    assert seen(tmp_path / "a.mov") == {"refused": NO_MP4}


@pytest.mark.parametrize(
    "words",
    [
        "ffconcat version 1.0\nfile real.mp4\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nreal.mp4\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, words: str) -> None:
    film(tmp_path / "real.mp4")
    assert seen(put(tmp_path / "list.mp4", words.encode())) == {"refused": UNREADABLE}


def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4")
    assert rewrite(str(tmp_path / "a.mp4"), "/dev/full", str(tmp_path / "a.jpg")) == {"refused": NO_ROOM}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return film(tmp_path_factory.mktemp("film") / "a.mp4", seconds=0.5)


def _flipped(data: bytes, at: int, value: int) -> bytes:
    at %= len(data)
    return data[:at] + bytes([value]) + data[at + 1 :]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    change=st.one_of(
        st.builds(lambda at: lambda data: data[: at % len(data)], st.integers(0, 10_000)),
        st.builds(
            lambda at, value: lambda data: _flipped(data, at, value), st.integers(0, 10_000), st.integers(0, 255)
        ),
    )
)
@example(change=lambda data: b"")
@example(change=lambda data: b"PK\x03\x04" + data)
def test_a_damaged_video_is_read_or_refused_and_nothing_else(
    tmp_path: Path, whole: bytes, change: Callable[[bytes], bytes]
) -> None:
    found = seen(put(tmp_path / "a.mp4", change(whole)))
    assert "refused" in found or found["seconds"] > 0
