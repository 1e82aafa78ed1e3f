"""A message as it is stored: plain values, no live object."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.sessions import TlsFacts


# Tuples of plain values are invisible to the garbage collector: a store may hold very many.
class MessageRecord(NamedTuple):
    """A message as it arrived.

    `raw` is the message, byte for byte. `received` is seconds since the epoch, `port` the port of
    the real endpoint. `scope` is whose its session is: a test, an account; `""` for none.
    `login` is None without AUTH, `tls` in plaintext. `dropped_lines` counts over-long lines that
    are not in `raw`.
    """

    id: str
    session_id: str
    received: float
    raw: bytes
    envelope: Envelope
    port: int
    scope: str = ""
    login: Login | None = None
    tls: TlsFacts | None = None
    dropped_lines: int = 0

    @property
    def app_key(self) -> str | None:
        """The AppKey that logged in, None without AUTH."""
        return self.login.app_key if self.login else None
