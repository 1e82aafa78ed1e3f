"""Programs around the settings that the page gives for a client. Each sends one message."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE = 120
_SETTINGS = "@settings@"


class Program(NamedTuple):
    """Files in which `@settings@` stands for the copied text, and the shell command that runs them.

    `tool` must be installed, and `probe` is a command that fails where a library is missing. In the
    command, `@trust@` stands for the line of the page's "Trust the CA" that runs a program.
    """

    tool: str
    command: str
    files: Mapping[str, str]
    probe: str = "true"


_NODE = """\
@settings@
const message = { from: "me@example.com", to: "you@example.com", subject: "Hello", text: "Hello" };
transport.sendMail(message).catch((error) => { console.error(error); process.exitCode = 1; });
"""
_GO = """\
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/smtp"
	"os"
)

func send() error {
@settings@
	if err := client.Mail("me@example.com"); err != nil {
		return err
	}
	if err := client.Rcpt("you@example.com"); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return err
	}
	fmt.Fprint(body, "Subject: Hello\\r\\n\\r\\nHello\\r\\n")
	if err := body.Close(); err != nil {
		return err
	}
	return client.Quit()
}

func main() {
	if err := send(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
"""
_RAILS = """\
require "action_mailer"

config = Struct.new(:action_mailer).new(ActionMailer::Base)
@settings@

class Mailer < ActionMailer::Base
  def hello
    mail(from: "me@example.com", to: "you@example.com", subject: "Hello", body: "Hello")
  end
end

Mailer.hello.deliver_now
"""
_SYMFONY = """\
<?php
require "Symfony/Component/Mailer/autoload.php";
require "Symfony/Component/Dotenv/autoload.php";
(new Symfony\\Component\\Dotenv\\Dotenv())->load(__DIR__ . "/.env");
$message = (new Symfony\\Component\\Mime\\Email())
    ->from("me@example.com")->to("you@example.com")->subject("Hello")->text("Hello");
$transport = Symfony\\Component\\Mailer\\Transport::fromDsn($_ENV["MAILER_DSN"]);
(new Symfony\\Component\\Mailer\\Mailer($transport))->send($message);
"""
# Debian has no Laravel with Symfony Mailer. Laravel reads .env with phpdotenv, and since version 11
# it makes the transport in this way (MailManager::createSmtpTransport).
_LARAVEL = """\
<?php
require "Dotenv/autoload.php";
require "Symfony/Component/Mailer/autoload.php";
Dotenv\\Dotenv::createImmutable(__DIR__)->load();
$factory = new Symfony\\Component\\Mailer\\Transport\\Smtp\\EsmtpTransportFactory();
$transport = $factory->create(new Symfony\\Component\\Mailer\\Transport\\Dsn(
    $_ENV["MAIL_SCHEME"], $_ENV["MAIL_HOST"], $_ENV["MAIL_USERNAME"], $_ENV["MAIL_PASSWORD"],
    (int) $_ENV["MAIL_PORT"]));
$message = (new Symfony\\Component\\Mime\\Email())
    ->from("me@example.com")->to("you@example.com")->subject("Hello")->text("Hello");
$transport->send($message);
"""
_DJANGO = (
    "from django.core.mail import send_mail as s; s('Hello', 'x', 'a@b.example', ['c@d.example'])"
)


def _probe_php(*libraries: str) -> str:
    """Return a command that fails where a library is missing."""
    required = "".join(f'require "{each}/autoload.php";' for each in libraries)
    return f"php -r '{required}'"


PROGRAMS: Mapping[str, Program] = {
    "curl": Program("curl", _SETTINGS, {}),
    "swaks": Program("swaks", _SETTINGS, {}),
    "nodemailer": Program(
        "node", "node send.js", {"send.js": _NODE}, "node -e 'require(\"nodemailer\")'"
    ),
    "go": Program("go", "go run main.go", {"main.go": _GO}),
    "django": Program(
        "grep",
        # The settings say what must be in the environment.
        "export $(grep -o 'SSL_CERT_FILE=.*' settings.py) DJANGO_SETTINGS_MODULE=settings && "
        f'"{sys.executable}" -c "{_DJANGO}"',
        {"settings.py": _SETTINGS},
    ),
    "rails": Program(
        "ruby", "ruby send.rb", {"send.rb": _RAILS}, "ruby -e 'require \"action_mailer\"'"
    ),
    "laravel": Program(
        "php",
        "@trust@",
        {".env": _SETTINGS, "send.php": _LARAVEL},
        _probe_php("Dotenv", "Symfony/Component/Mailer"),
    ),
    "symfony": Program(
        "php",
        "@trust@",
        {".env": _SETTINGS, "send.php": _SYMFONY},
        _probe_php("Symfony/Component/Dotenv", "Symfony/Component/Mailer"),
    ),
}


def is_ready(program: Program) -> bool:
    """Return whether the libraries of a program are installed."""
    return (
        subprocess.run(["bash", "-c", program.probe], capture_output=True, check=False).returncode
        == 0
    )


def run(program: Program, settings: str, trust: str, folder: Path) -> str:
    """Run a program with what was copied from the page; return its errors, `""` if it has sent."""
    for name, text in program.files.items():
        (folder / name).write_text(text.replace(_SETTINGS, settings), encoding="utf-8")
    line = re.search(r"^  (php .*) \.\.\.$", trust, re.MULTILINE)
    command = program.command.replace("@trust@", f"{line[1]} send.php" if line else "")
    done = subprocess.run(
        ["bash", "-c", command.replace(_SETTINGS, settings)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    return f"{done.stdout}\n{done.stderr}" if done.returncode else ""
