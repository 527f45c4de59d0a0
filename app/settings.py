"""Every setting once: its name, unit, default and what it does. The only place that reads the environment."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, create_model
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from content.errors import Invalid, Problem
from content.times import zone
from integrations import SPECS

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - named, not chosen
_WEB = ("https://", "http://")


def _named(name: str) -> AliasChoices:
    return AliasChoices(name)


class _OwnSettings(BaseSettings):
    """The settings that every desk has."""

    model_config = SettingsConfigDict(
        env_prefix="COPYDESK_", env_file=".env", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    data_dir: Path = Field(Path("data"), description="Folder that holds everything: database, pictures, keys, posts.")
    host: str = Field(
        "127.0.0.1", description="Address to listen on. Only this machine, unless you serve it to others."
    )
    port: int = Field(
        0, ge=0, le=65535, description="Port to listen on; 0 takes 8321, or a free one where that is taken."
    )
    public_url: str = Field("", description="Address at which others reach the desk, such as https://desk.example.com.")
    zone: str = Field("", description="IANA time zone of a new workspace; empty takes the machine's.")
    database_url: str = Field(
        "",
        description="Address of the database, such as postgresql://desk@db/desk; empty is SQLite in the data folder.",
    )
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="Address of Redis, such as redis://cache/0; with it several processes share the work (needs PostgreSQL).",
    )
    model: str = Field("", description="Name of the language model, such as gpt-4.1-mini; needed with an endpoint.")
    model_mode: Literal["auto", "native", "json"] = Field(
        "auto", description="How the model is given tools: native calls, json replies, or auto to find out at start."
    )
    model_file: Path | None = Field(
        None, description="A .gguf file to serve on this machine (needs the extra `local`)."
    )
    azure_api_version: str = Field("", description="API version, only for Azure OpenAI's older address form.")
    model_timeout: int = Field(60, gt=0, description="Seconds to wait for one answer of the model.")
    turn_steps: int = Field(8, gt=0, description="Most calls of the model in one turn.")
    turn_seconds: int = Field(120, gt=0, description="Most seconds one turn may take.")
    turn_tokens: int = Field(60_000, gt=0, description="Most tokens one turn may use.")
    embeddings: Literal["auto", "local", "openai"] = Field(
        "auto", description="Who makes memory's vectors: auto takes OpenAI where its key is set, else the local model."
    )
    dry_run: bool = Field(
        False, description="Only rehearse: posts go all the way, but nothing is uploaded or published."
    )
    allowed_private_hosts: str = Field(
        "", description="Hosts in private networks that may be reached, comma separated, such as mastodon.lan:443."
    )
    log_file: str = Field(
        "", description="Where JSON log lines go; empty is copydesk.log in the data folder, - is stderr."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important log line kept."
    )
    openai_api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias=_named("OPENAI_API_KEY"),
        description="Key of OpenAI or of a compatible endpoint.",
    )
    openai_base_url: str = Field(
        "",
        validation_alias=_named("OPENAI_BASE_URL"),
        description="Address of an OpenAI-compatible endpoint, with /v1.",
    )
    slack_bot_token: SecretStr = Field(
        SecretStr(""), description="Slack: the bot token (xoxb-…) of the one team the desk lives in."
    )
    slack_app_token: SecretStr = Field(
        SecretStr(""), description="Slack: the app-level token (xapp-…); with it the desk connects by Socket Mode."
    )
    slack_signing_secret: SecretStr = Field(
        SecretStr(""), description="Slack: what its requests are signed with; needed without Socket Mode."
    )
    slack_client_id: str = Field(
        "", description="Slack: the app's client id, to be installed in several teams by OAuth."
    )
    slack_client_secret: SecretStr = Field(SecretStr(""), description="Slack: the client secret that belongs to it.")
    slack_api_url: str = Field(
        "https://slack.com/api/", description="Slack: address of its Web API, with / at the end."
    )
    telegram_bot_token: SecretStr = Field(SecretStr(""), description="Telegram: the bot's token, as BotFather gave it.")
    telegram_mode: Literal["auto", "webhook", "polling"] = Field(
        "auto", description="Telegram: auto takes a webhook where COPYDESK_PUBLIC_URL begins with https, else it polls."
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", description="Telegram: address of the Bot API, for a server of your own."
    )
    system_zone_file: Path = Field(
        Path("/etc/localtime"), description="Where the machine's time zone is linked; only for unusual systems."
    )

    @property
    def given(self) -> dict[str, dict[str, str]]:
        """What each platform was given, by `Setting.name`."""
        return {
            name: {one.name: _plain(getattr(self, f"{name}_{one.name}")) for one in spec.settings}
            for name, spec in SPECS.items()
        }

    @property
    def database(self) -> str:
        """The database's address, with its driver."""
        if not self.database_url:
            return f"sqlite+aiosqlite:///{self.data_dir / 'copydesk.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @property
    def on_postgresql(self) -> bool:
        """Whether the rows are in PostgreSQL."""
        return self.database.startswith("postgresql")

    @property
    def scaled(self) -> bool:
        """Whether several processes share the work: some serve pages and chats, others do the jobs."""
        return bool(self.redis_url.get_secret_value())

    @property
    def thinks_with(self) -> Literal["endpoint", "file", "guided"]:
        """Which of the three ways in: an endpoint, a file, or guided mode with neither."""
        if self.openai_base_url or self.openai_api_key.get_secret_value():
            return "endpoint"
        return "file" if self.model_file else "guided"

    @property
    def private_hosts(self) -> tuple[str, ...]:
        """`allowed_private_hosts`, one by one."""
        return tuple(host.strip() for host in self.allowed_private_hosts.split(",") if host.strip())

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never be printed or logged."""
        try:
            database = make_url(self.database).password or ""
        except ArgumentError:
            database = self.database_url
        given = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        return tuple(one for one in (*given, str(database)) if one)

    @property
    def lives_in_slack(self) -> bool:
        """Whether Slack is set up."""
        return bool(self.slack_bot_token.get_secret_value() or self.slack_client_id)

    @property
    def lives_on_telegram(self) -> bool:
        """Whether Telegram is set up."""
        return bool(self.telegram_bot_token.get_secret_value())

    @property
    def telegram_webhook(self) -> bool:
        """Whether Telegram calls us, instead of being asked again and again."""
        chosen = self.telegram_mode
        return chosen == "webhook" or (chosen == "auto" and self.public_url.startswith("https://"))

    def own_zone(self) -> str:
        """The zone of a new workspace: as set, else the machine's, else UTC.

        Raises:
            Invalid: the one that is set does not exist.
        """
        if self.zone:
            return str(zone(self.zone))
        _, found, name = str(self.system_zone_file.resolve()).partition("/zoneinfo/")
        return name if found else "UTC"

    def check(self) -> None:
        """Refuse to run half-configured.

        Raises:
            Invalid: every contradiction, with what to set.
        """
        problems = [
            *self._about_the_model(),
            *self._about_the_address(),
            *self._about_slack(),
            *self._about_telegram(),
            *self._about_platforms(),
            *self._about_the_rest(),
        ]
        if problems:
            raise Invalid("The desk is half configured, so it does not start.", problems)

    def _about_the_model(self) -> Iterator[Problem]:
        if self.thinks_with == "endpoint" and not self.model:
            yield Problem("COPYDESK_MODEL", "no model is named for the endpoint.", "Set it, e.g. to gpt-4.1-mini.")
        if self.openai_base_url and not self.openai_base_url.startswith(_WEB):
            yield Problem("OPENAI_BASE_URL", "it is no web address.", "Begin it with http:// or https://.")
        if self.thinks_with == "file" and self.model_file is not None and not self.model_file.is_file():
            yield Problem("COPYDESK_MODEL_FILE", "there is no such file.", "Check its path, or leave it out.")
        if self.embeddings == "openai" and not self.openai_api_key.get_secret_value():
            yield Problem("OPENAI_API_KEY", "OpenAI embeddings need a key.", "Set it, or COPYDESK_EMBEDDINGS=local.")

    def _about_the_address(self) -> Iterator[Problem]:
        if self.public_url and not self.public_url.startswith(_WEB):
            yield Problem("COPYDESK_PUBLIC_URL", "it is no web address.", "Begin it with https://.")
        if self.host not in (*LOOPBACK, *EVERYWHERE) and not self.public_url:
            yield Problem(
                "COPYDESK_PUBLIC_URL",
                f"with COPYDESK_HOST={self.host} others reach the desk, but I do not know under which address.",
                "Set it to that address, or leave COPYDESK_HOST out.",
            )

    def _about_slack(self) -> Iterator[Problem]:
        given = {
            name: bool(getattr(self, name) if name == "slack_client_id" else getattr(self, name).get_secret_value())
            for name in (
                "slack_bot_token",
                "slack_app_token",
                "slack_signing_secret",
                "slack_client_id",
                "slack_client_secret",
            )
        }
        if given["slack_client_id"] != given["slack_client_secret"]:
            missing = "SECRET" if given["slack_client_id"] else "ID"
            yield Problem(f"COPYDESK_SLACK_CLIENT_{missing}", "the other half is set.", "Set both, or leave both out.")
        if given["slack_client_id"] and not self.public_url:
            yield Problem(
                "COPYDESK_PUBLIC_URL", "Slack's install page must find the way back.", "Set it, with https://."
            )
        if self.lives_in_slack and not (given["slack_app_token"] or given["slack_signing_secret"]):
            what = "Slack is set up, but nothing brings its events."
            yield Problem("COPYDESK_SLACK_SIGNING_SECRET", what, "Set it, or COPYDESK_SLACK_APP_TOKEN for Socket Mode.")
        if not self.lives_in_slack and (given["slack_app_token"] or given["slack_signing_secret"]):
            yield Problem("COPYDESK_SLACK_BOT_TOKEN", "other Slack settings are there, it is not.", "Set it, or none.")

    def _about_telegram(self) -> Iterator[Problem]:
        if self.lives_on_telegram and self.telegram_mode == "webhook" and not self.public_url.startswith("https://"):
            yield Problem(
                "COPYDESK_PUBLIC_URL",
                "Telegram calls a webhook by https only.",
                "Set it to an https:// address, or COPYDESK_TELEGRAM_MODE=polling.",
            )

    def _about_platforms(self) -> Iterator[Problem]:
        halves = ("client_id", "client_secret")
        for name, given in self.given.items():
            missing = [half for half in halves if half in given and not given[half]]
            if len(missing) == 1:
                where = f"COPYDESK_{name}_{missing[0]}".upper()
                yield Problem(where, "the other half is set.", "Set both, or leave both out.")

    def _about_the_rest(self) -> Iterator[Problem]:
        try:
            self.own_zone()
        except Invalid as unknown:
            yield Problem("COPYDESK_ZONE", unknown.message, "Or leave it out for the machine's zone.")
        try:
            url = make_url(self.database)
            dialect = url.get_dialect()
            dialect.import_dbapi()
            driver = dialect.get_async_dialect_cls(url).is_async
        except (ArgumentError, ImportError):
            driver = False
        if not driver:
            what = "it is no database address that I have an asynchronous driver for."
            yield Problem("COPYDESK_DATABASE_URL", what, "Leave it out for SQLite, or begin it with postgresql://.")
        if self.scaled and not self.on_postgresql:
            what = "Redis wakes several processes, and they need a database that takes several writers."
            yield Problem("COPYDESK_DATABASE_URL", what, "Set it to a PostgreSQL, or leave COPYDESK_REDIS_URL out.")
        if self.scaled and self.lives_on_telegram and not self.telegram_webhook:
            what = "several processes cannot poll for one bot."
            fix = "Set COPYDESK_PUBLIC_URL to an https:// address, so that Telegram calls a webhook."
            yield Problem("COPYDESK_TELEGRAM_MODE", what, fix)


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _of_platforms() -> dict[str, Any]:
    """A field for everything that a platform says it can be given."""
    return {
        f"{name}_{one.name}": (
            SecretStr if one.secret else str,
            Field(SecretStr("") if one.secret else one.default, description=f"{spec.label}: {one.description}"),
        )
        for name, spec in SPECS.items()
        for one in spec.settings
    }


if TYPE_CHECKING:

    class Settings(_OwnSettings):
        """Read from the environment, then from a file `.env` in the working directory."""
else:
    Settings = create_model(
        "Settings", __base__=_OwnSettings, __doc__="Every setting, the platforms' own included.", **_of_platforms()
    )


def read_settings() -> Settings:
    """The settings as the environment and `.env` give them.

    Raises:
        Invalid: values that cannot be used, each with its variable.
    """
    try:
        return Settings()
    except ValidationError as wrong:
        problems = [
            Problem(
                variable(str(one["loc"][0])),
                f"{one['msg'][:1].lower()}{one['msg'][1:]}.",
                "Correct it, or leave it out.",
            )
            for one in wrong.errors(include_url=False, include_input=False)
        ]
        raise Invalid("A setting cannot be used, so nothing was started.", problems) from None


def variable(name: str) -> str:
    """The environment variable of a field."""
    if name not in Settings.model_fields:
        return name  # a field with a variable of its own is called by that already
    alias = Settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"COPYDESK_{name.upper()}"


def _shown_default(default: object) -> str:
    return "" if default is None or isinstance(default, SecretStr) else str(default)


def table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = _shown_default(field.default)
        rows.append(f"| `{variable(name)}` | {f'`{default}`' if default else ''} | {field.description} |")
    return "\n".join(rows)


def example() -> str:
    """The settings as a commented `.env` file."""
    lines = ["# Copydesk needs none of these to run. Copy this file to .env and uncomment what you want to change."]
    for name, field in Settings.model_fields.items():
        default = _shown_default(field.default)
        lines += ["", f"# {field.description}", f"# {variable(name)}={default}"]
    return "\n".join(lines) + "\n"
