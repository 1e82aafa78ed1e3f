"""The mails that are sent: one template for each size, eight digits of which tell them apart."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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
_NUMBER = b"00000000"


@dataclass(frozen=True)
class Mail:
    """A mail before its number is set in. `raw` is what a server has to keep."""

    raw: bytes

    @classmethod
    def of_size(cls, size: int) -> Mail:
        """Make one of `size` bytes (two less where a line would end there), in lines of 76."""
        noise = random.Random(size).randbytes(size)  # noqa: S311 - filler
        text = base64.encodebytes(noise).replace(b"\n", b"\r\n")
        return cls(_HEADERS + text[: size - len(_HEADERS) - 2].rstrip(b"\r\n") + b"\r\n")

    @property
    def number_at(self) -> int:
        """Where the number stands, in `raw` and on the wire alike."""
        return self.raw.index(_NUMBER)

    def save_wire(self, path: Path) -> None:
        """Write what a client sends after DATA: dots stuffed, the end behind it."""
        path.write_bytes(self.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")

    def digest(self, numbers: Iterable[int]) -> str:
        """Hash the sorted hashes of all these mails, as servers/control.py does."""
        head, tail = self.raw[: self.number_at], self.raw[self.number_at + len(_NUMBER) :]
        hashes = sorted(
            sha256(b"%b%08d%b" % (head, number, tail)).hexdigest() for number in numbers
        )
        return sha256("".join(hashes).encode()).hexdigest()
