"""A `Profile`: one named reply per situation, each with its provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.protocol.actions import Say
from fakesmtp.protocol.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Marks in a frame, where the client's name goes and its address.
_ARGUMENT, _IP = b"\x00", b"\x01"


class Provenance(StrEnum):
    """How it is known that the endpoint says this."""

    #: NHN's own guide prints it.
    DOCUMENTED = "documented"
    #: The software that the guide's transcripts give away says it; recorded from that software.
    DERIVED = "derived"
    #: Nothing says it: a choice, named as one.
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Row:
    """What is said in one situation. `{names}` in `text` are filled in; newlines part lines."""

    code: int
    text: str
    provenance: Provenance
    source: str
    note: str = ""

    def reply(self, **values: str) -> Reply:
        """Fill in the text."""
        text = self.text.format(**values)
        return Reply(self.code, tuple(text.split("\n")) if "\n" in text else (text,))

    def reply_with(self, address: bytes) -> Reply:
        """Fill in an ASCII address, the row's only name: faster than `reply`."""
        parts = self._around_address
        if parts is None:
            return self.reply(address=address.decode())
        return Reply.of_wire(address.join(parts))

    @cached_property
    def _around_address(self) -> list[bytes] | None:
        """What stands around the address; None where it is not filled in as it is."""
        return self.reply(address="\0").wire.split(b"\0") if self.is_plain else None

    @property
    def is_plain(self) -> bool:
        """Whether values are filled in as they are: `{ip}`, and not `{ip!r}` or `{ip:>15}`."""
        return not re.search(r"\{\w*[^\w}]", self.text)

    @cached_property
    def says(self) -> tuple[Say]:
        """The actions that say this row, made once; for a row with nothing to fill in."""
        return (Say(self.reply()),)


class Capability(NamedTuple):
    """One EHLO keyword line (RFC 5321 §4.1.1.1)."""

    line: str
    provenance: Provenance
    source: str
    only_before_tls: bool = False


# Compared by identity, and made by hand: what `dataclass` writes for sixty fields is of no use, and
# takes longer at every start than all else in this module.
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Profile:
    """Everything that one kind of server says. A field is a situation."""

    name: str
    host_name: str
    software_name: str
    capabilities: tuple[Capability, ...]

    greeting: Row
    helo_accepted: Row
    ehlo_accepted: Row
    helo_without_domain: Row

    starttls_ready: Row
    starttls_with_argument: Row
    starttls_after_auth: Row
    starttls_when_active: Row
    starttls_with_commands_behind: Row
    tls_required: Row
    tls_refused: Row

    auth_succeeded: Row
    auth_failed: Row
    auth_without_argument: Row
    auth_unknown_mechanism: Row
    auth_twice: Row
    auth_aborted: Row
    auth_malformed: Row
    auth_malformed_login_password: Row
    auth_plain_challenge: Row
    auth_login_user_challenge: Row
    auth_login_password_challenge: Row
    auth_required: Row
    auth_required_at_mail: Row
    auth_required_at_data: Row

    mail_accepted: Row
    mail_before_helo: Row
    mail_twice: Row
    mail_usage: Row
    mail_syntax: Row
    mail_bad_address: Row
    mail_bad_size: Row

    rcpt_accepted: Row
    rcpt_before_mail: Row
    rcpt_usage: Row
    rcpt_syntax: Row
    rcpt_bad_address: Row
    rcpt_unknown_parameter: Row
    rcpt_repeated_word: Row
    rcpt_too_many: Row

    data_ready: Row
    data_with_argument: Row
    data_before_mail: Row
    data_before_rcpt: Row
    message_accepted: Row
    message_too_big: Row
    message_against_rule: Row

    rset_done: Row
    rset_with_argument: Row
    noop_done: Row
    not_supported: Row
    unknown_command: Row
    line_too_long: Row
    internal_error: Row
    quit_done: Row
    quit_with_argument: Row

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - a text, capabilities or a row
        """Take all fields by their names; raises `TypeError` when one lacks or is unknown."""
        wrong = values.keys() ^ {field.name for field in fields(self)}
        if wrong:
            raise TypeError(f"a profile lacks these, or has no such: {', '.join(sorted(wrong))}")
        vars(self).update(values)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every situation with its row, in the order of a session."""
        for situation in fields(self):
            value = getattr(self, situation.name)
            if isinstance(value, Row):
                yield situation.name, value

    @cached_property
    def greets(self) -> tuple[Say]:
        """The actions that greet, made once."""
        return (Say(self.greeting.reply(host=self.host_name, software=self.software_name)),)

    @cached_property
    def says_good_bye(self) -> tuple[Say]:
        """The actions that answer QUIT, made once."""
        return (Say(self.quit_done.reply(host=self.host_name)),)

    def says_hello(self, verb: str, argument: str, ip: str, *, tls: bool) -> tuple[Say]:
        """Give the actions that answer HELO or EHLO, from a frame: every session has one or two."""
        frame = self._hellos[verb, tls]
        if frame is None:
            return (Say(self._hello(verb, argument, ip, tls=tls)),)
        wire = frame.replace(_IP, ip.encode())
        return (Say(Reply.of_wire(wire.replace(_ARGUMENT, argument.encode("ascii", "replace")))),)

    @cached_property
    def _hellos(self) -> dict[tuple[str, bool], bytes | None]:
        """The answers by verb and whether TLS is on, with marks where they differ.

        None for a row that does not fill in its values as they are.
        """
        marks = _ARGUMENT.decode(), _IP.decode()
        return {
            (verb, tls): self._hello(verb, *marks, tls=tls).wire if row.is_plain else None
            for verb, row in self._hello_rows.items()
            for tls in (False, True)
        }

    @property
    def _hello_rows(self) -> dict[str, Row]:
        return {"HELO": self.helo_accepted, "EHLO": self.ehlo_accepted}

    def _hello(self, verb: str, argument: str, ip: str, *, tls: bool) -> Reply:
        return self._hello_rows[verb].reply(
            host=self.host_name,
            capabilities=self._keyword_lines(inside_tls=tls),
            argument=argument,
            ip=ip,
        )

    def _keyword_lines(self, *, inside_tls: bool) -> str:
        """The EHLO keyword lines, parted by newlines."""
        return "\n".join(
            c.line for c in self.capabilities if not (inside_tls and c.only_before_tls)
        )
