"""What LinkedIn would refuse beside what every platform counts: settings, large pictures, and comments, which hold less than a post."""

from content.errors import Problem
from content.platform import RenderedPart, Rendering
from integrations.linkedin_api import LABEL

COMMENT = 1250
"""Characters of a comment."""
PIXELS = 36_152_320
"""A picture has fewer."""
VISIBILITIES = ("PUBLIC", "CONNECTIONS")


def setting_problems(rendering: Rendering) -> list[Problem]:
    """What is wrong with who may see it."""
    visibility = rendering.settings.get("visibility", "PUBLIC")
    if visibility not in VISIBILITIES:
        return [Problem(LABEL, f"“{visibility}” is no visibility.", f"Use {' or '.join(VISIBILITIES)}.")]
    if visibility != "PUBLIC" and rendering.settings.get("page"):
        return [Problem(LABEL, "a page's posts are public.", "Use PUBLIC.")]
    return []


def picture_problems(where: str, part: RenderedPart) -> list[Problem]:
    """Pictures that are too large."""
    found = []
    for number, image in enumerate(part.images, 1):
        if image.width * image.height >= PIXELS:
            named = f"{where}, image {number}" + (f" ({image.name})" if image.name else "")
            found.append(Problem(named, f"it has {image.width} × {image.height} pixels.", "Make it smaller."))
    return found


def comment_problems(where: str, part: RenderedPart, length: int) -> list[Problem]:
    """Parts after the first go out as comments, which hold less; `length` is as it is sent."""
    found = []
    if length > COMMENT:
        words = f"a comment with {length} of {COMMENT} characters, {length - COMMENT} too many."
        found.append(Problem(where, words, "Shorten it."))
    if len(part.images) > 1:
        found.append(Problem(where, f"a comment with {len(part.images)} images, 1 allowed.", "Leave one."))
    if part.video is not None:
        found.append(Problem(where, "a comment with a video.", "Put the video into the first part."))
    return found
