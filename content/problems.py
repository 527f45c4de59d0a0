"""What every platform checks before a post goes out, told in the same words for all."""

from datetime import timedelta

from content.errors import Problem
from content.platform import Limits, RenderedPart, Rendering, VideoLimits


def common_problems(rendering: Rendering) -> list[Problem]:
    """What every platform checks: text length; number, type and size of images and video; alt text; something to say."""
    found: list[Problem] = []
    for number, part in enumerate(rendering.parts, 1):
        where = rendering.label if len(rendering.parts) == 1 else f"{rendering.label}, part {number}"
        found += _text_problems(where, part, rendering.limits)
        found += _image_problems(where, part, rendering.limits)
        found += _video_problems(where, part, rendering.limits.video)
    if not rendering.parts:
        found.append(Problem(rendering.label, "there is nothing to post.", "Write a text or add an image."))
    return found


def _text_problems(where: str, part: RenderedPart, limits: Limits) -> list[Problem]:
    found = []
    if not part.text.strip() and not part.images and part.video is None:
        found.append(Problem(where, "it is empty.", "Write a text or add an image."))
    if part.length > limits.text:
        over = part.length - limits.text
        counted = f"{part.length} of {limits.text} {limits.unit}"
        found.append(Problem(where, f"{counted}, {over} too many.", "Shorten it, or make it a thread."))
    size = len(part.text.encode())
    if limits.text_bytes is not None and size > limits.text_bytes:
        found.append(
            Problem(where, f"{size} of {limits.text_bytes} bytes of text.", "Shorten it, or make it a thread.")
        )
    return found


def _image_problems(where: str, part: RenderedPart, limits: Limits) -> list[Problem]:
    found = []
    if len(part.images) > limits.images:
        found.append(Problem(where, f"{len(part.images)} images, {limits.images} allowed.", "Remove some."))
    for number, image in enumerate(part.images, 1):
        named = f"{where}, image {number}" + (f" ({image.name})" if image.name else "")
        if image.mime not in limits.image_types:
            allowed = ", ".join(sorted(kind.removeprefix("image/") for kind in limits.image_types))
            found.append(Problem(named, f"{image.mime} is not accepted.", f"Use one of: {allowed}."))
        if image.size > limits.image_bytes:
            sizes = f"{image.size / 1e6:.1f} MB, {limits.image_bytes / 1e6:.1f} MB allowed."
            found.append(Problem(named, sizes, "Use a smaller file."))
        if len(image.alt) > limits.alt_text:
            found.append(
                Problem(named, f"its description has {len(image.alt)} of {limits.alt_text} characters.", "Shorten it.")
            )
    return found


def _video_problems(where: str, part: RenderedPart, limits: VideoLimits | None) -> list[Problem]:
    video = part.video
    if video is None:
        return []
    named = f"{where}, video" + (f" ({video.name})" if video.name else "")
    if limits is None:
        return [Problem(named, "videos are not posted there.", "Leave it out there, or use pictures.")]
    found = []
    if part.images:
        found.append(Problem(named, "it stands among pictures.", "Post it alone, or leave it out."))
    if video.mime not in limits.types:
        allowed = ", ".join(sorted(kind.removeprefix("video/") for kind in limits.types))
        found.append(Problem(named, f"{video.mime} is not accepted.", f"Use one of: {allowed}."))
    if video.codec not in limits.codecs:
        allowed = ", ".join(sorted(limits.codecs))
        found.append(Problem(named, f"it is encoded as {video.codec}.", f"Save it anew as one of: {allowed}."))
    if video.size > limits.bytes:
        sizes = f"{video.size / 1e6:.1f} MB, {limits.bytes / 1e6:.0f} MB allowed."
        found.append(Problem(named, sizes, "Use a smaller file."))
    if not limits.shortest.total_seconds() <= video.seconds <= limits.longest.total_seconds():
        span = f"{_length(limits.shortest)} to {_length(limits.longest)}"
        found.append(Problem(named, f"it takes {video.seconds:.1f} seconds, {span} are allowed.", "Cut it."))
    return found


def _length(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:g} seconds" if seconds < 180 else f"{seconds / 60:g} minutes"
