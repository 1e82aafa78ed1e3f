"""Record the actions of a conversation in its session, in the order they are performed."""

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

    from fakesmtp.sessions.recorder import Recorder


def _keep_note(recorder: Recorder, note: Note) -> None:
    recorder.session.dropped_lines += note is DROPPED_MESSAGE_LINE
    (recorder.noted_once if note.once else recorder.noted)(note.text)


#: How each kind of action is recorded. Other actions are not recorded.
KEEP: Mapping[type, Callable[[Recorder, Any], None]] = {
    Received: lambda recorder, action: recorder.heard(action.line, action.awaiting),
    Say: lambda recorder, action: recorder.said(action.reply),
    Said: lambda recorder, action: recorder.said(action.reply),
    LogIn: lambda recorder, action: recorder.logged_in(action.login, action.mechanism),
    Discard: lambda recorder, action: recorder.dropped_message(action.size),
    Struck: lambda recorder, action: recorder.struck(action.rule, action.where, action.text),
    Note: _keep_note,
}
