"""A Mastodon server as a person names it, and what it says about itself.

Source: https://docs.joinmastodon.org/entities/Instance/ and /entities/V1_Instance/ (read 2026-11-22).
"""

import ipaddress
from typing import Any
from urllib.parse import urlsplit

import regex

from content.errors import Invalid, Problem
from content.platform import Json, Limits

LIMITS = Limits(
    text=500,
    unit="characters",
    images=4,
    image_bytes=16 * 1024 * 1024,
    image_types=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
    alt_text=1500,
)
"""What a server that says nothing allows."""
URL_CHARACTERS = 23
"""What a link counts where the server does not say."""

_NAME = regex.compile(r"(?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]*[\p{L}\p{N}]")


def host_of(server: str) -> str:
    """The server's name as people write it."""
    return urlsplit(server).netloc


def server_from(given: str) -> str:
    """The base address of the server a person named: as a host, an address, or with their account on it.

    Raises:
        Invalid: no server can be read from it.
    """
    text = given.strip().lower()
    address = text if "://" in text else f"https://{text.partition('/')[0].rpartition('@')[2]}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise no_server(given) from None
    local = host == "localhost" or _is_ip(host)
    if parts.scheme not in {"http", "https"} or not (local or _NAME.fullmatch(host)):
        raise no_server(given)
    # a login never travels unencrypted to a name on the internet, whatever was typed
    scheme = parts.scheme if local else "https"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def no_server(given: str) -> Invalid:
    """The answer to something that is not the name of a Mastodon server."""
    fix = "Use its address, such as mastodon.social, or your full name on it, such as @me@mastodon.social."
    return Invalid("I need your Mastodon server.", [Problem("server", f"“{given}” is not one.", fix)])


def facts_from(instance: Json) -> Json:
    """What a server says about itself, in version 2 or 1 of its API; what it does not say is left out."""
    configuration = _inner(instance, "configuration")
    statuses, media = _inner(configuration, "statuses"), _inner(configuration, "media_attachments")
    types = media.get("supported_mime_types")
    told = {
        "domain": _domain(instance.get("domain") or instance.get("uri")),
        "max_characters": count(statuses, "max_characters"),
        "max_media": count(statuses, "max_media_attachments"),
        "url_characters": count(statuses, "characters_reserved_per_url"),
        "image_bytes": count(media, "image_size_limit"),
        "alt_text": count(media, "description_limit"),
        "image_types": sorted(_image_types(types)) if isinstance(types, list) else None,
    }
    return {name: value for name, value in told.items() if value}


def limits_of(facts: Json) -> Limits:
    """The limits of an account, from the facts kept with it."""
    return Limits(
        text=facts.get("max_characters", LIMITS.text),
        unit=LIMITS.unit,
        images=facts.get("max_media", LIMITS.images),
        image_bytes=facts.get("image_bytes", LIMITS.image_bytes),
        image_types=frozenset(facts.get("image_types", LIMITS.image_types)),
        alt_text=facts.get("alt_text", LIMITS.alt_text),
    )


def count(told: Json, name: str) -> int | None:
    """A number a server told, or None where it told none."""
    value = told.get(name)
    return value if isinstance(value, int) else None


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _domain(told: object) -> str | None:
    """The part after the second @ of its accounts' names; some servers of version 1 tell an address."""
    return (host_of(told) or told) if isinstance(told, str) else None


def _inner(told: Json, name: str) -> Json:
    value = told.get(name)
    return value if isinstance(value, dict) else {}


def _image_types(types: list[Any]) -> set[str]:
    return {kind for kind in types if isinstance(kind, str) and kind.startswith("image/")}
