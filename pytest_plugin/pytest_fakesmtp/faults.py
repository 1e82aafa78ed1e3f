"""Planned faults of one test: made in it, or by the marker's option `faults`; gone after it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp import ConfigurationError, FaultScript

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Unpack

    from fakesmtp import FakeSMTP, PlannedFault, ReceivedMessage
    from fakesmtp.faults import What, Where
    from fakesmtp.faults.keywords import FaultOptions, Kind, Place, ReplyOptions, RuleOptions
    from fakesmtp.mailbox import MessageView


class Faults:
    """The part of a test's view that makes its server misbehave.

    The words are those of `docs/faults.md`. Rules hold at once and until the test is over; each
    may be used as a `with` block, too. They raise `ConfigurationError` for what cannot be.
    """

    _server: FakeSMTP
    _messages: MessageView
    _check_open: Callable[[], None]

    @property
    def faults(self) -> FaultScript:
        """The faults of this test, to load, limit, clear and look at."""
        self._check_open()
        return self._server.faults

    def fail(self, where: Place | Where, **words: Unpack[ReplyOptions]) -> PlannedFault:
        """Have a place answered by `reply`, by default `451 4.3.0 Try again later`."""
        return self.faults.fail(where, **words)

    def delay(
        self, where: Place | Where, *, seconds: float, **words: Unpack[RuleOptions]
    ) -> PlannedFault:
        """Have the reply at a place come late."""
        return self.faults.delay(where, seconds=seconds, **words)

    def fault(
        self,
        where: Place | Where,
        what: Kind | What | Literal[""] = "",
        **words: Unpack[FaultOptions],
    ) -> PlannedFault:
        """Have anything go wrong that can."""
        return self.faults.fault(where, what, **words)

    def assert_faults_used(self) -> None:
        """Raise AssertionError that names the rules that never struck, if there are any."""
        self.faults.assert_used()

    def duplicates(self) -> list[list[ReceivedMessage]]:
        """Give the messages of this test that came more than once, by their Message-ID."""
        return self._messages.duplicates()


def make_script(faults: object, folder: Path) -> FaultScript:
    """Make a script of the marker's option: a file, as seen from the test's folder, or rules.

    Raises `ConfigurationError`.
    """
    script = FaultScript()
    if isinstance(faults, str | Path):
        script.load(folder / faults)
    elif isinstance(faults, Iterable):
        script.read({"fault": list(faults)})
    else:
        raise ConfigurationError(f"faults is a file or a list of rules, not {faults!r}")
    return script
