"""HTTP requests whose address has characters that are not ASCII, such as `?query=인증`."""

from __future__ import annotations

import re

from fakesmtp.web.upgrades import SteadyHttp

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class LenientHttp(SteadyHttp):
    """HTTP for clients that do not encode addresses (RFC 3986 §2.1): curl sends what it is given.

    httptools refuses such a request. Here the first line of a request is encoded, as far as it
    comes in one piece.
    """

    _is_inside = False

    def data_received(self, data: bytes) -> None:
        """Read requests."""
        super().data_received(data if self._is_inside else _encode_first_line(data))

    def on_message_begin(self) -> None:
        """Begin a request: what follows its first line is not encoded."""
        self._is_inside = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_inside = False
        super().on_message_complete()


def _encode_first_line(data: bytes) -> bytes:
    line, end, rest = data.partition(b"\n")
    return _NOT_ASCII.sub(lambda found: b"%%%02X" % found[0][0], line) + end + rest
