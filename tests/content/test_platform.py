from dataclasses import replace
from datetime import timedelta

import pytest

from content.platform import (
    Access,
    Content,
    Image,
    Limits,
    PartContent,
    Platform,
    RenderedPart,
    Rendering,
    Video,
    VideoLimits,
)
from content.problems import common_problems
from tests.fakes.clock import FakeClock
from tests.fakes.platform import BarePlatform

LIMITS = Limits(10, "characters", 1, 2_000_000, frozenset({"image/png", "image/jpeg"}), 5, text_bytes=12)
DOG = Image("media_1", "hash", "image/png", 10, 1, 1, name="dog.png")
ONE = Rendering("fake", "Fake", "ann", LIMITS, (RenderedPart("hello", 5),))


def problems(*parts: RenderedPart) -> list[str]:
    return [str(one) for one in common_problems(replace(ONE, parts=parts))]


def test_what_keeps_every_limit_has_no_problems() -> None:
    assert common_problems(ONE) == []
    assert problems(RenderedPart("", 0, images=(DOG,))) == []
    assert (
        common_problems(replace(ONE, limits=replace(LIMITS, text_bytes=None), parts=(RenderedPart("é" * 9, 9),))) == []
    )


FILM = Video("media_2", "hash", "video/mp4", 10, 64, 48, 5.0, "h264", name="film.mp4")
FILMS = VideoLimits(1_000_000, frozenset({"video/mp4"}), timedelta(seconds=1), timedelta(minutes=5))


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (RenderedPart("", 0, video=FILM), None),
        (
            RenderedPart("x", 1, images=(DOG,), video=FILM),
            "video (film.mp4): it stands among pictures. Post it alone, or",
        ),
        (
            RenderedPart("x", 1, video=replace(FILM, mime="video/webm", name="")),
            "Fake, video: video/webm is not accepted. Use one of: mp4.",
        ),
        (
            RenderedPart("x", 1, video=replace(FILM, codec="hevc")),
            "it is encoded as hevc. Save it anew as one of: h264.",
        ),
        (RenderedPart("x", 1, video=replace(FILM, size=2_000_000)), "2.0 MB, 1 MB allowed."),
        (RenderedPart("x", 1, video=replace(FILM, seconds=301)), "301.0 seconds, 1 seconds to 5 minutes are allowed."),
    ],
)
def test_a_video_keeps_limits_of_its_own(part: RenderedPart, problem: str | None) -> None:
    rendering = replace(ONE, parts=(part,), limits=replace(LIMITS, video=FILMS))
    found = [str(one) for one in common_problems(rendering)]
    assert found == [] if problem is None else any(problem in one for one in found), found
    assert "videos are not posted there" in problems(part)[-1]


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        (RenderedPart(" ", 1), "Fake: it is empty. Write a text or add an image."),
        (RenderedPart("x", 13), "Fake: 13 of 10 characters, 3 too many. Shorten it, or make it a thread."),
        (RenderedPart("é" * 7, 7), "Fake: 14 of 12 bytes of text. Shorten it, or make it a thread."),
        (RenderedPart("x", 1, images=(DOG, DOG)), "Fake: 2 images, 1 allowed. Remove some."),
        (
            RenderedPart("x", 1, images=(replace(DOG, mime="image/tiff"),)),
            "Fake, image 1 (dog.png): image/tiff is not accepted. Use one of: jpeg, png.",
        ),
        (
            RenderedPart("x", 1, images=(replace(DOG, size=2_500_000, name=""),)),
            "Fake, image 1: 2.5 MB, 2.0 MB allowed. Use a smaller file.",
        ),
        (
            RenderedPart("x", 1, images=(replace(DOG, alt="a long tale"),)),
            "Fake, image 1 (dog.png): its description has 11 of 5 characters. Shorten it.",
        ),
    ],
)
def test_each_problem_says_where_what_and_how_to_fix_it(part: RenderedPart, problem: str) -> None:
    assert problems(part) == [problem]


def test_problems_of_a_thread_name_the_part() -> None:
    assert problems(RenderedPart("x", 1), RenderedPart("", 0)) == [
        "Fake, part 2: it is empty. Write a text or add an image."
    ]


def test_nothing_at_all_is_a_problem() -> None:
    assert problems() == ["Fake: there is nothing to post. Write a text or add an image."]


def test_the_fake_platform_keeps_the_port() -> None:
    fake = BarePlatform(FakeClock())
    assert isinstance(fake, Platform)
    rendering = fake.render(Content((PartContent("hello", (DOG,)),)), Access("a", "fake", "1", "ann", ""))
    assert fake.problems(rendering) == []


def test_a_login_does_not_show_in_a_printed_access() -> None:
    assert "hunter2" not in repr(Access("a", "fake", "1", "ann", "", secrets={"password": "hunter2"}))
