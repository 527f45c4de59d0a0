"""What the page shows, drawn as HTML: messages, cards, progress, a week. Autoescaped; styled by the page's own sheet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.chat import Button, Card, Preview, Progress, Row
from bot.films import film_length, kind_of, pictures_of
from bot.webchat.charts import plotted
from bot.webchat.words import link, marked_up
from bot.words import numbers_words
from content.platform import Image, RenderedPart
from content.transcript import MessageView

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Drawn:
    """A message with what it shows now; `card` None where it has a subject: that is gone."""

    message: MessageView
    card: Card | None


@dataclass(frozen=True)
class Question:
    """One field of a form in a card."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    kind: str = "text"
    """text · password · url · long"""
    limit: int = 0
    """Most of `unit` it may have, or 0."""
    unit: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """What can be chosen, value and label; empty: anything."""


@dataclass(frozen=True)
class Day:
    """One day of the calendar page."""

    name: str
    date: str
    today: bool
    rows: tuple[Row, ...]


def message_html(drawn: Drawn) -> str:
    """One message; its element carries `data-ref`, `data-position` and the id `message-…`."""
    return _TEMPLATES.get_template("message.html").render(drawn=drawn, message=drawn.message, card=drawn.card)


def progress_html(progress: Progress) -> str:
    """How far a turn is."""
    return _TEMPLATES.get_template("progress.html").render(progress=progress)


def week_html(days: Sequence[Day], zone: str) -> str:
    """Seven days with what goes out."""
    return _TEMPLATES.get_template("week.html").render(days=days, zone=zone)


def linked(part: RenderedPart) -> Markup:
    """A part's text with what the platform will make clickable."""
    out: list[Markup] = []
    at = 0
    for span in sorted(part.spans, key=lambda one: one.start):
        if span.start < at or span.end > len(part.text):
            continue  # overlapping or outside: the text itself matters more
        out.append(escape(part.text[at : span.start]))
        words = part.text[span.start : span.end]
        shown = link(span.target, words) if span.kind == "link" else escape(words)
        out.append(Markup('<span class="{}">{}</span>').format(span.kind, shown))
        at = span.end
    out.append(escape(part.text[at:]))
    return Markup("").join(out)


def questions(card: Card, button: Button) -> list[Question]:
    """What a button's form asks: for “edit” the text of every part, with its limit, and what describes each picture and video."""
    if button.verb != "edit":
        return [
            Question(field.name, field.label, hint=field.hint, kind=field.kind, options=field.options)
            for field in button.form
        ]
    parts = list(_numbered_parts(card.previews))
    asked = []
    for field in button.form:
        labelled = [one for one in parts if one[1] == field.label]
        here = next((one for one in labelled if one[2].text == field.hint), labelled[0] if labelled else None)
        if here is None:
            asked.append(Question(field.name, field.label, value=field.hint, kind="long"))
            continue
        parts.remove(here)
        preview = here[0]
        label = f"{field.label} · {preview.handle}"
        asked.append(Question(field.name, label, field.hint, "", "long", preview.limit, preview.unit))
    for number, image in enumerate(_images(card.previews), 1):
        name = f" ({image.name})" if image.name else ""
        label = f"Describe {kind_of(image).lower()} {number}{name}"
        asked.append(Question(f"alt/{image.media_id}", label, image.alt, "for those who cannot see it", "long"))
    return asked


def _numbered_parts(previews: Sequence[Preview]) -> Iterator[tuple[Preview, str, RenderedPart]]:
    for preview in previews:
        for number, part in enumerate(preview.parts, 1):
            yield preview, preview.label + (f", part {number}" if len(preview.parts) > 1 else ""), part


def _images(previews: Sequence[Preview]) -> list[Image]:
    found: Mapping[str, Image] = {
        image.media_id: image for preview in previews for part in preview.parts for image in pictures_of(part)
    }
    return list(found.values())


def fullness(part: RenderedPart, preview: Preview) -> str:
    """How near a part is to its limit: ok, near, over."""
    if part.length > preview.limit:
        return "over"
    return "near" if part.length > preview.limit * 0.9 else "ok"


def initial(handle: str) -> str:
    """The letter in an account's round mark."""
    return next((letter.upper() for letter in handle if letter.isalnum()), "•")


def plain_address(url: str) -> str:
    """An address that no browser opens from a page, as people read it: a file's path."""
    return unquote(url.removeprefix("file://"))


def moment(at: datetime) -> str:
    """An instant for a `datetime` attribute."""
    return at.isoformat(timespec="seconds")


def is_number(cell: str) -> bool:
    """Whether a table's cell is a number, or stands for one that was not told."""
    return cell == "–" or cell.replace(",", "").replace(".", "", 1).isdigit()


_TEMPLATES.filters.update(
    marked_up=marked_up,
    linked=linked,
    numbers_words=numbers_words,
    film_length=film_length,
    initial=initial,
    moment=moment,
    plain_address=plain_address,
    plotted=plotted,
    is_number=is_number,
)
_TEMPLATES.globals.update(questions=questions, fullness=fullness, link=link)
