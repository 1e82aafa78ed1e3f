"""The recorder: a connection writes its session with it. Lines are masked before they are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.protocol.actions import Awaiting
from fakesmtp.protocol.reply import Reply
from fakesmtp.protocol.secret import MASK
from fakesmtp.sessions.causes import ClosedBy, explain_tls_failure
from fakesmtp.sessions.contents import Ended, Fault, LoggedIn, MaskedLine, Message, Proxied
from fakesmtp.sessions.masking import AS_WRITTEN, Masker
from fakesmtp.sessions.notes import (
    AUTH_IN_CLEAR,
    LONGEST_COMMAND,
    look_at_command,
    look_at_message,
)
from fakesmtp.text import show

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.actions import Envelope
    from fakesmtp.protocol.credentials import Login
    from fakesmtp.sessions.contents import TlsFacts
    from fakesmtp.sessions.live import LiveSession

_COMMAND = Awaiting.COMMAND
_LINE_END = len(b"\r\n")
_NOTHING: frozenset[str] = frozenset()


class Recorder:
    """Writes one session: masks the client's lines, and adds notes about the client."""

    __slots__ = ("_accounts", "_hides_reply", "_known_notes", "_masker", "session")

    def __init__(self, session: LiveSession, accounts: Accounts) -> None:
        self.session = session
        self._accounts = accounts
        #: Created for the first unusual line: most connections need none.
        self._masker: Masker | None = None
        self._known_notes = _NOTHING
        self._hides_reply = False

    def record_line(self, line: bytes, awaiting: Awaiting) -> None:
        """Record a line of the client, with its line end, masked if necessary."""
        if (
            awaiting is _COMMAND
            and line[:5] in AS_WRITTEN
            and len(line) <= LONGEST_COMMAND
            and line.isascii()
            and line.find(b"\r") >= len(line) - _LINE_END
            and not (self._masker and self._masker.is_wary)
            and not self._accounts.find_secret(line)
        ):
            self._hides_reply = False
            self.session.keep(line, len(line))
        else:
            self._record_unusual(line, awaiting)

    def _record_unusual(self, line: bytes, awaiting: Awaiting) -> None:
        facts = self.session._facts
        after_refused_data, after_message = facts.has_just_refused_data, facts.has_just_ended_data
        if self._masker is None:
            self._masker = Masker(self._accounts)
        content, self._hides_reply, note = self._masker.mask(line, awaiting)
        self.session.keep(
            content, len(content.text if isinstance(content, MaskedLine) else content)
        )
        if awaiting is _COMMAND:
            if self.session.tls is None and line.lstrip()[:4].upper() == b"AUTH":
                self.record_note_once(AUTH_IN_CLEAR)
            if note:
                self.record_note_once(note)
            for each in look_at_command(
                line, after_refused_data=after_refused_data, after_message=after_message
            ):
                self.record_note(each)

    def record_reply(self, reply: Reply) -> None:
        """Record a reply, without its text if that would repeat a masked line."""
        if self._hides_reply:
            self._hides_reply, reply = False, Reply(reply.code, (MASK,))
        self.session.keep(reply, len(reply.wire))

    def record_message(self, message_id: str, raw: bytes, envelope: Envelope) -> None:
        """Record that a message arrived, and notes about it."""
        self.session.message_count += 1
        self.session.dropped_lines = 0
        self.session.keep(Message(message_id, len(raw), self.session.digest_of(raw)))
        for note in look_at_message(raw, envelope):
            self.record_note(note)

    def record_discarded_message(self, size: int) -> None:
        """Record that message data of `size` bytes was received and discarded."""
        self.session.dropped_lines = 0
        self.session.keep(Message("", size))

    def record_note(self, text: str) -> None:
        """Record a note about the client."""
        self.session.keep(show(text))

    def record_note_once(self, text: str) -> None:
        """Record a note about the client, at most once in a session."""
        if text not in self._known_notes:
            self._known_notes |= {text}
            self.record_note(text)

    def record_fault(self, rule: str, where: str, what: str) -> None:
        """Record a planned fault that was applied."""
        self.session.keep(Fault(rule, where, what))

    def record_proxy(self, proxy: str, version: int, *, names_client: bool) -> None:
        """Record a PROXY protocol header of the load balancer at the address `proxy`."""
        self.session.keep(Proxied(proxy, version, names_client))

    def record_tls(self, tls: TlsFacts) -> None:
        """Record a successful TLS handshake."""
        if tls.sni and self._accounts.find_secret(tls.sni.encode()):
            tls = tls._replace(sni=MASK)
        self.session.tls = tls
        self.session.keep(tls)

    def record_login(self, login: Login, mechanism: str) -> None:
        """Record a successful login."""
        self.session.login, self.session.mechanism = login, mechanism
        self.session.keep(
            LoggedIn(login.app_key, login.mail_type.value, mechanism), len(login.app_key)
        )

    def record_end(self, closed_by: ClosedBy, detail: str = "") -> None:
        """Record the end of the session; only the first end counts."""
        if closed_by is ClosedBy.TLS:
            detail = explain_tls_failure(detail)
        self.session.close(Ended(closed_by.value, detail))
