"""Record the actions of a conversation in its session, in the order they are performed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakesmtp.protocol.actions import (
    Discard,
    LogIn,
    Note,
    Received,
    RecordFault,
    RecordReply,
    SendReply,
)
from fakesmtp.protocol.conversation import DROPPED_MESSAGE_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.sessions.recorder import Recorder


def _keep_note(recorder: Recorder, note: Note) -> None:
    recorder.session.dropped_lines += note is DROPPED_MESSAGE_LINE
    (recorder.record_note_once if note.once else recorder.record_note)(note.text)


#: How each kind of action is recorded. Other actions are not recorded.
KEEP: Mapping[type, Callable[[Recorder, Any], None]] = {
    Received: lambda recorder, action: recorder.record_line(action.line, action.awaiting),
    SendReply: lambda recorder, action: recorder.record_reply(action.reply),
    RecordReply: lambda recorder, action: recorder.record_reply(action.reply),
    LogIn: lambda recorder, action: recorder.record_login(action.login, action.mechanism),
    Discard: lambda recorder, action: recorder.record_discarded_message(action.size),
    RecordFault: lambda recorder, action: recorder.record_fault(
        action.rule, action.where, action.text
    ),
    Note: _keep_note,
}
