from datetime import UTC, datetime
from typing import Any

import pytest

from bot.chat import Button, Card, Chart, Group, Preview, Progress, Row, Series, Step, Table
from bot.webchat.html import (
    Day,
    Drawn,
    fullness,
    initial,
    linked,
    message_html,
    plain_address,
    progress_html,
    questions,
    week_html,
)
from bot.words import numbers_words
from content.connecting import Field
from content.errors import Problem
from content.platform import Image, LinkCard, Numbers, RenderedPart, Span, Video
from content.transcript import MessageView

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>"


def view(text: str = "", subject: str | None = None, member: str | None = None, **extra: Any) -> MessageView:
    return MessageView("message_1", "conversation_1", 4, 9, member, "Ada" if member else "", text, subject, extra, AT)


def preview(*parts: RenderedPart, **more: Any) -> Preview:
    shown: dict[str, Any] = {
        "label": "Grape",
        "handle": "ada",
        "unit": "characters",
        "limit": 20,
        "tone": "plain",
        "status": "draft",
    }
    return Preview(parts=parts, **(shown | more))


def image(alt: str = "", name: str = "a.png") -> Image:
    return Image("media_1", "00", "image/png", 10, 4, 3, alt, name)


def test_what_the_desk_says_is_marked_up_and_what_a_member_says_is_not() -> None:
    assert "<strong>yes</strong>" in message_html(Drawn(view("**yes**"), None))
    assert "**no**</p>" in message_html(Drawn(view("**no**", member="member_1"), None))


def test_a_message_tells_where_it_stands_and_when() -> None:
    html = message_html(Drawn(view("hello"), None))
    assert 'id="message-message_1" data-ref="message_1" data-position="4"' in html
    assert 'datetime="2026-11-24T08:00:00+00:00"' in html


def test_pictures_choices_notes_and_what_it_is_about_are_shown() -> None:
    html = message_html(
        Drawn(
            view(
                "",
                member="member_1",
                images=[{"id": "media_1", "width": 4, "height": 3, "name": ""}],
                reply_title="#3",
                note=True,
                choices=[{"label": "Yes", "say": "yes please"}],
            ),
            None,
        )
    )
    assert 'src="/media/media_1" alt="attached picture" width="4"' in html
    assert "About #3" in html
    assert "Only you can see this" in html
    assert '<button type="button" class="chip" data-say="yes please">Yes</button>' in html


def test_a_card_whose_row_is_gone_says_so() -> None:
    assert "What stood here is gone." in message_html(Drawn(view(subject="post:p"), None))


def test_a_card_shows_each_account_as_it_will_look() -> None:
    part = RenderedPart(
        "Read https://e.org #ink", 23, (Span(5, 18, "link", "https://e.org"), Span(19, 23, "tag", "ink"))
    )
    card = Card(
        "post:p",
        "#3",
        "waiting",
        "Approved",
        ("Version 2: shorter",),
        (
            preview(part, at=AT, status="goes out", url="https://grape.example/1", numbers=Numbers(2, 1)),
            preview(
                RenderedPart("one", 3, images=(image("a lamp"), image())),
                RenderedPart("two", 19, card=LinkCard("https://e.org", "Title", "About it")),
                url="file:///tmp/a%20b",
                numbers=Numbers(),
                problems=(Problem("Grape", "too long.", "Shorten it."),),
                buttons=(Button("live", "It is live", "delivery_1"),),
            ),
        ),
        buttons=(Button("approve", "Approve", "p", 2, "primary"),),
    )
    html = message_html(Drawn(view(subject="post:p"), card))
    assert 'data-key="approve:p:2"' in html
    assert 'data-key="live:delivery_1:0"' in html
    assert 'class="tag">#ink</span>' in html
    assert "23 / 20 characters" in html
    assert "2 likes · 1 reply" in html
    assert "See it on Grape" in html
    assert '<code class="where">/tmp/a b</code>' in html
    assert '<ol class="parts thread">' in html
    assert 'alt="a lamp"' in html
    assert "no description" in html
    assert "<strong>Grape</strong>: too long. Shorten it." in html
    assert "Title" in html


