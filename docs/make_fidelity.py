"""Write `fidelity.md`: every reply and every switch with its provenance.

Run it after changing a row of the profile or a switch: `python docs/make_fidelity.py`.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from tables import make_table

from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.rows import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# Fidelity: the source of each behaviour

`docs/make_fidelity.py` generates this page from the profile and the switches; a test fails when it
is out of date.

- **documented**: printed in NHN Cloud's own SMTP guide.
- **derived**: the guide's transcripts reveal the server software (the SMTP protocol library of
  Apache James 3, of the releases up to 2022). The reply was recorded from its release 3.6.2, or
  read from a reply table of its releases. It is not known which release NHN runs, and what NHN
  changed.
- **assumed**: no source is known. The reply is a choice, with a switch where that makes sense.

No reply of NHN's live endpoint was recorded for this page.
"""

_DECISIONS = """\
## Decided against a recorded reply

- **The end of a message.** The recorded software ends a message at any three-byte line that starts
  with a dot, also after or with a bare LF: SMTP smuggling. By default only CRLF.CRLF ends a message
  (RFC 5321 §4.1.1.4). So the last step of one scenario that is not marked unsafe,
  `line-ending/data-lf-dot-lf-is-not-the-end`, is not followed: it ends the message with LF.CRLF.
  `unsafe_lone_lf_ends_message` follows it.
- **`235 Authentication Successful`** is the guide's text today. The software sends `Succesfull`, as
  the guide printed in 2022. The profile `AS_RECORDED` has that spelling.
- **Messages to postmaster@ and abuse@ without AUTH.** The reply to RCPT is as recorded (250), but
  the message is refused at DATA, so that a client that forgot to log in does not seem to succeed.
  `unsafe_postmaster_without_auth` accepts it.
- **A bare CR in a reply** would let a client forge reply lines. It is sent as `?`.
"""


def make_page() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_capabilities(), *_replies(), _DECISIONS, *_switches()])


def _capabilities() -> Iterator[str]:
    yield "## EHLO\n"
    yield from make_table(
        ("line", "provenance", "source"),
        (
            (f"`{c.line}`{' (before TLS)' if c.only_before_tls else ''}", c.provenance, c.source)
            for c in NHN_CLOUD_EMAIL.capabilities
        ),
    )


def _replies() -> Iterator[str]:
    for provenance in Provenance:
        rows = [r for r in NHN_CLOUD_EMAIL.rows() if r[1].provenance is provenance]
        yield f"## Replies: {provenance}\n"
        yield from make_table(
            ("situation", "reply", "source", "note"),
            (
                (f"`{name}`", _code(f"{row.code} {row.text}"), row.source, row.note)
                for name, row in rows
            ),
        )


def _switches() -> Iterator[str]:
    yield "## Switches\n"
    yield from make_table(
        ("switch", "default", "what it decides"),
        (
            (f"`{switch.name}`", f"`{switch.default!r}`", switch.metadata["description"])
            for switch in fields(Policy)
        ),
    )


def _code(text: str) -> str:
    return "<br>".join(f"`{line}`" for line in text.split("\n"))


if __name__ == "__main__":
    Path(__file__).with_name("fidelity.md").write_text(make_page(), encoding="utf-8")
