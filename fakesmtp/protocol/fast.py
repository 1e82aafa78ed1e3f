"""A fast path through a dialogue: MAIL, RCPT and DATA as most clients send them.

`Dialogue.receive_line` defines the correct replies. The fast path gives ordinary lines the same
replies in a third of the time. It passes anything unusual, also refusals, to the dialogue. Tests
compare both on the same lines.
"""

from __future__ import annotations

import re

from fakesmtp.protocol.actions import Actions, Awaiting, SendReply
from fakesmtp.protocol.address import LONGEST_DOMAIN, ORDINARY
from fakesmtp.protocol.dialogue import Dialogue

#: The groups are the local part and the domain of an address; DATA has neither.
_ORDINARY_LINE = re.compile(
    rf"(?:(?i:MAIL FROM|RCPT TO):<{ORDINARY}>|(?i:DATA))\r\n".encode(), re.ASCII
)
_LONGEST_LINE = LONGEST_DOMAIN
_COMMAND = Awaiting.COMMAND


class FastDialogue(Dialogue):
    """A `Dialogue` that replies to ordinary lines of a transaction without parsing them fully."""

    __slots__ = ()

    def receive_line(self, line: bytes, *, more_behind: bool = False) -> Actions:
        """Take one line with its end, as `Dialogue.receive_line` does."""
        if (
            len(line) <= _LONGEST_LINE
            and (ordinary := _ORDINARY_LINE.fullmatch(line))
            and self._may_send()
            and (actions := self._receive_ordinary(line, ordinary))
        ):
            return actions
        return super().receive_line(line, more_behind=more_behind)

    def _may_send(self) -> bool:
        """Return whether the commands of a transaction are allowed, apart from their order."""
        authentication = self._authentication
        return (
            authentication.awaiting is _COMMAND
            and self.helo is not None
            and (self.tls or not self._wants_tls)
            and (authentication.login is not None or self._policy.auth_required_at == "never")
        )

    def _receive_ordinary(self, line: bytes, ordinary: re.Match[bytes]) -> Actions:
        """Return the actions for a line; `()` if the dialogue must check it."""
        local_part, domain = ordinary.groups()
        if local_part is None:
            return self._data("", "") if self.mail_from is not None and self.rcpt_tos else ()
        address = local_part + domain.lower()
        if line[0] in b"Mm":
            if self.mail_from is not None:
                return ()
            self.mail_from, self.mail_parameters = address.decode(), ()
            return (SendReply(self._profile.mail_accepted.reply_with(address)),)
        if self.mail_from is None or len(self.rcpt_tos) >= self._policy.max_recipients:
            return ()
        self.rcpt_tos.append(address.decode())
        return (SendReply(self._profile.rcpt_accepted.reply_with(address)),)