def test_a_video_is_played_by_the_browser_and_described_like_a_picture() -> None:
    film = Video("media_9", "hash", "video/mp4", 10, 64, 48, 75, "h264", "", "<b>.mp4")
    card = Card("post:p", "#3", previews=(preview(RenderedPart("", 0, video=film)),))
    html = message_html(Drawn(view(subject="post:p"), card))
    assert '<video controls preload="none" src="/media/media_9" poster="/media/media_9/poster" width="64"' in html
    assert "&lt;b&gt;.mp4, 1:15 · no description" in html
    [asked] = questions(card, Button("edit", "Edit", "p"))
    assert (asked.name, asked.label) == ("alt/media_9", "Describe video 1 (<b>.mp4, 1:15)")
    sent = [{"id": "media_9", "width": 64, "height": 48, "name": "a.mp4", "seconds": 75.0}]
    html = message_html(Drawn(view("", member="member_1", images=sent), None))
    assert 'src="/media/media_9/poster" alt="a.mp4, a video"' in html


def test_the_edit_form_asks_for_every_part_with_its_limit_and_every_picture() -> None:
    card = Card(
        "post:p",
        "#3",
        previews=(
            preview(RenderedPart("one", 3, images=(image("old"),)), RenderedPart("two", 3)),
            preview(RenderedPart("one", 3, images=(image("old"),)), handle="bea", limit=500),
        ),
    )
    fields = (
        Field("a/0", "Grape, part 1", hint="one"),
        Field("a/1", "Grape, part 2", hint="two"),
        Field("b/0", "Grape", hint="one"),
        Field("c/0", "Plum", hint="elsewhere"),
    )
    asked = questions(card, Button("edit", "Edit", "p", 2, form=fields))
    assert [(one.name, one.label, one.value, one.limit) for one in asked] == [
        ("a/0", "Grape, part 1 · ada", "one", 20),
        ("a/1", "Grape, part 2 · ada", "two", 20),
        ("b/0", "Grape · bea", "one", 500),
        ("c/0", "Plum", "elsewhere", 0),
        ("alt/media_1", "Describe picture 1 (a.png)", "old", 0),
    ]


def test_a_picture_without_a_name_is_asked_about_by_its_number() -> None:
    card = Card("post:p", "#3", previews=(preview(RenderedPart("", 0, images=(image(name=""),))),))
    assert questions(card, Button("edit", "Edit", "p"))[0].label == "Describe picture 1"


def test_a_form_for_a_time_offers_some() -> None:
    when = Button("schedule", "Schedule", "p", 2, form=(Field("when", "When?", hint="such as: tomorrow 9:00"),))
    html = message_html(Drawn(view(subject="post:p"), Card("post:p", "#3", buttons=(when,))))
    assert 'data-form="schedule:p:2" hidden' in html
    assert 'data-fill="tomorrow 9:00"' in html
    assert 'name="when" value="" autocomplete="off" required' in html


def test_what_can_only_be_chosen_is_a_choice() -> None:
    who = Field("who", "Who?", hint="now: nobody", options=(("member_1", "Jo"), ("member_2", HOSTILE)))
    asked = Button("delegate", "Ask somebody else", "p", 2, form=(who,))
    html = message_html(Drawn(view(subject="post:p"), Card("post:p", "#1", buttons=(asked,))))
    assert '<select name="who">' in html
    assert '<option value="member_1">Jo</option>' in html
    assert "now: nobody</span>" in html
    assert "<script>" not in html


def test_a_text_that_begins_with_a_line_break_keeps_it_in_the_form() -> None:
    edit = Button("edit", "Edit", "p", form=(Field("a/0", "Grape", hint="\nfirst"),))
    html = message_html(Drawn(view(subject="post:p"), Card("post:p", "#3", buttons=(edit,))))
    assert ">\n\nfirst</textarea>" in html


def test_lists_are_grouped_and_linked() -> None:
    rows = (Row("09:00 Grape", "#3", "https://e.org", AT, "good"), Row("plain", "told"), Row("bare"))
    html = message_html(Drawn(view(subject="calendar:w"), Card("calendar:w", "Week", groups=(Group("Monday", rows),))))
    assert "<h4>Monday</h4>" in html
    assert '<a href="https://e.org"' in html
    assert '<span class="row-detail" dir="auto">told</span>' in html


def test_a_week_shows_every_day() -> None:
    days = [Day("Monday", "23 November", True, (Row("09:00", "#1", at=AT),)), Day("Tuesday", "24 November", False, ())]
    html = week_html(days, "Europe/Berlin")
    assert "today-mark" in html
    assert "Nothing planned" in html
    assert "Times are in Europe/Berlin." in html


