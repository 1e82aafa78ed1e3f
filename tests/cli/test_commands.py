"""`fakesmtp certs`, `env` and `version`."""

from __future__ import annotations

import hashlib
import json
import shlex
import smtplib
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fakesmtp
from fakesmtp.cli.compose import choose_certificates
from fakesmtp.cli.options import Settings
from fakesmtp.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Result, Serving

    Run = Callable[..., Result]

CERTS = ("--certs-dir", "certs")


def test_certs_shows_the_authority(run: Run, tmp_path: Path) -> None:
    """The CA is shown with path, fingerprint and validity, and is made if it does not exist."""
    facts = json.loads(run("certs", *CERTS, "--json").out)
    pem = (tmp_path / "certs" / "ca.pem").read_text()
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    assert facts["sha256"].replace(":", "").lower() == digest
    shown = run("certs", *CERTS).out
    assert facts["ca_file"] in shown
    assert facts["sha256"] in shown.replace("\n", "").replace(" ", "")
    assert facts["not_after"] in shown


def test_certs_path(run: Run) -> None:
    """--path prints only the absolute path of an existing file, and does not change the file."""
    path = Path(run("certs", *CERTS, "--path").out.removesuffix("\n"))
    before = path.read_bytes()
    assert path.is_absolute()
    assert run("certs", *CERTS, "--path").out == f"{path}\n"
    assert path.read_bytes() == before


def test_certs_renew(run: Run) -> None:
    """--renew makes another CA and warns that clients must trust it again."""
    before = json.loads(run("certs", *CERTS, "--json").out)
    result = run("certs", *CERTS, "--json", "--renew")
    assert json.loads(result.out)["sha256"] != before["sha256"]
    assert "trust it again in your clients" in result.err


@pytest.mark.parametrize(
    ("client", "word"),
    [
        ("python", "create_default_context"),
        ("java", "keytool -importcert"),
        ("java", "  mail.smtp.ssl.checkserveridentity=true"),
        ("node", "NODE_EXTRA_CA_CERTS"),
        ("php", "openssl.cafile"),
        ("php", "Symfony Mailer"),
        ("go", "AppendCertsFromPEM"),
        ("ruby", "enable_starttls"),
        ("ruby", "the gem mail"),
        ("perl", "SSL_ca_file"),
        ("dotnet", "SSL_CERT_FILE"),
        ("postfix", "smtp_tls_CAfile = "),
        ("exim", "tls_verify_certificates = "),
        ("mutt", "ssl_ca_certificates_file"),
        ("system", "update-ca-certificates"),
        ("all", "keytool -importcert"),
    ],
)
def test_certs_trust(run: Run, client: str, word: str) -> None:
    """--trust explains how a client trusts the CA, with the CA's path."""
    out = run("certs", "--certs-dir", "my certs", "--trust", client).out
    assert word in out
    assert "my certs/ca.pem" in out
    assert max(len(line) for line in out.splitlines() if "my certs" not in line) <= 80


@pytest.mark.parametrize("client", ["postfix", "exim"])
def test_settings_of_servers_have_comments_on_lines_of_their_own(run: Run, client: str) -> None:
    """Postfix and Exim take a comment at the end of a line for a part of the value."""
    out = run("certs", *CERTS, "--trust", client).out
    assert [line for line in out.splitlines() if "#" in line.lstrip()[1:]] == []


def test_unknown_clients_to_trust(run: Run) -> None:
    """An unknown client is an error that lists the known ones."""
    result = run("certs", *CERTS, "--trust", "cobol")
    assert result.code == 2
    assert "--trust: 'cobol' is not one of 'python', 'java', " in result.err


def test_certificates_that_cannot_be_made(run: Run, tmp_path: Path) -> None:
    """A folder that cannot be made is an error of one line and exit code 1."""
    (tmp_path / "certs").write_text("a file")
    result = run("certs", *CERTS)
    assert result.code == 1
    assert result.err.count("\n") == 1
    assert "certs" in result.err


