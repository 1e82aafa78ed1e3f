"""Writes `fidelity.md`: every reply, every switch, and how each is known.

Run it after changing a row of the profile or a switch: `python docs/make_fidelity.py`.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from tables import make_table

from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.profile import Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# Fidelity: how each behaviour is known

Made by `docs/make_fidelity.py` from the profile and the switches; a test fails when it is stale.

- **documented**: NHN Cloud's own SMTP guide prints it.
- **derived**: the guide's transcripts give away the server software (the SMTP protocol library of
  Apache James 3, of the releases up to 2022), and that software says it: recorded from its release
  3.6.2, or read from a reply table made of its releases. Which release NHN runs, and what it
  changed, is not known.
- **assumed**: nothing says it. It is a choice, and has a switch where that makes sense.

No reply of NHN's live endpoint was recorded for this page.
"""

_DECISIONS = """\
## Decided against a recorded reply

- **The end of a message.** The recorded software ends a message at any three-byte line that starts
  with a dot, also behind or with a lone LF: SMTP smuggling. By default only CRLF.CRLF ends one
  (RFC 5321 §4.1.1.4). So one scenario that is not marked unsafe,
  `line-ending/data-lf-dot-lf-is-not-the-end`, is not followed in its last step, which ends the
  message with LF.CRLF; `unsafe_lone_lf_ends_message` follows it.
- **`235 Authentication Successful`** is the guide's text today; the software says `Succesfull`, as
  the guide did in 2022. The profile `AS_RECORDED` has that spelling.
- **Mail to postmaster@ and abuse@ without AUTH.** RCPT is answered as recorded (250), but the
  message is refused at DATA, so that a client that forgot to log in is not fooled;
  `unsafe_postmaster_without_auth` takes it.
- **A raw CR in a reply** would let a client forge reply lines; it comes back as `?`.
"""


def make_page() -> str:
    """Make the whole page."""
    return "\n".join([_HEAD, *_capabilities(), *_replies(), _DECISIONS, *_switches()])


def _capabilities() -> Iterator[str]:
    yield "## EHLO\n"
    yield from make_table(
        ("line", "known", "source"),
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
