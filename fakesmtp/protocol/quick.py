"""The quick way through a dialogue: the lines that nearly every session consists of.

They are `EHLO name` and `QUIT`, each alone, and MAIL, RCPT and DATA as most clients write them,
also several at once. What is right is said by `Dialogue.receive_line`; here the same is said in a
third of the time, and whatever is in the least unusual, refusals too, is left to it. Tests have
both obey the same lines.
"""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING

from fakesmtp.protocol.actions import Actions, Say
from fakesmtp.protocol.address import LONGEST_DOMAIN, ORDINARY
from fakesmtp.protocol.authentication import Awaiting
from fakesmtp.protocol.dialogue import GOOD_BYE, READ_MESSAGE, Dialogue

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import Accounts
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.protocol.profile import Profile

    #: The index behind the lines, each one's reply as it is sent, and what is to be done then:
    #: `ReadMessage` behind DATA, `HangUp` behind QUIT, mostly nothing.
    Obeyed = tuple[int, list[bytes], Actions]

#: No address is in the line of DATA.
_OF_TRANSACTION = re.compile(
    rf"(?:(?i:MAIL FROM|RCPT TO):<{ORDINARY}>|(?i:DATA))\r\n".encode(), re.ASCII
)
_ALONE = re.compile(rb"(?:(?i:EHLO) ([!-~]+)|(?i:QUIT))\r\n")
_MAIL = b"Mm"
_LONGEST_LINE = LONGEST_DOMAIN


class QuickDialogue(Dialogue):
    """A `Dialogue` that can obey ordinary lines in one go."""

    __slots__ = ("_may_send",)

    def __init__(
        self,
        profile: Profile,
        policy: Policy,
        accounts: Accounts,
        client_ip: str,
        *,
        tls: bool = False,
    ) -> None:
        super().__init__(profile, policy, accounts, client_ip, tls=tls)
        self._may_send = False

    def receive_ordinary_lines(self, data: bytes) -> Obeyed:
        """Obey the lines that `data` begins with, as long as they are ordinary."""
        # One function, though it is long: a call for each line would take as long as the line.
        end, size, profile = 0, len(data), self._profile
        replies: list[bytes] = []
        if self._authentication.awaiting is not Awaiting.COMMAND:
            return end, replies, ()
        if not (self._may_send or self._check_may_send()):
            return self._receive_alone(data)
        while end < size and (line := _OF_TRANSACTION.match(data, end)):
            local_part, domain = line.groups()
            if line.end() - end > _LONGEST_LINE:
                break
            if local_part is None:
                if self.mail_from is None or not self.rcpt_tos or self._unproven_rcpt:
                    break
                replies.append(profile.data_ready.wire)
                return line.end(), replies, (READ_MESSAGE,)
            address = local_part + domain.lower()
            if data[end] in _MAIL:
                if self.mail_from is not None:
                    break
                self.mail_from, self.mail_parameters = intern(address.decode()), ()
                replies.append(profile.mail_accepted.wire_with(address))
            else:
                if self.mail_from is None:
                    break
                self.rcpt_tos.append(intern(address.decode()))
                replies.append(profile.rcpt_accepted.wire_with(address))
            end = line.end()
        return (end, replies, ()) if end else self._receive_alone(data)

    def _check_may_send(self) -> bool:
        """Whether nothing but its own order can be wrong with a transaction, from now on."""
        self._may_send = (
            self.helo is not None
            and (self.tls or not self._wants_tls)
            and (self.login is not None or self._policy.auth_required_at == "never")
        )
        return self._may_send

    def _receive_alone(self, data: bytes) -> Obeyed:
        line = _ALONE.fullmatch(data)
        if line is None or len(data) > _LONGEST_LINE:
            return 0, [], ()
        name: bytes | None = line[1]
        if name is None:
            return len(data), [self._profile.says_good_bye[0].reply.wire], (GOOD_BYE,)
        answers = self._hello("EHLO", name.decode())
        return len(data), [each.reply.wire for each in answers if isinstance(each, Say)], ()
