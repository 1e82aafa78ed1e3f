"""What all clients share: their settings, the message they send, the check of its arrival."""

from __future__ import annotations

import base64
import os
import subprocess
from dataclasses import dataclass
from email.header import Header
from email.utils import encode_rfc2231
from typing import TYPE_CHECKING

from fakesmtp.protocol.credentials import MailType

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fakesmtp import FakeSMTP
    from fakesmtp.messages import ReceivedMessage

APP_KEY = "AppKey"
SECRET_KEY = "SecretKey"
REAL_NAME = "smtp-mail.nhncloudservice.com"
SENDER = "sender@example.com"
RECIPIENTS = ("first@example.com", "second@example.com")
SUBJECT = "7월 견적서를 보내 드립니다"
FILE_NAME = "견적서.pdf"
FILE = b"%PDF-1.4\n" + bytes(range(256))
TIMEOUT = 60

# What a client may send wrongly in a valid message: bytes above 127, lines of dots or with leading
# dots, trailing spaces, a line longer than the 998 bytes of RFC 5322 §2.1.1.
_TEXT = f"""\
From: {Header("보내는 이", "utf-8").encode()} <{SENDER}>
To: {", ".join(RECIPIENTS)}
Subject: {Header(SUBJECT, "utf-8").encode()}
Date: Tue, 01 Jul 2025 09:00:00 +0900
Message-ID: <estimate@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_parts"

--=_parts
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

안녕하세요.
.
..
.점으로 시작하는 줄
...
blanks \x20\t\x20
{"긴 줄 " * 300}


--=_parts
Content-Type: application/pdf
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename*={encode_rfc2231(FILE_NAME, "utf-8")}

{base64.encodebytes(FILE).decode()}
--=_parts--
"""

MESSAGE = _TEXT.encode().replace(b"\n", b"\r\n")


@dataclass(frozen=True)
class Settings:
    """The settings of a client.

    `port` is the local port for the endpoint's `real_port`. `host` is the name that the certificate
    must have; it always resolves to localhost. `folder` is for the client's files.
    """

    host: str
    real_port: int
    port: int
    mechanism: str
    ca_file: Path
    folder: Path
    user_name: str = f"{APP_KEY}#ad"
    secret_key: str = SECRET_KEY

    @property
    def implicit_tls(self) -> bool:
        """Whether the port has implicit TLS (RFC 8314 §3.3) instead of STARTTLS."""
        return self.real_port == 465


@dataclass(frozen=True)
class Client:
    """A mail client.

    `send` sends a message from SENDER to RECIPIENTS and returns the client's error, `""` for none.
    The patterns match its errors for wrong credentials, an unknown CA and a wrong host name. A
    client without `wrong_name` does not check names. `program` must be installed, and `probe` must
    exit with 0.
    """

    send: Callable[[Settings, bytes], str]
    wrong_keys: str
    unknown_authority: str
    wrong_name: str | None
    program: str | None = None
    probe: tuple[str, ...] = ()


def run(settings: Settings, *command: str, stdin: bytes = b"") -> str:
    """Run a program without the user's settings; return its error, `""` for none."""
    done = subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "HOME": str(settings.folder), "LC_ALL": "C.UTF-8"},
        timeout=TIMEOUT,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    return f"exit code {done.returncode}: {output}" if done.returncode else ""


def _describe_difference(received: bytes, sent: bytes) -> str:
    pairs = enumerate(zip(received, sent, strict=False))
    shorter = min(len(received), len(sent))
    at = next((index for index, (one, other) in pairs if one != other), shorter)
    shown = slice(at, at + 40)
    return (
        f"{len(received)} bytes were received and {len(sent)} were sent; "
        f"from byte {at} on {received[shown]!r} was received and {sent[shown]!r} was sent"
    )


def check_arrival(smtp: FakeSMTP, settings: Settings, raw: bytes = MESSAGE) -> ReceivedMessage:
    """Check that exactly this message arrived, with these settings; return it."""
    (message,) = smtp.messages
    identical = message.raw == raw  # a plain bool: pytest takes minutes to compare big messages
    assert identical, _describe_difference(message.raw, raw)
    assert message.mail_from == SENDER
    assert message.rcpt_tos == RECIPIENTS
    assert (message.app_key, message.mail_type) == (APP_KEY, MailType.AD)
    assert message.port == settings.real_port
    assert message.tls is not None
    assert message.tls.version == "TLSv1.3"
    assert smtp.sessions[0].mechanism == settings.mechanism
    return message
