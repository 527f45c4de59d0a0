"""A card as Slack's blocks, whole, before it is dealt out over messages: the same for a message and for the home page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.chat import Card, Group, Preview, Row
from bot.films import kind_of, pictures_of
from bot.slack import rich
from bot.slack.blocks import MARKS, Buttons, Drawn, context, cut_labels, header, instant, marked
from bot.slack.limits import CONTEXT_AIMED, HEADER, size
from bot.slack.rich import Bit
from bot.words import MOMENT, numbers_words
from content.platform import Image, LinkCard, RenderedPart


@dataclass
class Album:
    """The pictures of a card, and what stands for its videos, each numbered once however often it is used."""

    images: dict[str, Image] = field(default_factory=dict)

    def number(self, image: Image) -> int:
        """The picture's number, counted from 1."""
        self.images.setdefault(image.media_id, image)
        return list(self.images).index(image.media_id) + 1


def name(image: Image, number: int) -> str:
    """What a picture is called."""
    return f"{kind_of(image)} {number} ({image.name})" if image.name else f"{kind_of(image)} {number}"


@dataclass(frozen=True)
class Layout:
    """Draws cards for readers whose zone is `zone`, with buttons and pictures numbered through."""

    zone: str
    buttons: Buttons = field(default_factory=Buttons)
    album: Album = field(default_factory=Album)

    def card(self, card: Card, within: Sequence[Drawn] = ()) -> list[Drawn]:
        """Everything of the card but its chart and its table; `within` stands in their place."""
        about = card.title.strip()
        drawn = [*self._head(card), *within]
        for preview in card.previews:
            drawn += self._preview(preview, about)
        drawn += rich.blocks(bit for group in card.groups for bit in self._group(group))
        drawn += rich.blocks(_in_full(card))
        return drawn + self.buttons.row(card.buttons, about)

    def _head(self, card: Card) -> Iterator[Drawn]:
        if size(card.title) > HEADER:
            yield from rich.blocks([rich.section(rich.text(card.title, "bold"))])
        elif card.title.strip():
            yield header(card.title)
        yield from _small([marked(card.tone, card.status)] if card.status.strip() else [])
        yield from rich.blocks(rich.section(note) for note in card.notes)

    def _preview(self, preview: Preview, about: str) -> Iterator[Drawn]:
        yield from rich.blocks(self._shown(preview))
        small: list[str | Drawn] = [marked(preview.tone, preview.status)]
        if preview.at:
            small.append(instant(preview.at, self.zone))
        if preview.numbers:
            small.append(numbers_words(preview.numbers))
        yield from _small(small)
        yield from self.buttons.row(preview.buttons, f"{about} on {preview.label} {preview.handle}".strip())

    def _shown(self, preview: Preview) -> Iterator[Bit]:
        who = (rich.text(preview.label, "bold"), f" {preview.handle}")
        if len(preview.parts) == 1:
            yield rich.section(*who, *_measure(preview.parts[0], preview))
        else:
            yield rich.section(*who)
        for number, part in enumerate(preview.parts, 1):
            if len(preview.parts) > 1:
                yield rich.section(f"Part {number} of {len(preview.parts)}", *_measure(part, preview))
            yield from self._part(part)
        for problem in preview.problems:
            yield rich.bullet(f"{MARKS['bad']} ", rich.text(problem.where, "bold"), f": {problem.what} {problem.fix}")
        if preview.url:
            yield rich.section(rich.link(f"See it on {preview.label}", preview.url))

    def _part(self, part: RenderedPart) -> Iterator[Bit]:
        if part.text.strip():
            yield rich.quoted(part)
        for image in pictures_of(part):
            words = f"{name(image, self.album.number(image))}: "
            yield rich.section(words, rich.text(image.alt or "no description", "italic"))
        if part.card:
            yield _link_card(part.card)

    def _group(self, group: Group) -> Iterator[Bit]:
        if group.heading.strip():
            yield rich.section(rich.text(group.heading, "bold"))
        for row in group.rows:
            yield self._row(row)

    def _row(self, row: Row) -> Bit:
        title: list[Drawn | str] = [row.title]
        if row.url.startswith(("https://", "http://")):
            title = [rich.link(row.title, row.url)]
        elif row.url:
            title += [" ", rich.link("", row.url)]
        mark = marked(row.tone, "")
        told: list[Drawn | str] = [*([f"{mark} "] if mark else []), *title]
        found = MOMENT.search(row.detail) if row.at else None
        if row.at and found:
            before, after = row.detail[: found.start()], row.detail[found.end() :]
            return rich.bullet(*told, f" · {before}", rich.date(row.at, self.zone), *([after] if after else []))
        if row.detail:
            told.append(f" · {row.detail}")
        if row.at:
            told += [" · ", rich.date(row.at, self.zone)]
        return rich.bullet(*told)


def _measure(part: RenderedPart, preview: Preview) -> Iterator[Drawn]:
    yield rich.text(f" · {part.length:,}/{preview.limit:,} {preview.unit}")
    if part.length > preview.limit:
        yield rich.text(f" · {part.length - preview.limit:,} too many", "bold")


def _link_card(card: LinkCard) -> Bit:
    described = [f" · {card.description}"] if card.description else []
    return rich.section("Link preview: ", rich.link(card.title or card.url, card.url), *described)


def _small(elements: Sequence[str | Drawn]) -> Iterator[Drawn]:
    """Small print; what is too long for it becomes a paragraph."""
    kept = [one for one in elements if not isinstance(one, str) or size(one) <= CONTEXT_AIMED]
    yield from context(kept)
    yield from rich.blocks(rich.section(one) for one in elements if isinstance(one, str) and size(one) > CONTEXT_AIMED)


def _in_full(card: Card) -> Iterator[Bit]:
    """What the buttons say, where that is too long for a button."""
    every = [*(button for preview in card.previews for button in preview.buttons), *card.buttons]
    for label in cut_labels(button.label for button in every):
        yield rich.bullet(label)
