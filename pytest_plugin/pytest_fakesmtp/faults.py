"""Planned faults of one test, made in the test or by the marker's option `faults`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fakesmtp import ConfigurationError, FaultScript

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Unpack

    from fakesmtp import FakeSMTP, PlannedFault, ReceivedMessage
    from fakesmtp.faults import Stage
    from fakesmtp.faults.keywords import (
        FaultOptions,
        KindName,
        ReplyOptions,
        RuleOptions,
        StageName,
    )
    from fakesmtp.mailbox import MessageView


class Faults:
    """The part of a test's view that plans faults.

    `docs/faults.md` lists the options. Rules take effect at once and end with the test; each is
    also a context manager. The methods raise `ConfigurationError` for invalid options.
    """

    _server: FakeSMTP
    _messages: MessageView
    _check_open: Callable[[], None]

    @property
    def faults(self) -> FaultScript:
        """The faults of this test."""
        self._check_open()
        return self._server.faults

    def fail(self, where: StageName | Stage, **options: Unpack[ReplyOptions]) -> PlannedFault:
        """Add a rule that replies `reply`, by default `451 4.3.0 Try again later`."""
        return self.faults.fail(where, **options)

    def delay(
        self, where: StageName | Stage, *, seconds: float, **options: Unpack[RuleOptions]
    ) -> PlannedFault:
        """Add a rule that delays the reply by `seconds`."""
        return self.faults.delay(where, seconds=seconds, **options)

    def fault(
        self,
        where: StageName | Stage,
        what: KindName | Literal[""] = "",
        **options: Unpack[FaultOptions],
    ) -> PlannedFault:
        """Add a rule: the stage, the kind, and options as in docs/faults.md."""
        return self.faults.fault(where, what, **options)

    def assert_faults_used(self) -> None:
        """Raise `AssertionError` with the names of the rules that never struck, if any."""
        self.faults.assert_used()

    def duplicates(self) -> list[list[ReceivedMessage]]:
        """Return the messages of this test that arrived more than once, by their Message-ID."""
        return self._messages.duplicates()


def make_script(faults: object, folder: Path) -> FaultScript:
    """Return the script of the marker's option: a file beside the test, or a list of rules.

    Raises `ConfigurationError`.
    """
    script = FaultScript()
    if isinstance(faults, str | Path):
        script.load(folder / faults)
    elif isinstance(faults, Iterable):
        script.read({"fault": list(faults)})
    else:
        raise ConfigurationError(f"faults must be a file or a list of rules, not {faults!r}")
    return script
