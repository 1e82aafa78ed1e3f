"""What a session keeps of the actions of its conversation, told in the order they are performed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.protocol.actions import (
    Discard,
    LogIn,
    Note,
    Received,
    Said,
    Say,
    Struck,
)
from fakesmtp.protocol.conversation import DROPPED_MESSAGE_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.sessions.transcript import Session


def _keep_note(session: Session, note: Note) -> None:
    session.dropped_lines += note is DROPPED_MESSAGE_LINE
    (session.noted_once if note.once else session.noted)(note.text)


#: How each kind of action is kept; of the others there is nothing to keep.
KEEP: Mapping[type, Callable[[Session, Any], None]] = {
    Received: lambda session, action: session.heard(action.line, action.awaiting),
    Say: lambda session, action: session.said(action.reply),
    Said: lambda session, action: session.said(action.reply),
    LogIn: lambda session, action: session.logged_in(action.login, action.mechanism),
    Discard: lambda session, action: session.dropped_message(action.size),
    Struck: lambda session, action: session.struck(action.rule, action.where, action.text),
    Note: _keep_note,
}