def test_progress_is_a_list_of_steps_and_what_was_said_so_far() -> None:
    html = progress_html(Progress((Step("read goals", True), Step("writing 1 of 2")), "So **far**"))
    assert '<li class="done">read goals' in html
    assert '<li class="doing">writing 1 of 2' in html
    assert "<strong>far</strong>" in html
    assert "prose" not in progress_html(Progress())


def test_spans_that_overlap_or_lie_outside_are_left_as_text() -> None:
    part = RenderedPart("abc", 3, (Span(0, 2, "tag", "ab"), Span(1, 3, "tag", "bc"), Span(2, 9, "mention", "x")))
    assert linked(part) == '<span class="tag">ab</span>c'


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (Numbers(), ""),
        (Numbers(1, 1, 1, 1), "1 like · 1 reply · 1 repost · 1 view"),
        (Numbers(0, None, 1200), "0 likes · 1,200 reposts"),
    ],
)
def test_numbers_are_told_in_words(numbers: Numbers, words: str) -> None:
    assert numbers_words(numbers) == words


def test_a_part_is_fine_near_its_limit_or_over() -> None:
    assert [fullness(RenderedPart("", length), preview()) for length in (18, 19, 20, 21)] == [
        "ok",
        "near",
        "near",
        "over",
    ]


def test_an_account_without_letters_has_a_dot_for_a_mark() -> None:
    assert (initial("@öl"), initial("🙂")) == ("Ö", "•")


def test_a_file_is_told_by_its_path() -> None:
    assert plain_address("file:///a/b%20c") == "/a/b c"


def test_hostile_text_in_every_field_never_becomes_markup() -> None:
    bad = HOSTILE
    part = RenderedPart(
        bad,
        5,
        (Span(0, 3, "link", "javascript:alert(1)"), Span(4, 9, "mention", bad)),
        (Image(bad, "0", "image/png", 1, 1, 1, bad, bad),),
        LinkCard(bad, bad, bad),
    )
    fields = (Field(bad, bad, hint=bad), Field("when", bad, hint=bad))
    card = Card(
        bad,
        bad,
        "plain",
        bad,
        (bad,),
        (preview(part, label=bad, handle=bad, unit=bad, status=bad, url=bad, problems=(Problem(bad, bad, bad),)),),
        (Group(bad, (Row(bad, bad, bad),)),),
        (Button(bad, bad, bad, form=fields), Button("edit", bad, bad, form=fields)),
    )
    choices = [{"label": bad, "say": bad}]
    pictures = [{"id": bad, "width": bad, "height": bad, "name": bad}]
    html = "".join(
        [
            message_html(Drawn(view(bad, bad, reply_title=bad, choices=choices, images=pictures), card)),
            message_html(Drawn(view(bad, member=bad), None)),
            progress_html(Progress((Step(bad),), bad)),
            week_html([Day(bad, bad, False, (Row(bad, bad, bad),))], bad),
        ]
    )
    assert "<script" not in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html
    assert " style=" not in html


def _card_html(card: Card) -> str:
    return message_html(Drawn(view(subject=card.subject), card))


def test_a_chart_is_drawn_with_the_same_in_words_and_a_table_with_its_headings() -> None:
    chart = Chart(
        "Posts", "bar", ("a", "b"), (Series("Posts", (1, 4)), Series("Reactions", (-2, float("nan")))), "In words."
    )
    table = Table("Best", ("Post", "Likes"), (("<b>#1</b>", "1,200"), ("#2", "–")))
    html = _card_html(Card("report:8 weeks", "How it went", chart=chart, table=table))
    assert html.count('class="bar series-0"') == 2
    assert html.count('class="bar series-1"') == 1
    assert 'aria-label="Posts. In words."' in html
    assert "<title>b, Posts: 4</title>" in html
    assert '<th scope="col">Likes</th>' in html
    assert "&lt;b&gt;#1&lt;/b&gt;" in html
    assert html.count('class="number"') == 2
    assert "style=" not in html


@pytest.mark.parametrize("values", [(), (0.0,), (1e12, 3.5)])
def test_a_line_goes_through_its_points(values: tuple[float, ...]) -> None:
    categories = tuple(str(number) for number in range(len(values)))
    html = _card_html(Card("report:8 weeks", "x", chart=Chart("x", "line", categories, (Series("x", values),), "")))
    assert html.count("<polyline") == 1
    assert html.count("<rect") == len(values)
