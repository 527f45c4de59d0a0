"""Small films, made where they are needed."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

PLACE = "+48.8583+002.2945/"
"""Where a phone says that it was: in every film made here, to see whether it is still told afterwards."""


def film(
    path: Path, *, seconds: float = 1.0, size: tuple[int, int] = (64, 48), sound: bool = True, codec: str = "h264"
) -> bytes:
    """An MP4, or a QuickTime film where the name says so; with a place and a device in its metadata."""
    kind = "mov" if path.suffix == ".mov" else "mp4"
    with av.open(str(path), "w", format=kind, options={"movflags": "use_metadata_tags"}) as out:
        out.metadata.update({"location": PLACE, "com.apple.quicktime.make": "A phone", "comment": "my secret"})
        video = cast("VideoStream", out.add_stream(codec, rate=10))
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        audio = out.add_stream("aac", rate=8000, layout="mono") if sound else None
        for number in range(round(seconds * 10)):
            colours = np.full((size[1], size[0], 3), (number * 20) % 255, dtype=np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(colours, format="rgb24")))
        out.mux(video.encode())
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, round(8000 * seconds)), dtype=np.float32), "fltp", "mono")
            frame.rate, frame.time_base, frame.pts = 8000, Fraction(1, 8000), 0
            out.mux(audio.encode(frame))
            out.mux(audio.encode())
    return path.read_bytes()


def song(path: Path) -> bytes:
    """Sound without pictures."""
    with av.open(str(path), "w", format="mp4") as out:
        audio = out.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), dtype=np.float32), "fltp", "mono")
        frame.rate, frame.time_base, frame.pts = 8000, Fraction(1, 8000), 0
        out.mux(audio.encode(frame))
        out.mux(audio.encode())
    return path.read_bytes()
