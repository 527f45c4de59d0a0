"""What a variant keeps: the wanted content as JSON, and the digest that an approval is bound to."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from content.platform import Content, Image, PartContent, Video


def kept(content: Content) -> dict[str, Any]:
    """The content as a JSON object: `parts` (each `text`, `images`, perhaps `video`), `settings`, `resolved`."""
    parts = [asdict(part) for part in content.parts]
    return {"parts": parts, "settings": dict(content.settings), "resolved": dict(content.resolved)}


def read(stored: dict[str, Any]) -> Content:
    """The content that `kept` made this object from."""
    parts = tuple(
        PartContent(
            part["text"],
            tuple(Image(**image) for image in part["images"]),
            Video(**part["video"]) if part.get("video") else None,
        )
        for part in stored["parts"]
    )
    return Content(parts, stored["settings"], stored["resolved"])


def _public(part: PartContent) -> dict[str, Any]:
    """What a stranger sees of a part. A video is named only where there is one, so that older approvals keep theirs."""
    public: dict[str, Any] = {"text": part.text, "images": [[image.sha256, image.alt] for image in part.images]}
    if part.video is not None:
        public["video"] = [part.video.sha256, part.video.alt]
    return public


def digest(account_id: str, content: Content) -> str:
    """SHA-256, in hex, over everything that will be public: account, exact texts, images, alt texts, settings, look-ups."""
    public = {
        "account": account_id,
        "parts": [_public(part) for part in content.parts],
        "settings": dict(content.settings),
        "resolved": dict(content.resolved),
    }
    canonical = json.dumps(public, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