def test_where_certificates_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Certificates are in certs/ of a checkout, and in the user's data of an installed package."""
    in_checkout = choose_certificates(Settings())
    assert (in_checkout.name, (in_checkout / "README.md").is_file()) == ("certs", True)
    monkeypatch.setattr("pathlib.Path.is_file", lambda _: False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    installed = choose_certificates(Settings())
    assert installed.name == "certs"
    assert "fakesmtp" in installed.parts
    assert not installed.is_relative_to(in_checkout.parent)


def test_env_matches_serve(run: Run, serve: Callable[..., Serving]) -> None:
    """The settings of env reach a server that was started with the same options."""
    ready = json.loads(serve("--json").read_until("ready"))
    port = ready["listeners"][3]["local_port"]
    options = ("--ports", f"465={port}", *CERTS)
    settings = json.loads(run("env", *options, "--port", "465", "--format", "json").out)
    assert settings["SMTP_CA_FILE"] == str(ready["ca_file"])
    context = ssl.create_default_context(cafile=settings["SMTP_CA_FILE"])
    with smtplib.SMTP_SSL(
        settings["SMTP_HOST"], int(settings["SMTP_PORT"]), context=context
    ) as client:
        client.login(settings["SMTP_USERNAME"], settings["SMTP_PASSWORD"])


def test_env_defaults(run: Run) -> None:
    """Without options the settings are those of 587 on localhost."""
    lines = run("env", *CERTS).out.splitlines()
    assert lines[:3] == [
        "export SMTP_HOST=localhost",
        "export SMTP_PORT=1587",
        "export SMTP_SECURITY=starttls",
    ]


@pytest.mark.parametrize(
    ("port", "local", "security"),
    [(25, 2025, "starttls"), (2587, 4587, "starttls"), (465, 2465, "tls"), (2465, 4465, "tls")],
)
def test_env_ports(run: Run, port: int, local: int, security: str) -> None:
    """Every port of the endpoint has its settings."""
    options = ("--port", str(port), "--port-offset", "2000", "--format", "json")
    settings = json.loads(run("env", *CERTS, *options).out)
    assert (settings["SMTP_PORT"], settings["SMTP_SECURITY"]) == (str(local), security)


def test_env_in_a_shell(run: Run) -> None:
    """A shell that evaluates the settings has the exact values."""
    secret = 'it\'s $HOME "`id`" \\ 안녕'
    options = ("--account", f"key:{secret}", "--show-secret")
    out = run("env", "--certs-dir", "my certs", *options).out
    shell = subprocess.run(
        ["sh", "-c", out + 'printf %s "$SMTP_PASSWORD"'],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    assert shell.stdout == secret
    assert [len(shlex.split(line)) for line in out.splitlines()] == [2] * 6


def test_env_hides_the_secret(run: Run) -> None:
    """A SecretKey is printed only with --show-secret."""
    options = ("env", *CERTS, "--account", "key:sesame", "--format", "json")
    hidden, shown = run(*options), run(*options, "--show-secret")
    assert "sesame" not in hidden.out + hidden.err
    assert json.loads(hidden.out)["SMTP_USERNAME"] == "key"
    assert json.loads(shown.out)["SMTP_PASSWORD"] == "sesame"


@pytest.mark.parametrize("form", FORMATS)
def test_env_formats(run: Run, form: str) -> None:
    """Each format has the settings of the account and its mail type."""
    options = ("--account", "key:sesame", "--show-secret", "--mail-type", "auth", "--format", form)
    out = run("env", *CERTS, *options).out
    assert out.endswith("\n")
    assert not out.endswith("\n\n")
    assert "1587" in out
    assert "sesame" in out
    assert ("key%23auth" if form == "url" else "key#auth") in out


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--ports", "auto"), "a free one"),
        (("--ports", "25=1025"), "--port 587 is not open"),
        (("--port", "588"), "--port 588 is not open"),
        (("--port-offset", "65000"), "--port-offset 65000 is too large"),
        (("--format", "xml"), "is not one of 'shell', 'dotenv'"),
        (("--accounts-file", "absent"), "cannot read the accounts in absent"),
    ],
)
def test_env_without_a_port(run: Run, options: tuple[str, ...], hint: str) -> None:
    """Settings that are not known are an error of one line, with exit code 2."""
    result = run("env", *CERTS, *options)
    assert (result.code, result.out) == (2, "")
    assert hint in result.err


def test_accounts_of_a_file(run: Run, tmp_path: Path) -> None:
    """A file of accounts is read by line, without comments and blank lines."""
    path = tmp_path / "accounts"
    path.write_text("# ours\n\n  key:se:cret \nother:x\n")
    settings = json.loads(
        run("env", *CERTS, "--accounts-file", str(path), "--show-secret", "--format", "json").out
    )
    assert (settings["SMTP_USERNAME"], settings["SMTP_PASSWORD"]) == ("key", "se:cret")


@pytest.mark.parametrize(
    ("text", "hint"), [("# none\n", "has no account"), ("a:b\nsesame\n", "line 2: an account is")]
)
def test_wrong_files_of_accounts(run: Run, tmp_path: Path, text: str, hint: str) -> None:
    """A file with a wrong line or without an account is an error, not a server open to all."""
    path = tmp_path / "accounts"
    path.write_text(text)
    result = run("env", *CERTS, "--accounts-file", str(path))
    assert result.code == 2
    assert hint in result.err
    assert "sesame" not in result.err


def test_version(run: Run) -> None:
    """The versions in use are printed as text and as JSON."""
    versions = json.loads(run("version", "--json").out)
    assert versions.keys() == {"fakesmtp", "Python", "aiosmtpd", "cryptography", "OpenSSL"}
    assert versions["fakesmtp"] == fakesmtp.__version__
    assert run("version").out.startswith(f"fakesmtp {fakesmtp.__version__}\nPython 3.")
    assert run("--version").out == run("version").out
