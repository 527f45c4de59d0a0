from content.errors import Invalid, NeedsReconnect, PlatformError, Problem, StaleRevision


def test_a_problem_reads_as_a_sentence() -> None:
    assert (
        str(Problem("Image 1", "it is too large.", "Make it smaller.")) == "Image 1: it is too large. Make it smaller."
    )
    assert str(Problem("Image 1", "it is broken.", "")) == "Image 1: it is broken."


def test_invalid_says_every_problem() -> None:
    error = Invalid(
        "It cannot go out.", [Problem("Text", "it is empty.", "Write one."), Problem("Alt", "long.", "Cut.")]
    )
    assert error.message == "It cannot go out. Text: it is empty. Write one. Alt: long. Cut."
    assert len(error.problems) == 2


def test_errors_carry_what_a_caller_needs_to_react() -> None:
    refused = NeedsReconnect("No.", platform="fake", account="account_1")
    assert isinstance(refused, PlatformError)
    assert (refused.code, refused.platform, refused.account) == ("needs_reconnect", "fake", "account_1")
    assert StaleRevision("Old.", 3).current == 3
