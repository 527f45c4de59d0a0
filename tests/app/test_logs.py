"""Log lines are JSON, and hold no secret wherever it stood."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from app.logs import JsonLines, set_up_logs
from content.errors import Invalid

SECRET = "hush-hush-42"


def line(message: str, *args: object, **extra: object) -> dict[str, Any]:
    record = logging.getLogger("desk").makeRecord("desk", logging.INFO, "x.py", 1, message, args, None, extra=extra)
    told: dict[str, Any] = json.loads(JsonLines([SECRET]).format(record))
    return told


def test_a_line_says_when_what_where_and_its_fields() -> None:
    told = line("delivery.%s", "sent", delivery="delivery_1", count=3)
    assert (told["level"], told["event"], told["logger"]) == ("info", "delivery.sent", "desk")
    assert (told["delivery"], told["count"]) == ("delivery_1", 3)
    assert told["at"].endswith("+00:00")


@pytest.mark.parametrize(
    "leak",
    [
        "Bearer abcdefgh12345678",
        "authorization: Basic dXNlcjpwYXNzd29yZA==",
        "access_token=abcdefgh12345678",
        '{"access_token": "abcdefgh12345678"}',
        "{'app_password': 'aaaa-bbbb-cccc-dddd'}",
        '"{\\"client_secret\\": \\"abcdefgh12345678\\"}"',
        "/?token=abcdefgh12345678",
        "copydesk_session=abcdefgh12345678",
        "api-key: abcdefgh12345678",
        "code_verifier=abcdefgh12345678",
        "sk-abcdefgh12345678",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmVk",
        f"the key {SECRET} itself",
    ],
)
def test_what_looks_like_a_secret_is_blanked(leak: str) -> None:
    told = json.dumps([line("request.failed", raw=leak, nested={"answer": [leak]}), line(leak)], ensure_ascii=False)
    for secret in ("abcdefgh12345678", "dXNlcjpwYXNzd29yZA", "aaaa-bbbb", "c2lnbmVk", SECRET):
        assert secret not in told
    assert "•••" in told


def test_ordinary_words_stay() -> None:
    told = line("the token expired yesterday; a password manager; the secret ingredient: salt", turn_tokens=60000)
    assert "•••" not in json.dumps(told, ensure_ascii=False)


def test_a_traceback_is_blanked_too(tmp_path: Path, logging_kept: None) -> None:
    set_up_logs("", "info", tmp_path, [SECRET])
    try:
        raise ValueError(f"refused {SECRET} and token=abcdefgh12345678")
    except ValueError:
        logging.getLogger("desk").exception("request.failed")
    [told] = (tmp_path / "copydesk.log").read_text().splitlines()
    assert "ValueError: refused ••• and token=•••" in json.loads(told)["error"]


def test_lines_below_the_level_and_chatty_libraries_are_left_out(tmp_path: Path, logging_kept: None) -> None:
    target = tmp_path / "deep" / "down" / "my.log"
    set_up_logs(str(target), "warning", tmp_path, [])
    logging.getLogger("desk").info("nothing")
    logging.getLogger("httpx").info("nothing")
    logging.getLogger("desk").warning("something")
    assert [json.loads(one)["event"] for one in target.read_text().splitlines()] == ["something"]


def test_a_dash_means_standard_error(capsys: pytest.CaptureFixture[str], tmp_path: Path, logging_kept: None) -> None:
    set_up_logs("-", "info", tmp_path, [])
    logging.getLogger("desk").info("desk.opened")
    assert json.loads(capsys.readouterr().err)["event"] == "desk.opened"


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, logging_kept: None) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match=r"I cannot write the log to .*COPYDESK_LOG_FILE"):
        set_up_logs(str(tmp_path / "file" / "my.log"), "info", tmp_path, [])
