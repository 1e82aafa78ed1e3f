"""Lines that a server refuses with a reason in a note, without a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.protocol.actions import Note
from fakesmtp.protocol.dialogue import Dialogue
from fakesmtp.protocol.nhn import NHN_CLOUD_EMAIL
from fakesmtp.protocol.policy import Policy
from fakesmtp.protocol.reasons import BECAUSE

if TYPE_CHECKING:
    from fakesmtp.protocol.accounts import AnyAccounts, FixedAccounts


def refuse(
    *lines: bytes, accounts: FixedAccounts | AnyAccounts, policy: Policy | None = None
) -> tuple[list[str], str]:
    """Send these lines; return the replies to the last one and the reason in its note."""
    dialogue = Dialogue(NHN_CLOUD_EMAIL, policy or Policy(), accounts, "127.0.0.1")
    for line in lines:
        actions = dialogue.receive_line(line + b"\r\n")
    (note,) = (action for action in actions if isinstance(action, Note))
    replies = [action.reply for action in actions if hasattr(action, "reply")]
    assert note.text.startswith(BECAUSE)
    return [f"{reply.code} {reply.text}" for reply in replies], note.text.removeprefix(BECAUSE)
