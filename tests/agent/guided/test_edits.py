import pytest

from agent.guided.edits import edited

TEXT = ("The fair is back! It opens on Tuesday. Bring friends 🎉 https://a.example #fair",)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            'replace "Tuesday" with "Wednesday"',
            "The fair is back! It opens on Wednesday. Bring friends 🎉 https://a.example #fair",
        ),
        (
            "it's Wednesday, not Tuesday",
            "The fair is back! It opens on Wednesday. Bring friends 🎉 https://a.example #fair",
        ),
        (
            "use guests instead of friends in post 3",
            "The fair is back! It opens on Tuesday. Bring guests 🎉 https://a.example #fair",
        ),
        (
            "say “begins” instead of “opens”",
            "The fair is back! It begins on Tuesday. Bring friends 🎉 https://a.example #fair",
        ),
        ("remove the emoji", "The fair is back! It opens on Tuesday. Bring friends https://a.example #fair"),
        ("no hashtags please", "The fair is back! It opens on Tuesday. Bring friends 🎉 https://a.example"),
        ("drop the link", "The fair is back! It opens on Tuesday. Bring friends 🎉 #fair"),
        (
            "too many exclamation marks",
            "The fair is back. It opens on Tuesday. Bring friends 🎉 https://a.example #fair",
        ),
        ("remove the first sentence", "It opens on Tuesday. Bring friends 🎉 https://a.example #fair"),
        ("take out the second sentence", "The fair is back! Bring friends 🎉 https://a.example #fair"),
        ("delete the last sentence.", "The fair is back! It opens on Tuesday."),
        ("add #spring and #town", f"{TEXT[0]} #spring #town"),
        ("add https://b.example/x", f"{TEXT[0]} https://b.example/x"),
        ("add “See you there”", f"{TEXT[0]} See you there"),
        ("make it shorter", "The fair is back! It opens on Tuesday."),
    ],
)
def test_an_edit_by_rule_changes_what_was_asked_and_nothing_else(asked: str, text: str) -> None:
    done = edited(TEXT, asked)
    assert done is not None
    assert done.parts == (text,)
    assert done.change


@pytest.mark.parametrize(
    "asked",
    [
        "make it funnier",
        "make it shorter",
        "replace “Sunday” with “Monday”",
        "remove the third and last sentence of another post, in French",
        "add a joke",
        "translate it",
        "",
    ],
)
def test_what_rules_cannot_do_is_left_alone(asked: str) -> None:
    done = edited(("One sentence only",), asked)
    assert done is None


def test_a_change_that_would_empty_the_post_is_not_made() -> None:
    assert edited(("🎉",), "remove the emoji") is None


def test_in_a_thread_the_first_part_loses_its_first_and_the_last_its_last_sentence() -> None:
    thread = ("One. Two.", "Three. Four.")
    first, last = edited(thread, "remove the first sentence"), edited(thread, "remove the last sentence")
    assert first is not None
    assert first.parts == ("Two.", "Three. Four.")
    assert last is not None
    assert last.parts == ("One. Two.", "Three.")


def test_line_breaks_survive_an_edit() -> None:
    done = edited(("One 🎉\n\nTwo 🎉",), "no emoji")
    assert done is not None
    assert done.parts == ("One\n\nTwo",)
