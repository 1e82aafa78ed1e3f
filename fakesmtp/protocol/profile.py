"""A `Profile`: one named reply per situation, each with its provenance."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from fakesmtp.protocol.actions import SendReply
from fakesmtp.protocol.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: How many replies to HELO and EHLO are kept for other sessions.
_HELLOS = 64


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


# Compared by identity, with its own `__init__`: what `dataclass` generates for sixty fields is not
# needed, and takes longer at every start than the rest of this module.
@dataclass(frozen=True, init=False, eq=False, repr=False)
class Profile:
    """All replies of one kind of server. A field is a situation."""

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
    shutting_down: Row
    quit_done: Row
    quit_with_argument: Row

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - a text, capabilities or a row
        """Set all fields by name. Raises `TypeError` if one is missing or unknown."""
        wrong = values.keys() ^ {field.name for field in fields(self)}
        if wrong:
            raise TypeError(f"missing or unknown fields of a profile: {', '.join(sorted(wrong))}")
        vars(self).update(values)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Return every situation with its row, in the order of a session."""
        for situation in fields(self):
            value = getattr(self, situation.name)
            if isinstance(value, Row):
                yield situation.name, value

    @cached_property
    def greeting_actions(self) -> tuple[SendReply]:
        """The actions of the greeting (220), made once."""
        return (SendReply(self.greeting.reply(host=self.host_name, software=self.software_name)),)

    @cached_property
    def quit_actions(self) -> tuple[SendReply]:
        """The actions that reply to QUIT, made once."""
        return (SendReply(self.quit_done.reply(host=self.host_name)),)

    @cached_property
    def shutting_down_actions(self) -> tuple[SendReply]:
        """The actions that tell a client to connect again later (421), made once."""
        return (SendReply(self.shutting_down.reply(host=self.host_name)),)

    def hello_actions(self, verb: str, argument: str, ip: str, *, tls: bool) -> tuple[SendReply]:
        """Return the actions that reply to HELO or EHLO: the same ones for the same client."""
        return self._make_hello(verb, argument, ip, tls)

    @cached_property
    def _make_hello(self) -> Callable[[str, str, str, bool], tuple[SendReply]]:
        """Return the function that `hello_actions` calls; it caches its last replies.

        Most sessions of a server have the same one: idle connections share its memory.
        """

        @lru_cache(maxsize=_HELLOS)
        def make(verb: str, argument: str, ip: str, tls: bool) -> tuple[SendReply]:  # noqa: FBT001 - as `lru_cache` calls it
            row = {"HELO": self.helo_accepted, "EHLO": self.ehlo_accepted}[verb]
            capabilities = self._keyword_lines(inside_tls=tls)
            reply = row.reply(
                host=self.host_name, capabilities=capabilities, argument=argument, ip=ip
            )
            return (SendReply(reply),)

        return make

    def _keyword_lines(self, *, inside_tls: bool) -> str:
        """Return the EHLO keyword lines, separated by newlines."""
        return "\n".join(
            c.line for c in self.capabilities if not (inside_tls and c.only_before_tls)
        )
