"""The messages that are sent: one text for each size, with a number of eight digits."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass

from benchmarks.servers.control import describe

_NUMBER = b"00000000"
_HEADERS = b"""\
Message-ID: <00000000@bench.example>
Date: Mon, 02 Nov 2026 09:00:00 +0900
From: "=?UTF-8?B?67Cc7Iug7J24?=" <sender@bench.example>
To: <receiver@bench.example>
Subject: =?UTF-8?B?7J247Kad67KI7Zi4IOyViOuCtA==?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

.a line that starts with a dot
""".replace(b"\n", b"\r\n")


@dataclass(frozen=True)
class Message:
    """A message with the number 0. A server must keep `raw`."""

    raw: bytes

    @classmethod
    def of_size(cls, size: int) -> Message:
        """Return a message of `size` bytes in lines of 76 characters."""
        noise = base64.encodebytes(random.Random(size).randbytes(size))  # noqa: S311 - filler
        return cls((_HEADERS + noise.replace(b"\n", b"\r\n"))[: size - 2].rstrip() + b"\r\n")

    @property
    def on_the_wire(self) -> bytes:
        """The bytes after DATA: dots stuffed, and the end of data."""
        return self.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"

    def kept(self, count: int) -> dict[str, object]:
        """Return the report of a server after the first `count` messages."""
        head, _, tail = self.raw.partition(_NUMBER)
        return describe([b"%b%08d%b" % (head, number, tail) for number in range(count)])
