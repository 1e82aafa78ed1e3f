"""Formats of `env()`, read by the programs that they are for."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from dotenv import dotenv_values

from fakesmtp import ConfigurationError, FakeSMTP
from fakesmtp.formats import FORMATS, write_variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Tool = Callable[[str], str]

VALUES = {
    "plain": "plain-1.2:3",
    "empty": "",
    "hash": "AppKey#auth",
    "space": " two words ",
    "dollar": "$HOME ${HOME} `id`",
    "double": 'say "hi" = !',
    "single": "it's",
    "korean": "안녕 𝄞",
    "windows": r"C:\new\table",
}
#: Readers of dotenv files do not agree on these characters in quotes.
HARD = {"backslash": "ends-in\\", "two": r"\\server\it's", "both": 'it\'s"5"'}
#: They do not agree on these at all.
HARDEST = {"quotes": "it's $5 \"`", "space": "ends in \\"}
JAVA = """
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

class Read {
    public static void main(String[] names) throws IOException {
        Properties properties = new Properties();
        properties.load(System.in);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String name : names) {
            out.print(properties.getProperty(name) + "\\0");
        }
    }
}
"""


def execute(command: list[str], text: str = "") -> str:
    """Run a program with a text as input; return its output."""
    done = subprocess.run(command, input=text, capture_output=True, check=True, encoding="utf-8")
    return done.stdout


def variables_of(host: str) -> dict[str, str]:
    """Return the variables of a server without accounts."""
    return {"SMTP_HOST": host, "SMTP_PORT": "1", "SMTP_SECURITY": "tls", "SMTP_CA_FILE": "ca.pem"}


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shell(require_tool: Tool, shell: str) -> None:
    """A shell that evaluates the lines gets each value exactly."""
    values = {**VALUES, **HARD, **HARDEST}
    printing = "".join(f'printf "%s\\0" "${name}"; ' for name in values)
    out = execute([require_tool(shell), "-c", write_variables(values, "shell") + printing])
    assert out.split("\0")[:-1] == list(values.values())


def test_dotenv_for_python() -> None:
    """python-dotenv reads each value exactly, except `${…}`, which it always expands."""
    values = {**VALUES, **HARD, **HARDEST}
    text = write_variables(values, "dotenv")
    assert dotenv_values(stream=StringIO(text), interpolate=False) == values


def test_dotenv_for_node(require_tool: Tool) -> None:
    """Node.js reads each value exactly, except those on which readers do not agree."""
    values = {**VALUES, **HARD}
    program = "console.log(JSON.stringify(util.parseEnv(fs.readFileSync(0, 'utf8'))))"
    out = execute([require_tool("node"), "-e", program], write_variables(values, "dotenv"))
    assert json.loads(out) == values


def test_json() -> None:
    """The JSON format is one object."""
    assert json.loads(write_variables({**VALUES, **HARD, **HARDEST}, "json")) == {
        **VALUES,
        **HARD,
        **HARDEST,
    }


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("$HOME `n #", "'$HOME `n #'"),
        ("it's", "'it''s'"),
        ("\u2018a\u2019 \u201ab\u201b", "'\u2018\u2018a\u2019\u2019 \u201a\u201ab\u201b\u201b'"),
        ("", "''"),
    ],
)
def test_powershell(value: str, quoted: str) -> None:
    """PowerShell values are in single quotes; the characters that end such a string are doubled."""
    assert write_variables({"X": value}, "powershell") == f"$env:X = {quoted}\n"


@pytest.mark.parametrize("value", [*VALUES.values(), *HARD.values()], ids=[*VALUES, *HARD])
def test_urls(value: str) -> None:
    """A URL has the complete user name and password, whatever characters they contain."""
    variables = {
        "SMTP_HOST": "localhost",
        "SMTP_PORT": "1465",
        "SMTP_SECURITY": "tls",
        "SMTP_USERNAME": f"{value}#auth",
        "SMTP_PASSWORD": value,
    }
    url = urlsplit(write_variables(variables, "url").removesuffix("\n"))
    assert (url.scheme, url.hostname, url.port) == ("smtps", "localhost", 1465)
    assert url.username is not None
    assert unquote(url.username) == f"{value}#auth"
    assert unquote(url.password or "") == value


def test_urls_without_an_account() -> None:
    """A URL without an account has no credentials; an IPv6 address is in brackets."""
    variables = {"SMTP_HOST": "::1", "SMTP_PORT": "1587", "SMTP_SECURITY": "starttls"}
    assert write_variables(variables, "url") == "smtp://[::1]:1587\n"


def test_spring_for_java(require_tool: Tool, tmp_path: Path) -> None:
    """Java reads each value of application.properties exactly."""
    program = tmp_path / "Read.java"
    program.write_text(JAVA, encoding="utf-8")
    values = {**VALUES, **HARD, **HARDEST}
    names = [
        f"spring.ssl.bundle.pem.fakesmtp.truststore.certificate{n}" for n in range(len(values))
    ]
    text = ""
    for name, value in zip(names, values.values(), strict=True):
        variables = {
            "SMTP_CA_FILE": value,
            "SMTP_SECURITY": "tls",
            "SMTP_HOST": "",
            "SMTP_PORT": "",
        }
        line = write_variables(variables, "spring").splitlines()[-1]
        text += line.replace("certificate=", name.rpartition(".")[2] + "=", 1) + "\n"
    out = execute([require_tool("java"), str(program), *names], text)
    assert out.split("\0")[:-1] == [f"file:{value}" for value in values.values()]


def test_spring_properties() -> None:
    """The properties set TLS, the account and the trusted CA."""
    with FakeSMTP(ports={587: 0, 465: 0}, accounts=[("AppKey", "SecretKey")]) as smtp:
        starttls = smtp.env(587, mail_type="ad", format="spring").splitlines()
        implicit = smtp.env(465, format="spring").splitlines()
        port, ca_file = smtp.port(587), smtp.ca_file
    assert starttls == [
        "spring.mail.host=localhost",
        f"spring.mail.port={port}",
        "spring.mail.username=AppKey#ad",
        "spring.mail.password=SecretKey",
        "spring.mail.properties.mail.smtp.auth=true",
        "spring.mail.properties.mail.smtp.starttls.enable=true",
        "spring.mail.properties.mail.smtp.starttls.required=true",
        "spring.mail.properties.mail.smtp.ssl.checkserveridentity=true",
        "spring.mail.ssl.bundle=fakesmtp",
        f"spring.ssl.bundle.pem.fakesmtp.truststore.certificate=file:{ca_file}",
    ]
    assert "spring.mail.ssl.enabled=true" in implicit
    assert not any("starttls" in line for line in implicit)


def test_env_of_a_server() -> None:
    """`env` returns a dict, or a text in a format; a mail type is part of the user name."""
    with FakeSMTP(ports={587: 0}, accounts=[("AppKey", "Secret/Key")]) as smtp:
        variables = smtp.env()
        assert list(variables) == [
            "SMTP_HOST",
            "SMTP_PORT",
            "SMTP_SECURITY",
            "SMTP_CA_FILE",
            "SMTP_USERNAME",
            "SMTP_PASSWORD",
        ]
        assert smtp.env(mail_type="auth")["SMTP_USERNAME"] == "AppKey#auth"
        assert json.loads(smtp.env(format="json")) == variables
        url = f"smtp://AppKey%23auth:Secret%2FKey@localhost:{smtp.port(587)}\n"
        assert smtp.env(mail_type="auth", format="url") == url


def test_wrong_formats() -> None:
    """An unknown format is an error that lists the formats."""
    with pytest.raises(ConfigurationError, match=r"format must be one of 'shell', .*, not 'xml'"):
        write_variables({}, "xml")  # type: ignore[arg-type]
    assert [*FORMATS] == ["shell", "dotenv", "json", "powershell", "spring", "url"]


def test_mail_type_requires_an_account() -> None:
    """A mail type is an error for a server that accepts any account."""
    with (
        FakeSMTP(ports={587: 0}, accounts="any") as smtp,
        pytest.raises(ConfigurationError, match="mail_type needs an account"),
    ):
        smtp.env(mail_type="auth")
