"""`Session`: what people read of an SMTP session, live or from a file."""

# Modules that read a session are imported where they are used, to keep the start fast.

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.sessions.base import BaseSession
from fakesmtp.sessions.diagnosis import diagnose

if TYPE_CHECKING:
    from fakesmtp.findings.finding import Finding
    from fakesmtp.findings.rules import Rules
    from fakesmtp.sessions.transactions import Transaction


class Session(BaseSession):
    """One SMTP connection, from accept to close (RFC 5321 §2.3.7)."""

    __slots__ = ()

    #: The rules that `findings` checks; None: the default rules of this environment.
    _rules: Rules | None = None

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """The transactions, each with its envelope and outcome."""
        from fakesmtp.sessions.transactions import read_transactions

        return read_transactions(self.events)

    @property
    def diagnosis(self) -> str:
        """One sentence: why no message arrived; `""` if one did. Reads no events."""
        return diagnose(self)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The rules that the client broke in this session, the most severe first."""
        return rules_of(self).check_session(self)

    def transcript(
        self, *, normalize: bool = False, times: bool = False, notes: bool = True
    ) -> str:
        """Return the session as text in the style of NHN's guide: `C:` or `S:` before every line.

        With `notes`, lines with `--` show what was not sent: TLS, notes about the client, the end.
        With `times`, each line starts with its milliseconds since connect and its phase.
        `normalize` replaces everything that changes from run to run, and omits times: the same
        dialogue gives the same text on every machine.
        """
        from fakesmtp.sessions.transcript import transcript_lines

        lines = transcript_lines(self, times=times, notes=notes, normalize=normalize)
        return "\n".join(lines)


def scope_of(session: Session) -> object:
    """Return whose a session is: a test's, an account's, or None."""
    return session._scope


def rules_of(session: Session | None = None) -> Rules:
    """Return the rules that check a session and its messages, without one the default ones."""
    from fakesmtp.findings import default_rules

    return (session and session._rules) or default_rules()
