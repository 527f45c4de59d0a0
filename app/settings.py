"""Every setting once: its name, unit, default and what it does. The only place that reads the environment."""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from content.errors import Invalid, Problem


def _named(name: str) -> AliasChoices:
    return AliasChoices(name)


class Settings(BaseSettings):
    """Read from the environment, then from a file `.env` in the working directory."""

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
    database_url: str = Field("", description="SQLAlchemy address of the database; empty is SQLite in the data folder.")
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
    system_zone_file: Path = Field(
        Path("/etc/localtime"), description="Where the machine's time zone is linked; only for unusual systems."
    )

    @property
    def database(self) -> str:
        """The database's address."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'copydesk.db'}"

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
        return tuple(one for one in (self.openai_api_key.get_secret_value(),) if one)

    def own_zone(self) -> str:
        """The zone of a new workspace: as set, else the machine's, else UTC."""
        if self.zone:
            return str(ZoneInfo(self.zone))
        _, found, name = str(self.system_zone_file.resolve()).partition("/zoneinfo/")
        return name if found else "UTC"

    def check(self) -> None:
        """Refuse to run half-configured.

        Raises:
            Invalid: every contradiction, with what to set.
        """
        problems = []
        if self.thinks_with == "endpoint" and not self.model:
            problems.append(
                Problem("COPYDESK_MODEL", "no model is named for the endpoint.", "Set it, e.g. to gpt-4.1-mini.")
            )
        if self.embeddings == "openai" and not self.openai_api_key.get_secret_value():
            problems.append(
                Problem("OPENAI_API_KEY", "OpenAI embeddings need a key.", "Set it, or COPYDESK_EMBEDDINGS=local.")
            )
        if self.public_url and not self.public_url.startswith(("https://", "http://")):
            problems.append(Problem("COPYDESK_PUBLIC_URL", "it is no web address.", "Begin it with https://."))
        if problems:
            raise Invalid("The desk is half configured, so it does not start.", problems)


def variable(name: str) -> str:
    """The environment variable of a field."""
    alias = Settings.model_fields[name].validation_alias
    return str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"COPYDESK_{name.upper()}"


def table() -> str:
    """The settings as a Markdown table, for the README."""
    rows = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if name == "openai_api_key" else str(field.default if field.default is not None else "")
        rows.append(f"| `{variable(name)}` | {f'`{default}`' if default else ''} | {field.description} |")
    return "\n".join(rows)


def example() -> str:
    """The settings as a commented `.env` file."""
    lines = ["# Copydesk needs none of these to run. Copy this file to .env and uncomment what you want to change."]
    for name, field in Settings.model_fields.items():
        default = "" if name == "openai_api_key" else str(field.default if field.default is not None else "")
        lines += ["", f"# {field.description}", f"# {variable(name)}={default}"]
    return "\n".join(lines) + "\n"
