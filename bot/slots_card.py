"""The card of the posting slots: when each account posts, how full its queue is, and changing that."""

from collections.abc import Sequence

from bot.chat import Button, Card, Group, Row
from content.connecting import Field
from content.people import Actor
from content.slots import SUBJECT, AccountSlots

MOST_CHOICES = 100
"""What a chat's list takes."""


def slots_card(accounts: Sequence[AccountSlots], viewer: Actor) -> Card:
    """Every account with its weekly times; with buttons for those who may change them."""
    groups = tuple(Group(one.words, (*(Row(words) for words in one.times), _queue(one))) for one in accounts)
    status = "" if groups else "No account is connected yet. Connect one with /connect."
    if groups and not any(one.slots for one in accounts):
        status = "No slots yet. Add weekly times, and “put it in the queue” takes the next free one."
    may = viewer.may("manage") and bool(accounts)
    return Card(SUBJECT, "Posting slots", status=status, groups=groups, buttons=_buttons(accounts) if may else ())


def _queue(one: AccountSlots) -> Row:
    count = f"{one.waiting} {'post waits' if one.waiting == 1 else 'posts wait'}" if one.waiting else "Nothing waits"
    after = f"; nothing after {one.last}" if one.last else ""
    return Row(f"{count}{after}", f"next free slot: {one.next_free}" if one.next_free else "no slots")


def _buttons(accounts: Sequence[AccountSlots]) -> tuple[Button, ...]:
    which = Field("account", "Which account?", options=tuple((one.account_id, one.words) for one in accounts))
    when = Field("when", "At which weekly times?", hint="such as: Mon and Thu 9:00, every weekday 12:30")
    add = Button("add_slot", "Add times", "all", style="primary", form=(which, when))
    there = tuple((slot.id, f"{one.words}: {slot.words}") for one in accounts for slot in one.slots)
    if not there:
        return (add,)
    gone = Field("slot", "Which one?", hint="posts in it keep their times", options=there[:MOST_CHOICES])
    return add, Button("remove_slot", "Take one away", "all", form=(gone,))
