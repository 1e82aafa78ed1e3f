"""The replies of a server as rows, each with its provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from fakesmtp.protocol.actions import SendReply
from fakesmtp.protocol.reply import Reply


class Provenance(StrEnum):
    """How a reply of the endpoint is known."""

    #: NHN's own guide prints it.
    DOCUMENTED = "documented"
    #: It was recorded from the software that the transcripts of the guide identify.
    DERIVED = "derived"
    #: It is a choice, because no source says it.
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Row:
    """The reply in one situation. `text` has `{names}` to fill in, and newlines between lines."""

    code: int
    text: str
    provenance: Provenance
    source: str
    note: str = ""

    def reply(self, **values: str) -> Reply:
        """Return the reply with `values` filled in."""
        text = self.text.format(**values)
        return Reply(self.code, tuple(text.split("\n")) if "\n" in text else (text,))

    def reply_with(self, address: bytes) -> Reply:
        """Return the reply with an ASCII address, its only name, filled in. Faster than `reply`."""
        parts = self._around_address
        if parts is None:
            return self.reply(address=address.decode())
        return Reply.of_wire(address.join(parts))

    @cached_property
    def _around_address(self) -> list[bytes] | None:
        """The bytes around the address; None if the address is formatted."""
        return self.reply(address="\0").wire.split(b"\0") if self.is_plain else None

    @property
    def is_plain(self) -> bool:
        """Whether values are filled in unformatted: `{ip}`, and not `{ip!r}` or `{ip:>15}`."""
        return not re.search(r"\{\w*[^\w}]", self.text)

    @cached_property
    def actions(self) -> tuple[SendReply]:
        """The actions that send this row, made once; for a row with nothing to fill in."""
        return (SendReply(self.reply()),)


class Capability(NamedTuple):
    """One EHLO keyword line (RFC 5321 §4.1.1.1)."""

    line: str
    provenance: Provenance
    source: str
    only_before_tls: bool = False
