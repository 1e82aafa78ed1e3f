"""A `Finding`: one rule that one message or session breaks."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    #: The message is refused, unreadable or unlawful.
    ERROR = "error"
    #: The message arrives, but is likely to cause trouble.
    WARNING = "warning"
    #: Advice, or a rule that cannot be checked reliably.
    INFO = "info"

    def reaches(self, least: Severity) -> bool:
        """Whether this is at least as bad as `least`."""
        order = tuple(Severity)
        return order.index(self) <= order.index(least)


class Certainty(StrEnum):
    """How it is known that a rule holds for messages that are sent over SMTP."""

    #: NHN's SMTP guide.
    SMTP = "smtp"
    #: NHN's API and console guides. That SMTP has the same limits is assumed.
    API = "api"
    #: An NHN document that is incomplete, or does not name SMTP where it names others.
    WEAK = "weak"
    #: Korean law.
    LAW = "law"
    #: A standard of the Internet.
    RFC = "rfc"
    #: No document: experience with messages.
    ADVICE = "advice"


class Where(NamedTuple):
    """The place in a message that a finding is about.

    `header` is the name of a header field as it is written, `""` for none. `part` is the number of
    a part, from 1 in the order of the message, 0 for none. `offset` and `length` count characters
    of the decoded header value or of the decoded part; None and 0 where that is not known. `line`
    is the number of the line of the message as it was sent, from 1, None for no place: of the
    place where the part is not encoded, else of the line where the header or the part begins.
    """

    header: str = ""
    part: int = 0
    line: int | None = None
    offset: int | None = None
    length: int = 0

    def __str__(self) -> str:
        named = self.header or (f"part {self.part}" if self.part else "")
        numbered = "" if self.line is None else f"line {self.line}"
        return ", ".join(filter(None, (named, numbered)))


#: The place of a finding that is about a whole message or session.
NOWHERE = Where()


class Finding(NamedTuple):
    """One rule that one message or session breaks, and what would be right.

    `text` is one English sentence, `text_ko` the same in Korean. `source` names the document that
    has the rule.
    """

    rule: str
    severity: Severity
    text: str
    text_ko: str
    source: str
    certainty: Certainty
    where: Where = NOWHERE

    def __str__(self) -> str:
        place = f" ({self.where})" if str(self.where) else ""
        return f"{self.severity} {self.rule}{place}: {self.text} [{self.source}]"

    def as_json(self) -> dict[str, Any]:
        """Return what JSON can hold; `where` is an object of the fields of `Where`."""
        return {**self._asdict(), "where": self.where._asdict()}
