import pytest

from bot.chat import Card, Preview
from bot.films import film_length, is_film, kind_of, pictures_of
from bot.native import Outgoing
from bot.slack.render import render as on_slack
from bot.telegram.render import render as on_telegram
from content.platform import Image, RenderedPart, Video

FILM = Video("media_2", "hash", "video/mp4", 900, 64, 48, 72.4, "h264", "A loaf rises", "bread.mp4")
DOG = Image("media_1", "hash", "image/png", 10, 4, 3, "A dog", "dog.png")


def card(*films: Video) -> Card:
    parts = tuple(RenderedPart("Look", 4, images=(DOG,), video=film) for film in films)
    return Card("post:1", "#7", previews=(Preview("Fake", "@ann", "characters", 300, parts, "waiting", "draft"),))


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0:00"), (9, "0:09"), (72.4, "1:12"), (3599.6, "1:00:00"), (3723, "1:02:03")]
)
def test_a_length_is_said_as_players_say_it(seconds: float, said: str) -> None:
    assert film_length(Video("m", "h", "video/mp4", 1, 1, 1, seconds, "h264")) == said


def test_a_video_is_shown_by_a_picture_that_knows_what_it_stands_for() -> None:
    dog, film = pictures_of(RenderedPart("", 0, images=(DOG,), video=FILM))
    assert (dog, is_film(dog), kind_of(dog)) == (DOG, False, "Picture")
    assert (film.media_id, film.alt, is_film(film), kind_of(film)) == ("media_2", "A loaf rises", True, "Video")
    assert pictures_of(RenderedPart("", 0)) == []


def test_slack_shows_a_video_with_its_length_in_the_title_and_its_description_in_the_card() -> None:
    text, dog, film = on_slack(Outgoing("message_1", "", card(FILM)))
    assert (dog.body["title"], film.body["title"]) == ("Picture 1 (dog.png)", "Video 2 (bread.mp4, 1:12)")
    assert film.body["media_id"] == "media_2"
    assert "Video 2 (bread.mp4, 1:12): A loaf rises" in text.body["text"]


def test_telegram_shows_a_video_with_its_length_in_the_caption() -> None:
    album, text = on_telegram(Outgoing("message_1", "", card(FILM)))
    dog, film = album.body["photos"]
    assert dog["caption"] == "A dog"
    assert film == {"media_id": "media_2", "name": "video.jpg", "caption": "Video bread.mp4, 1:12\nA loaf rises"}
    assert "Video bread.mp4, 1:12: A loaf rises" in text.body["text"]


def test_a_video_without_a_name_or_description_says_so() -> None:
    bare = Video("media_2", "hash", "video/mp4", 900, 64, 48, 5, "h264")
    album, text = on_telegram(Outgoing("message_1", "", card(bare)))
    assert album.body["photos"][1]["caption"] == "Video 0:05"
    assert "Video 0:05: no description" in text.body["text"]
