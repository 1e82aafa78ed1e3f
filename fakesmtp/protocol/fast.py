"""The fast way through a dialogue: MAIL, RCPT and DATA as most clients write them.

`Dialogue.receive_line` defines what is right. Here ordinary lines get the same replies in a third
of the time; anything unusual, refusals included, is left to it. Tests compare both on the same
lines.
"""

from __future__ import annotations

import re

from fakesmtp.protocol.actions import Actions, Awaiting, Say
from fakesmtp.protocol.address import LONGEST_DOMAIN, ORDINARY
from fakesmtp.protocol.dialogue import Dialogue

#: The groups are both parts of an address; DATA has neither.
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
        """Return whether only the order of a transaction's commands can be wrong."""
        authentication = self._authentication
        return (
            authentication.awaiting is _COMMAND
            and self.helo is not None
            and (self.tls or not self._wants_tls)
            and (authentication.login is not None or self._policy.auth_required_at == "never")
        )

    def _receive_ordinary(self, line: bytes, ordinary: re.Match[bytes]) -> Actions:
        """Reply to a line that is in order; return `()` for one that is not."""
        local_part, domain = ordinary.groups()
        if local_part is None:
            return self._data("", "") if self.mail_from is not None and self.rcpt_tos else ()
        address = local_part + domain.lower()
        if line[0] in b"Mm":
            if self.mail_from is not None:
                return ()
            self.mail_from, self.mail_parameters = address.decode(), ()
            return (Say(self._profile.mail_accepted.reply_with(address)),)
        if self.mail_from is None or len(self.rcpt_tos) >= self._policy.max_recipients:
            return ()
        self.rcpt_tos.append(address.decode())
        return (Say(self._profile.rcpt_accepted.reply_with(address)),)
