"""Messages that are meant to take long: all rules check each in linear time."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hostile_messages import HOSTILE, HTML, SIZE

#: Seconds; only ends a test that hangs. Linear checks take a few seconds.
PATIENCE = 100
CHECK = """
import sys
from fakesmtp.findings import MessageReading, default_rules
from fakesmtp.protocol.credentials import MailType

raw = sys.stdin.buffer.read()
reading = MessageReading(raw)
for reading.mail_type in MailType:
    print(len(default_rules().check_message(reading)) > 0, reading.raw == raw)
"""
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
KOREAN = "서울시 강남구 테헤란로 ".encode()
WORDS = {
    "letters": TEXT + b"a" * 8 * SIZE,
    "digits": TEXT + b"0" * 8 * SIZE,
    "numbers": TEXT + b"02-1" * 2 * SIZE + b"+1 2" * 2 * SIZE,
    "at signs": TEXT + b"a@" * 4 * SIZE + b"a@" + b"b." * 4 * SIZE,
    "placeholders": TEXT + b"{{" * SIZE + b"<%" * SIZE + b"##a" * SIZE + b"%(a" * SIZE,
    "placeholders that are whole": TEXT + b"{{a}}" * SIZE,
    "Korean addresses": TEXT + KOREAN * (SIZE // 10),
    "English addresses": TEXT + b"1 a b c " * SIZE,
    "blanks": TEXT + "수신".encode() + b" " * 8 * SIZE + "구독 ".encode() * SIZE,
    "long lines": TEXT + (b"x" * 997 + b"\r\n") * (SIZE // 100),
    "bare line ends": TEXT + b"\r" * SIZE + b"\n" * SIZE,
    "a subject of marks": b"Subject: " + "(광 ".encode() * SIZE + b"\r\n\r\n",
    "a subject of brackets": b"Subject: " + "(광고".encode() * SIZE + b"\r\n\r\n",
    "names": b"From: " + b"a, " * SIZE + b"<" * SIZE + b"\r\n\r\n",
    "quoted names": b"From: " + b'"a" <b@example.com>, ' * (SIZE // 10) + b"\r\n\r\n",
    "Content-IDs": HTML + b"<img src='cid:a' alt='b'>" * (SIZE // 10),
    "bad links": HTML + b"<a href='http://localhost/%d'>b</a>" * (SIZE // 10),
    "links with user names": HTML + b"<a href='http://" + b"a" * 4 * SIZE + b"@" * 4 * SIZE + b"'>",
    "repeated headers": b"Subject: a\r\n" * (SIZE // 3) + b"\r\n",
    "8-bit headers": b"A: \xff\r\n" * (SIZE // 3) + b"\r\n",
    "undecodable words": b"A: =?utf-8?b?/w==?=\r\n" * (SIZE // 10) + b"\r\n",
}


@pytest.mark.parametrize("raw", {**HOSTILE, **WORDS}.values(), ids={**HOSTILE, **WORDS})
def test_hostile_messages_are_checked_in_time(raw: bytes) -> None:
    """The time to check a message does not grow with the square of its size."""
    check = subprocess.run(
        [sys.executable, "-c", CHECK],
        input=raw,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (check.stdout.split(), check.stderr) == ([b"True"] * 6, b"")
