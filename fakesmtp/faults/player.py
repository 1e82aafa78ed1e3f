"""`FaultPlayer`: the planned faults of one connection."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    from fakesmtp.faults import FaultScript
    from fakesmtp.faults.dialogue import FaultyDialogue
    from fakesmtp.protocol.conversation import Responder
    from fakesmtp.protocol.dialogue import Dialogue


class SharesFaults(Protocol):
    """A connection with a fault script."""

    faults: FaultScript


class FaultPlayer:
    """Chooses what replies: the dialogue itself, or a faulty dialogue while the script has rules.

    `port` is the endpoint's port. `session` is the id of the session, for counters. `connections`
    are all connections of the server; rules count those that share the script. Rules may be added
    and removed during a session.
    """

    __slots__ = ("_connections", "_dialogue", "_faulty", "_port", "_session", "script")

    def __init__(
        self,
        script: FaultScript,
        dialogue: Dialogue,
        *,
        port: int,
        session: str,
        connections: Collection[SharesFaults],
    ) -> None:
        self.script = script
        self._dialogue = dialogue
        self._port = port
        self._session = session
        self._connections = connections
        self._faulty: FaultyDialogue | None = None
        script._begin_session()

    def responder(self) -> Responder:
        """Return the object that replies to the next line."""
        return self._with_faults() if self.script.rules else self._dialogue

    def _with_faults(self) -> FaultyDialogue:
        if self._faulty is None:
            # Imported only when needed: few servers have faults.
            from fakesmtp.faults.dialogue import FaultyDialogue  # noqa: PLC0415

            self._faulty = FaultyDialogue(
                self._dialogue,
                self.script,
                port=self._port,
                session=self._session,
                connections=partial(_count, self._connections, self.script),
            )
        return self._faulty


def _count(connections: Collection[SharesFaults], script: FaultScript) -> int:
    return sum(each.faults is script for each in connections)
