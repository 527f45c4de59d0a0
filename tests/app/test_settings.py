"""Every setting is explained, and half-configured means not started."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.settings import Settings, example, read_settings, table, variable
from content.errors import Invalid

ROOT = Path(__file__).parents[2]


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


def problems(**given: Any) -> str:
    with pytest.raises(Invalid) as caught:
        settings(**given).check()
    return caught.value.message


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_in_a_sentence_what_it_does(name: str) -> None:
    said = Settings.model_fields[name].description or ""
    assert said.endswith(".")
    assert len(said.split()) >= 4


def test_the_defaults_need_nothing_and_keep_to_this_machine() -> None:
    plain = settings()
    plain.check()
    assert (plain.host, plain.thinks_with, plain.private_hosts, plain.secrets) == ("127.0.0.1", "guided", (), ())
    assert plain.database == "sqlite+aiosqlite:///data/copydesk.db"


def test_an_endpoint_is_a_key_or_an_address_and_a_file_comes_after_it() -> None:
    assert settings(openai_api_key="k").thinks_with == "endpoint"
    assert settings(openai_base_url="http://localhost:11434/v1", model_file="x.gguf").thinks_with == "endpoint"
    assert settings(model_file="x.gguf").thinks_with == "file"


def test_half_configured_is_refused_with_every_problem() -> None:
    said = problems(openai_api_key="k", public_url="desk.example.com", zone="Mars/Olympus", database_url="nowhere")
    for name in ("COPYDESK_MODEL", "COPYDESK_PUBLIC_URL", "COPYDESK_ZONE", "COPYDESK_DATABASE_URL"):
        assert name in said
    assert "COPYDESK_MODEL_FILE" in problems(model_file="/nowhere/model.gguf")
    assert "OPENAI_BASE_URL" in problems(openai_base_url="localhost:11434", model="m")
    assert "OPENAI_API_KEY" in problems(embeddings="openai")


def test_who_listens_to_others_must_say_under_which_address() -> None:
    assert "COPYDESK_PUBLIC_URL" in problems(host="10.1.2.3")
    settings(host="10.1.2.3", public_url="https://desk.example.com").check()
    settings(host="0.0.0.0").check()  # noqa: S104 - in a container, reached through a port of this machine


def test_a_driver_that_blocks_the_loop_or_is_missing_is_refused() -> None:
    assert "asynchronous driver" in problems(database_url="sqlite:///x.db")
    assert "asynchronous driver" in problems(database_url="postgresql+asyncpg://u:p@localhost/x")


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Lisbon", "Europe/Lisbon"),
        ("/etc/elsewhere", "UTC"),
        ("/zoneinfo/Etc/UTC", "Etc/UTC"),
    ],
)
def test_the_zone_is_the_machines_unless_one_is_set(tmp_path: Path, target: str, zone: str) -> None:
    link = tmp_path / "localtime"
    link.symlink_to(target)
    assert settings(system_zone_file=link).own_zone() == zone
    assert settings(system_zone_file=link, zone="Asia/Tokyo").own_zone() == "Asia/Tokyo"


def test_private_hosts_are_read_one_by_one() -> None:
    assert settings(allowed_private_hosts=" a:1, ,b ").private_hosts == ("a:1", "b")


def test_secrets_are_the_key_and_the_databases_password() -> None:
    found = settings(openai_api_key=SecretStr("sk-1"), database_url="postgresql+asyncpg://u:hush@h/x").secrets
    assert found == ("sk-1", "hush")
    assert settings(database_url="not an address").secrets == ("not an address",)


def test_the_environment_is_read_and_what_is_wrong_in_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("COPYDESK_MODEL=from-a-file\nCOPYDESK_ZONE=\n")
    assert read_settings().model == "from-a-file"
    Path(".env").write_text("COPYDESK_PORT=http\nCOPYDESK_MODEL_MODE=telepathy\n")
    with pytest.raises(Invalid) as caught:
        read_settings()
    assert "COPYDESK_PORT: input should be a valid integer" in caught.value.message
    assert "COPYDESK_MODEL_MODE" in caught.value.message


def test_names_of_variables_are_ours_but_for_the_usual_two() -> None:
    assert variable("data_dir") == "COPYDESK_DATA_DIR"
    assert variable("openai_api_key") == variable("OPENAI_API_KEY") == "OPENAI_API_KEY"


def test_the_table_and_the_example_name_every_setting() -> None:
    for name in Settings.model_fields:
        assert f"| `{variable(name)}` |" in table()
        assert f"\n# {variable(name)}=" in example()
    assert "| `COPYDESK_DATA_DIR` | `data` |" in table()


def test_the_example_file_is_the_one_made_from_the_settings() -> None:
    assert (ROOT / ".env.example").read_text() == example()


def test_slack_is_set_up_with_a_token_or_for_several_teams() -> None:
    assert not settings().lives_in_slack
    one = settings(slack_bot_token="xoxb-1", slack_app_token="xapp-1")
    one.check()
    assert one.lives_in_slack
    assert {"xoxb-1", "xapp-1"} <= set(one.secrets)
    many = settings(
        slack_client_id="1.2", slack_client_secret="s", slack_signing_secret="s", public_url="https://d.example"
    )
    many.check()
    assert many.lives_in_slack


@pytest.mark.parametrize(
    ("given", "variable_named"),
    [
        ({"slack_bot_token": "xoxb-1"}, "COPYDESK_SLACK_SIGNING_SECRET"),
        ({"slack_app_token": "xapp-1"}, "COPYDESK_SLACK_BOT_TOKEN"),
        ({"slack_client_id": "1.2", "slack_signing_secret": "s"}, "COPYDESK_SLACK_CLIENT_SECRET"),
        ({"slack_client_secret": "s", "slack_bot_token": "t", "slack_app_token": "x"}, "COPYDESK_SLACK_CLIENT_ID"),
        (
            {"slack_client_id": "1.2", "slack_client_secret": "s", "slack_signing_secret": "s"},
            "COPYDESK_PUBLIC_URL",
        ),
        ({"telegram_bot_token": "1:a", "telegram_mode": "webhook"}, "COPYDESK_PUBLIC_URL"),
    ],
)
def test_a_chat_that_is_half_set_up_is_refused(given: dict[str, str], variable_named: str) -> None:
    assert variable_named in problems(**given)


def test_telegram_calls_us_where_it_can_and_is_asked_elsewhere() -> None:
    assert not settings(telegram_bot_token="1:a").telegram_webhook
    assert not settings(telegram_bot_token="1:a", public_url="http://desk.lan").telegram_webhook
    assert settings(telegram_bot_token="1:a", public_url="https://desk.example.com").telegram_webhook
    assert settings(telegram_bot_token="1:a").lives_on_telegram
    polled = settings(telegram_bot_token="1:a", telegram_mode="polling", public_url="https://desk.example.com")
    assert not polled.telegram_webhook


def test_several_processes_need_a_server_and_a_webhook() -> None:
    shared = {"redis_url": "redis://cache/0"}
    assert "COPYDESK_DATABASE_URL" in problems(**shared)
    server = shared | {"database_url": "postgres://desk:secret@db/desk"}
    settings(**server).check()
    assert settings(**server).database == "postgresql+psycopg://desk:secret@db/desk"
    assert "secret" in settings(**server).secrets
    assert "cannot poll" in problems(**server, telegram_bot_token="1:a")
    settings(**server, telegram_bot_token="1:a", public_url="https://desk.example").check()
