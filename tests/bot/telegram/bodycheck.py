"""Holds what we send to Telegram against its limits, as strictly as Telegram would. Numbers stand here a second time on purpose."""

from collections.abc import Mapping
from typing import Any


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_body(body: Mapping[str, Any]) -> None:
    """What a `Piece` of `bot/telegram/render.py` carries."""
    kind = body["kind"]
    if kind == "text":
        _check_text(body)
        _check_keyboard(body["keyboard"])
    elif kind == "album":
        assert set(body) == {"kind", "photos"}
        assert 2 <= len(body["photos"]) <= 10
        assert all(units(one["caption"]) <= 1024 for one in body["photos"])
    else:
        assert kind in ("photo", "chart")
        assert units(body["caption"]) <= 1024
        assert "keyboard" not in body


def _check_text(body: Mapping[str, Any]) -> None:
    text = body["text"]
    assert text.strip()
    assert text == text.strip(), "Telegram trims, and then entities would be out of place"
    assert units(text) <= 4096
    assert len(body["entities"]) <= 100
    for one in body["entities"]:
        assert one["length"] > 0
        assert one["offset"] >= 0
        assert one["offset"] + one["length"] <= units(text)
        assert one["type"] not in ("mention", "text_mention"), "it calls somebody"
    text.encode("utf-8")  # no half of a pair


def _check_keyboard(keyboard: list[list[Mapping[str, Any]]]) -> None:
    assert sum(map(len, keyboard)) <= 100
    for row in keyboard:
        assert 1 <= len(row) <= 8
        for one in row:
            assert one["text"].strip()
            assert 1 <= len(one.get("callback_data", "x").encode()) <= 64
            assert units(one.get("copy_text", {}).get("text", "")) <= 256
