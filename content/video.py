"""Looks at a video and writes it anew without what it tells of its maker, in a process of its own.

`python -m content.video SOURCE TARGET POSTER`, run by `content/media.py`. A decoder reads what strangers made, and may crash, hang or
eat memory: here that ends this process and nothing else. The pictures and the first sound are copied as they are, into an MP4 that can
be played while it loads; the place and time, the device, other tracks (where phones keep the way one went) and every other remark are
left behind. What a camera wove into the pictures themselves stays. Says a line of JSON: what was found, or `refused`.
"""

import errno
import json
import resource
import sys
from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL.Image import Image as Picture

CPU_SECONDS = 120
MEMORY_BYTES = 3 << 30
POSTER_SIDE = 1280
"""Most pixels of a side of the picture that stands for the video."""
POSTER_AT = 0.5
"""Seconds from the beginning to that picture; the very first is black in many videos."""
SLACK = 0.5
"""Seconds by which a track may be shorter than it says."""
SHORTEST = 0.05

UNREADABLE = "it is no video I can read."
NO_PICTURES = "it holds no moving pictures."
CUT_OFF = "it breaks off before its end."
NO_MP4 = "its pictures or sound are encoded in a way that does not fit into an MP4."
NO_ROOM = "the desk's disk is full."

Track = VideoStream | AudioStream


class _Refused(Exception):
    """Why a video cannot be used, in words."""


def rewrite(source: str, target: str, poster: str) -> dict[str, Any]:
    """What a video is, after it was written anew to `target` and one of its first pictures to `poster` (JPEG)."""
    try:
        with _opened(source) as opened:
            _copy(opened, target)
        with _opened(target) as opened:
            return _found(opened, poster)
    except _Refused as refused:
        return {"refused": str(refused)}
    except (FFmpegError, OSError, ValueError, MemoryError, StopIteration) as broken:
        return {"refused": NO_ROOM if _is_full(broken) else UNREADABLE}


def _is_full(trouble: BaseException) -> bool:
    return getattr(trouble, "errno", None) == errno.ENOSPC


def _opened(path: str) -> InputContainer:
    """By this one reader only: a guessed one could be a playlist's, which opens other files."""
    return av.open(path, format="mov", metadata_errors="replace")


def _pictures(opened: InputContainer) -> VideoStream:
    """The pictures; the cover of a song is none."""
    for one in opened.streams.video:
        if one.codec_context is not None and not one.disposition & Disposition.attached_pic:
            return one
    raise _Refused(NO_PICTURES)


def _copy(opened: InputContainer, target: str) -> None:
    """The pictures and the first sound that anybody can play, packet by packet."""
    sounds = [one for one in opened.streams.audio if one.codec_context is not None]
    tracks: list[Track] = [_pictures(opened), *sounds[:1]]
    ends = dict.fromkeys((one.index for one in tracks), 0.0)
    options = {"movflags": "faststart", "fflags": "bitexact"}  # not even who wrote it
    with av.open(target, "w", format="mp4", options=options) as written:
        copies = _begun(written, tracks)
        for packet in opened.demux(tracks):
            if packet.is_corrupt:
                raise _Refused(CUT_OFF)
            if packet.dts is None:  # the last one of a track is empty
                continue
            index = packet.stream.index
            end = (packet.dts if packet.pts is None else packet.pts) + (packet.duration or 0)
            ends[index] = max(ends[index], _seconds(end, packet.time_base))
            packet.stream = copies[index]
            written.mux(packet)
    _require_whole(tracks, ends)


def _begun(written: OutputContainer, tracks: list[Track]) -> dict[int, Track]:
    try:
        copies: dict[int, Track] = {
            one.index: written.add_stream_from_template(one, opaque=True)
            for one in tracks  # opaque: copied even where no encoder is there
        }
        for one in tracks:
            copies[one.index].metadata.clear()
            if one.codec_context.codec_tag == "hvc1":  # else Apple's players show nothing
                copies[one.index].codec_context.codec_tag = "hvc1"
        written.start_encoding()
    except (FFmpegError, ValueError) as unfit:
        if _is_full(unfit):
            raise
        raise _Refused(NO_MP4) from unfit
    return copies


def _require_whole(tracks: list[Track], ends: dict[int, float]) -> None:
    """Refuse what was cut off on its way: its tracks end before they say."""
    for one in tracks:
        said = _seconds((one.start_time or 0) + (one.duration or 0), one.time_base)
        if ends[one.index] < said - min(SLACK, said / 4):
            raise _Refused(CUT_OFF)


def _seconds(ticks: int, base: Fraction | None) -> float:
    return float(ticks * (base or 0))


def _found(opened: InputContainer, poster: str) -> dict[str, Any]:
    """What is in the file that is kept."""
    video = _pictures(opened)
    seconds = round(_seconds(opened.duration or 0, Fraction(1, av.time_base)), 3)
    if seconds < SHORTEST:
        raise _Refused(NO_PICTURES)
    picture = _upright(_early(opened, video), video.sample_aspect_ratio)
    width, height = picture.size
    picture.thumbnail((POSTER_SIDE, POSTER_SIDE))
    picture.save(poster, "JPEG", quality=85)
    codec = video.codec_context.codec.canonical_name
    return {"width": width, "height": height, "seconds": seconds, "codec": codec}


def _early(opened: InputContainer, video: VideoStream) -> VideoFrame:
    """The picture half a second after the beginning, or the last one before."""
    frames = opened.decode(video)
    shown = next(frames)
    for frame in frames:
        if (frame.time or 0.0) > POSTER_AT:
            break
        shown = frame
    return shown


def _upright(frame: VideoFrame, ratio: Fraction | None) -> Picture:
    """As players show it: pixels made square, then turned."""
    picture: Picture = frame.to_image()  # type: ignore[no-untyped-call]
    if ratio and ratio != 1:
        picture = picture.resize((max(1, round(picture.width * ratio)), picture.height))
    return picture.rotate(frame.rotation, expand=True)


if __name__ == "__main__":  # pragma: no cover - in a process of its own
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    print(json.dumps(rewrite(*sys.argv[1:4])))  # noqa: T201 - its caller reads it
