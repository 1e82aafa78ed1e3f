"""Variables of Mailpit as other names of settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakesmtp.cli.aliases import ALIASES, find_ignored_variables
from fakesmtp.cli.command import Command
from fakesmtp.cli.options import Settings
from fakesmtp.cli.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Result

PAGE = (Path(__file__).parents[2] / "docs" / "mailpit.md").read_text(encoding="utf-8")
EVERY = Command("every", takes=[*SETTINGS], callback=lambda settings: settings)


def resolve(*arguments: str) -> Settings:
    """Return the settings that the environment and these arguments give."""
    settings = EVERY(list(arguments), standalone_mode=False)
    assert isinstance(settings, Settings)
    return settings


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("MP_MAX_MESSAGES", "7", "max_messages", 7),
        ("MP_MAX_MESSAGES", "0", "max_messages", None),
        ("MP_DATABASE", "/data/a.db", "store", "sqlite:////data/a.db"),
        ("MP_SMTP_AUTH", "user:pass other:word", "account", (("user", "pass"), ("other", "word"))),
        ("MP_SMTP_BIND_ADDR", "127.0.0.1:1025", "host", ("127.0.0.1",)),
        ("MP_SMTP_BIND_ADDR", "127.0.0.1:1025", "ports", None),
        ("MP_SMTP_BIND_ADDR", ":1025", "host", ("0.0.0.0",)),  # noqa: S104 - what the user says
        ("MP_SMTP_BIND_ADDR", "[::]:1025", "host", ("::",)),
        ("MP_SMTP_BIND_ADDR", "0.0.0.0:2500", "ports", {25: 2500}),
        ("MP_UI_BIND_ADDR", "127.0.0.1:9000", "http", ("127.0.0.1", 9000)),
        ("MP_UI_BIND_ADDR", "[::]:8025", "http", ("::", 8025)),
        ("MP_UI_BIND_ADDR", ":8025", "http", ("0.0.0.0", 8025)),  # noqa: S104 - as above
        ("MP_UI_AUTH_FILE", "/etc/htpasswd", "http_auth_file", Path("/etc/htpasswd")),
        ("MP_API_CORS", "http://a,http://b", "http_cors_origins", ("http://a", "http://b")),
        ("MP_ALLOWED_HOSTS", "a,b", "http_allowed_hosts", ("a", "b")),
        ("MP_UI_TLS_CERT", "/c.pem", "http_tls_cert", Path("/c.pem")),
        ("MP_UI_TLS_KEY", "/k.pem", "http_tls_key", Path("/k.pem")),
        ("MP_VERBOSE", "true", "verbose", True),
        ("MP_QUIET", "1", "quiet", True),
    ],
)
def test_a_variable_of_mailpit(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, field: str, value: object
) -> None:
    """A variable of Mailpit gives the setting that means the same."""
    monkeypatch.setenv(variable, text)
    assert getattr(resolve(), field) == value


@pytest.mark.parametrize("variable", ["MP_SMTP_REQUIRE_TLS", "MP_SMTP_REQUIRE_STARTTLS"])
def test_tls_is_required(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Mailpit's switches for TLS require it here too."""
    monkeypatch.setenv(variable, "true")
    assert resolve().policy.require_tls


def test_our_names_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """An option and a variable of fakesmtp win over a variable of Mailpit."""
    monkeypatch.setenv("MP_MAX_MESSAGES", "1")
    monkeypatch.setenv("FAKESMTP_MAX_MESSAGES", "2")
    assert resolve().max_messages == 2
    assert resolve("--max-messages", "3").max_messages == 3


def test_every_variable_is_documented() -> None:
    """The page lists every variable that is understood."""
    variables = {alias.variable for aliases in ALIASES.values() for alias in aliases}
    assert [each for each in sorted(variables) if f"`{each}`" not in PAGE] == []
    assert ALIASES.keys() <= SETTINGS.keys()


def test_what_is_ignored() -> None:
    """A variable that cannot be obeyed is named with what would be right; others are silent."""
    ignored = {
        "MP_SMTP_TLS_CERT": "/a.pem",
        "MP_WEBROOT": "/mail/",
        "MP_SMTP_RELAY_CONFIG": "x",
        "MP_ENABLE_CHAOS": "true",
        "MP_SMTP_AUTH_ACCEPT_ANY": "1",
        "MP_SMTP_AUTH_ALLOW_INSECURE": "true",
        "MP_VERBOSE": "true",
        "MP_TAGS_DISABLE": "",
        "HOME": "/",
    }
    assert list(find_ignored_variables(ignored)) == [
        "MP_SMTP_RELAY_CONFIG is ignored: it is not one of the variables in docs/mailpit.md",
        "MP_SMTP_TLS_CERT is ignored: fakesmtp makes its certificates: --certs-dir is their folder",
        "MP_WEBROOT is ignored: the page and the API are at /",
    ]


def test_a_wrong_value(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error names the variable of Mailpit, and never shows a password."""
    monkeypatch.setenv("MP_MAX_MESSAGES", "many")
    assert run("serve").err.startswith("fakesmtp: MP_MAX_MESSAGES: 'many' is not a whole number")
    monkeypatch.delenv("MP_MAX_MESSAGES")
    monkeypatch.setenv("MP_SMTP_AUTH", "user#x:hunter2")
    error = run("serve").err
    assert error.startswith("fakesmtp: MP_SMTP_AUTH: an account is APPKEY:SECRETKEY")
    assert "hunter2" not in error
