"""Cards that show everything a card can show, for looking at."""

from datetime import UTC, datetime

from bot.chat import Button, Card, Group, Preview, Row
from content.connecting import Field
from content.errors import Problem
from content.platform import LinkCard, Numbers, RenderedPart, Span

_AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
_DUE = "goes out Tue 24 Nov 09:00 Europe/Berlin (in 18 h)"
_OPENING = (
    "We are opening our new studio in Hamburg on Friday! Come by for coffee, cake and a look at the letterpress ☕️🎂\n\n"
    "All details: https://studio.example/opening #letterpress cc @ada@mastodon.example"
)
_THREAD = (
    "Our new studio in Hamburg opens on Friday. Three things we learned while moving 2.4 tonnes of lead type:",
    "1/ Number the cases before you carry them. We did not, and spent a Sunday sorting. Über 3.000 Lettern, alle einzeln.",
    "2/ Feed the people who carry. Cake is infrastructure. שלום לכולם",
)


def _spans(text: str) -> tuple[Span, ...]:
    known = (("https://studio.example/opening", "link"), ("#letterpress", "tag"), ("@ada@mastodon.example", "mention"))
    return tuple(
        Span(text.index(words), text.index(words) + len(words), kind, words)  # type: ignore[arg-type]
        for words, kind in known
    )


def _button(verb: str, label: str, style: str = "plain", form: tuple[Field, ...] = ()) -> Button:
    return Button(verb, label, "post_x", 3, style, form)  # type: ignore[arg-type]


_WAITING = Card(
    "post:x",
    "#12",
    "asking",
    "Waiting for approval, planned for Tue 24 Nov 09:00 Europe/Berlin (in 18 h)",
    ("Version 3: less salesy, dropped one emoji", "Bluesky: a thread of 3"),
    (
        Preview(
            "Mastodon",
            "studio@mastodon.example",
            "characters",
            500,
            (
                RenderedPart(
                    _OPENING, 187, _spans(_OPENING), card=LinkCard("https://studio.example", "Opening", "Friday")
                ),
            ),
            "waiting",
            _DUE,
            _AT,
        ),
        Preview(
            "Bluesky",
            "studio.example",
            "graphemes",
            300,
            tuple(RenderedPart(text, length) for text, length in zip(_THREAD, (104, 280, 66), strict=True)),
            "waiting",
            _DUE,
            _AT,
        ),
    ),
    buttons=(
        _button("approve", "Approve", "primary"),
        _button("post_now", "Post now"),
        _button("schedule", "Move", form=(Field("when", "When?", hint="such as: tomorrow 9:00"),)),
        _button("hold", "Hold"),
        _button(
            "edit",
            "Edit",
            form=(
                Field("account_1/0", "Mastodon", hint=_OPENING),
                *(Field(f"account_2/{n}", f"Bluesky, part {n + 1}", hint=text) for n, text in enumerate(_THREAD)),
            ),
        ),
        _button("undo", "Undo the edit"),
        _button("delete", "Delete", "danger"),
    ),
)
_TROUBLE = Card(
    "post:y",
    "#11",
    "bad",
    "Not published",
    previews=(
        Preview(
            "Mastodon",
            "studio@mastodon.example",
            "characters",
            500,
            (RenderedPart("Too long. " * 53, 530),),
            "bad",
            "not published. Mastodon no longer accepts the login. Connect the account again; what is due on it waits.",
            problems=(Problem("Mastodon", "530 of 500 characters, 30 too many.", "Shorten it, or make it a thread."),),
            buttons=(Button("reconnect", "Reconnect", "account_1", style="primary"),),
        ),
        Preview(
            "Bluesky",
            "studio.example",
            "graphemes",
            300,
            (RenderedPart("Fresh ink, old letters.", 23),),
            "good",
            "published 5 min ago",
            _AT,
            "https://bsky.app/profile/studio.example/post/3k",
            numbers=Numbers(12, 3, 1),
        ),
    ),
    buttons=(_button("post_now", "Try again now", "primary"), _button("count", "Refresh numbers")),
)
_LIST = Card(
    "calendar:week",
    "Calendar, this week",
    groups=(
        Group(
            "Tuesday 24 November",
            (
                Row("09:00 Mastodon: We are opening our new studio…", "#12, approved", "", _AT, "waiting"),
                Row("09:00 Bluesky: Our new studio…", "#12, not approved yet", "", _AT, "asking"),
            ),
        ),
        Group(
            "Friday 27 November", (Row("12:00 Mastodon: Doors open", "#9, published", "https://e.org", _AT, "good"),)
        ),
    ),
)
CARDS = {card.subject: card for card in (_WAITING, _TROUBLE, _LIST)}
