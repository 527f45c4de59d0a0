"""Social platforms and trend sources: one file each, and here the only list of the platforms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from content.platform import Platform, Spec
from content.times import Clock
from integrations import bluesky, folder, linkedin, mastodon, x
from integrations.bluesky import Bluesky
from integrations.folder import Folder
from integrations.http import Http
from integrations.linkedin import LinkedIn
from integrations.mastodon import Mastodon
from integrations.x import X


@dataclass(frozen=True)
class Deps:
    """What a platform may be built with."""

    http: Http
    clock: Clock
    folder: Path
    """Where the folder platform publishes."""
    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By platform, what whoever runs the desk gave it, by `Setting.name`; what is missing has its default."""


PLATFORMS: Mapping[str, Callable[[Deps], Platform]] = {
    "bluesky": lambda deps: Bluesky(deps.http, deps.clock),
    "folder": lambda deps: Folder(deps.folder, deps.clock),
    "linkedin": lambda deps: LinkedIn(deps.http, deps.clock, deps.given.get("linkedin", {})),
    "mastodon": lambda deps: Mastodon(deps.http, deps.clock),
    "x": lambda deps: X(deps.http, deps.clock, deps.given.get("x", {})),
}
"""Every platform by its name; its `spec.name` is the same."""

SPECS: Mapping[str, Spec] = {one.SPEC.name: one.SPEC for one in (bluesky, folder, linkedin, mastodon, x)}
"""What is known of each before any is made: `app/settings.py` reads what they can be given."""
