"""A session that people read: its transactions, its diagnosis, its findings, its transcript."""

# What reads a session is imported where it is used: no server should start later for it.

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.sessions.base import BaseSession

if TYPE_CHECKING:
    from fakesmtp.findings.finding import Finding
    from fakesmtp.findings.rules import Rules
    from fakesmtp.sessions.transactions import Transaction


class Recorded(BaseSession):
    """One connection's life (RFC 5321 §2.3.7: what the standard calls a session)."""

    __slots__ = ()

    #: The rules that `findings` checks; None for all of this environment.
    rules: Rules | None = None

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """Each transaction with its envelope and what became of it."""
        from fakesmtp.sessions.transactions import read_transactions

        return read_transactions(self.events)

    @property
    def diagnosis(self) -> str:
        """Why no message came of it, in a sentence; `""` where one did. Reads no events."""
        from fakesmtp.sessions.diagnosis import diagnose

        return diagnose(self)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The rules that the client broke in this session, the most severe first."""
        from fakesmtp.findings import default_rules

        return (self.rules or default_rules()).check_session(self)

    def transcript(
        self, *, normalize: bool = False, times: bool = False, notes: bool = True
    ) -> str:
        """Give the session in the style of NHN's guide: `C:` and `S:` in front of every line.

        With `notes`, lines with `--` tell what was not said: TLS, notes about the client, the end.
        With `times`, each line starts with its milliseconds since connect and its phase. With
        `normalize` nothing is left in it that changes from run to run, and no times: the same
        dialogue gives the same text on every machine.
        """
        from fakesmtp.sessions.transcript import transcript_lines

        lines = transcript_lines(self, times=times, notes=notes, normalize=normalize)
        return "\n".join(lines)
