"""The output of `fakesmtp certs --trust`, tried in the programs that it is for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakesmtp import FakeSMTP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Result

    Run = Callable[..., Result]

GO = """
package main

import (
    "crypto/tls"
    "crypto/x509"
    "net/smtp"
    "os"
)

func main() {
%s
    check(err)
    config := &tls.Config{RootCAs: pool, ServerName: "localhost"}
    client, err := smtp.Dial("localhost:" + os.Getenv("SMTP_PORT"))
    check(err)
    check(client.StartTLS(config))
    auth := smtp.PlainAuth("", os.Getenv("SMTP_USERNAME"), os.Getenv("SMTP_PASSWORD"), "localhost")
    check(client.Auth(auth))
    check(client.Mail("a@example.com"))
    check(client.Rcpt("b@example.com"))
    data, err := client.Data()
    check(err)
    data.Write([]byte("Subject: from Go\\r\\n\\r\\n"))
    check(data.Close())
    check(client.Quit())
}

func check(err error) {
    if err != nil {
        panic(err)
    }
}
"""
RUBY = """
require 'net/smtp'

smtp = Net::SMTP.new('localhost', ENV['SMTP_PORT'].to_i)
%s
smtp.start('client', ENV['SMTP_USERNAME'], ENV['SMTP_PASSWORD'], :plain) do |session|
  session.send_message("Subject: from Ruby\\r\\n\\r\\n", 'a@example.com', 'b@example.com')
end
"""


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[FakeSMTP]:
    """Run a server whose folder of certificates has an unusual name."""
    with FakeSMTP(ports={587: 0}, certs_dir=tmp_path / "it's \\ my \"certs") as server:
        yield server


def lines_for(run: Run, smtp: FakeSMTP, client: str, first: str, last: str) -> str:
    """Return the lines for a client from `first` up to `last`, which is not included."""
    out = run("certs", "--certs-dir", str(smtp.ca_file.parent), "--trust", client).out
    return out[out.index(first) : out.index(last)]


def execute(smtp: FakeSMTP, command: list[str]) -> None:
    """Run a program with the server's settings in its environment."""
    subprocess.run(command, env={**os.environ, **smtp.env(587)}, check=True)


def test_go(run: Run, smtp: FakeSMTP, require_tool: Callable[[str], str]) -> None:
    """Go's net/smtp trusts the CA with the printed lines."""
    go = require_tool("go")
    program = Path("main.go")
    program.write_text(GO % lines_for(run, smtp, "go", "pem, err", "config :="))
    execute(smtp, [go, "run", str(program)])
    assert smtp.wait_for(subject="from Go").tls


def test_ruby(run: Run, smtp: FakeSMTP, require_tool: Callable[[str], str]) -> None:
    """Ruby's Net::SMTP trusts the CA with the printed lines."""
    ruby = require_tool("ruby")
    execute(smtp, [ruby, "-e", RUBY % lines_for(run, smtp, "ruby", "context =", "Ruby, the gem")])
    assert smtp.wait_for(subject="from Ruby").tls
