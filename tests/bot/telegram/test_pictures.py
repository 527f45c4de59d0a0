"""Pictures on Telegram: photos, albums, files where a photo will not do, charts, and what becomes of them later."""

from io import BytesIO

import pytest
from PIL import Image

from bot.chat import Card, Chart, Series
from bot.native import Outgoing, Piece, SendAnew
from bot.telegram.render import render
from bot.telegram.sending import Sending
from content.errors import NotFound, Rejected
from tests.bot.telegram.desk import ANN, TelegramDesk
from tests.servers.telegram import No

HERE = str(ANN)
Bytes = dict[str, bytes]


def png(colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (3, 2), colour).save(out, "PNG")
    return out.getvalue()


def sending(there: TelegramDesk, pictures: Bytes) -> Sending:
    """Sends pictures of ours, by their ids."""

    async def read(media_id: str) -> bytes:
        if media_id not in pictures:
            raise NotFound("That picture is gone.")
        return pictures[media_id]

    return Sending(there.telegram.chat._client, read)


def photo(media_id: str = "one", caption: str = "A cat.") -> Piece:
    return Piece({"kind": "photo", "media_id": media_id, "name": "cat.png", "caption": caption}, media_id)


def album(*media: str) -> Piece:
    photos = [{"media_id": one, "name": f"{one}.png", "caption": ""} for one in media]
    return Piece({"kind": "album", "photos": photos}, "-".join(media))


async def test_a_photo_is_sent_and_changed_in_place(there: TelegramDesk) -> None:
    sends = sending(there, {"one": png(), "two": png("blue")})
    ref = await sends.send(HERE, photo().body)
    await sends.edit(ref, photo("two", "Another cat."))
    [shown] = there.server.at(ANN)
    assert (shown.photo, shown.caption, shown.edits) == (png("blue"), "Another cat.", 1)


async def test_an_album_that_becomes_smaller_loses_its_last(there: TelegramDesk) -> None:
    sends = sending(there, {"one": png(), "two": png("blue"), "three": png("green")})
    ref = await sends.send(HERE, album("one", "two", "three").body)
    assert ref.count(",") == 2
    await sends.edit(ref, album("three", "two"))
    assert [one.photo for one in there.server.at(ANN)] == [png("green"), png("blue")]
    with pytest.raises(SendAnew):
        await sends.edit(ref.rpartition(",")[0], album("one", "two", "three"))


async def test_what_telegram_takes_for_no_photo_goes_as_a_file(there: TelegramDesk) -> None:
    sends = sending(there, {"one": png(), "two": png("blue"), "large": b"x" * 10_000_001})
    for method in ("sendPhoto", "sendMediaGroup"):
        there.server.refuse[method].append(No(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"))
    await sends.send(HERE, photo().body)
    await sends.send(HERE, album("one", "two").body)
    await sends.send(HERE, photo("large").body)
    assert [one.document for one in there.server.at(ANN)] == [True] * 4


async def test_a_picture_for_a_place_that_is_gone_is_not_found(there: TelegramDesk) -> None:
    sends = sending(there, {"one": png()})
    there.server.blocked.add(ANN)
    with pytest.raises(NotFound):
        await sends.send(HERE, photo().body)
    there.server.blocked.clear()
    there.server.refuse["sendPhoto"].append(No(400, "Bad Request: chat not found"))
    with pytest.raises(NotFound):
        await sends.send(HERE, photo().body)


async def test_a_picture_of_ours_that_is_gone_leaves_its_words(there: TelegramDesk) -> None:
    sends = sending(there, {"one": png()})
    await sends.send(HERE, photo("gone").body)
    await sends.send(HERE, album("gone", "one").body)
    first, second = there.server.at(ANN)
    assert first.text == "This picture is not there any more."
    assert second.photo == png()
    with pytest.raises(SendAnew):
        await sends.edit(second.ref, photo("gone"))


async def test_a_chart_goes_as_a_picture_with_its_words(there: TelegramDesk) -> None:
    chart = Chart("Posts", "bar", ("a", "b"), (Series("Posts", (1, 2)),), "One and two posts.")
    pieces = render(Outgoing("message_1", "", Card("report:x", "How it went", chart=chart)))
    for piece in pieces:
        await sending(there, {}).send(HERE, piece.body)
    drawn, words = there.server.at(ANN)
    assert (drawn.photo[:4], drawn.caption) == (b"\x89PNG", "Posts\nOne and two posts.")
    assert words.text == "How it went"


async def test_edits_of_pictures_meet_the_same_refusals(there: TelegramDesk) -> None:
    sends = sending(there, {"one": png(), "two": png("blue")})
    ref = await sends.send(HERE, album("one", "two").body)
    there.server.refuse["editMessageMedia"].append(No(400, "Bad Request: message is not modified"))
    await sends.edit(ref, album("one", "two"))
    there.server.refuse["editMessageMedia"].append(No(400, "Bad Request: wrong file"))
    with pytest.raises(Rejected):
        await sends.edit(ref, album("one", "two"))
    chat, _, ids = ref.partition(":")
    await sends.remove(f"{chat}:{ids.partition(',')[2]}")
    with pytest.raises(SendAnew):
        await sends.edit(ref, album("one", "two"))
    there.server.group(-5)
    there.server.rooms[ANN].moved_to = -5
    with pytest.raises(NotFound, match="moved"):
        await sends.edit(ref, album("one", "two"))
    await sends.remove(ref)  # where it stood is gone, so it is too
