"""Videos on cards of chats that show pictures: by one of their first pictures, and how long they are."""

from content.platform import Image, RenderedPart, Video


def film_length(video: Video) -> str:
    """“0:12”, “1:02:30”."""
    minutes, seconds = divmod(round(video.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def pictures_of(part: RenderedPart) -> list[Image]:
    """What can be shown of a part as pictures; `content.media.MediaStore.shown` has the bytes of each.

    What stands for a video has its media type, and its length in its name.
    """
    return [*part.images, *([_poster(part.video)] if part.video else [])]


def is_film(image: Image) -> bool:
    """Whether this picture stands for a video."""
    return image.mime.startswith("video/")


def kind_of(image: Image) -> str:
    """What people call it."""
    return "Video" if is_film(image) else "Picture"


def _poster(video: Video) -> Image:
    name = f"{video.name}, {film_length(video)}" if video.name else film_length(video)
    return Image(video.media_id, video.sha256, video.mime, video.size, video.width, video.height, video.alt, name)
