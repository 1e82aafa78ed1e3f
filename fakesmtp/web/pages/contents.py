"""One message as its tabs show it. A tab is read when its template asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fakesmtp.errors import FakeSMTPError
from fakesmtp.findings import MessageReading, default_rules
from fakesmtp.findings.finding import Finding
from fakesmtp.messages import ReceivedMessage
from fakesmtp.messages.codes import find_codes
from fakesmtp.messages.mime import split_message
from fakesmtp.sessions import Session
from fakesmtp.storage.records import MessageRow
from fakesmtp.web.pages.dialogue import Dialogue
from fakesmtp.web.pages.files import File, describe_file
from fakesmtp.web.pages.places import Place, locate

TABS = ("html", "text", "headers", "source", "attachments", "session", "findings")
#: Characters of a text, and bytes of the source, that a tab shows.
MOST_TEXT = 200_000
MOST_SOURCE = 256 * 1024
#: Bytes of a message whose links and findings are read with every tab.
MOST_CHECKED = 4 * 1024 * 1024
_LINE_END = b"\n"
_REMOTE = re.compile(
    r"(?:\b(?:src|srcset|background|poster)\s*=\s*[\"']?|url\(\s*[\"']?|@import\s+[\"']?)\s*(?:https?:)?//"
    r"|<link\s[^>]{0,500}stylesheet",
    re.IGNORECASE,
)


class Line(NamedTuple):
    """A line of the source, numbered from 1, and the findings about it."""

    number: int
    text: str
    findings: tuple[Finding, ...]


class Field(NamedTuple):
    """A header field, decoded, and the findings about it."""

    name: str
    value: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Reading:
    """A message, the tab that is open, and what the tabs show."""

    row: MessageRow
    message: ReceivedMessage
    tab: str
    remote: bool = False

    @property
    def id(self) -> str:
        """The message's id."""
        return self.row.record.id

    @property
    def is_heavy(self) -> bool:
        """Whether checking the message takes seconds: then only the tab of findings does it."""
        return self.row.size > MOST_CHECKED and self.tab != "findings"

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Numbers beside the names of tabs."""
        return {"attachments": len(self.message.contents.files), "findings": len(self.findings)}

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The rules that the message breaks: those of its session, if that is still stored."""
        if self.is_heavy:
            return ()
        if self.session is None:
            return default_rules().check_message(MessageReading.of(self.message))
        return self.message.findings

    @property
    def places(self) -> tuple[tuple[Finding, Place | None], ...]:
        """Each finding, with the marked place in the message."""
        parts = split_message(self.message.raw).parts if self.findings else []
        return tuple((each, locate(each.where, self.message, parts)) for each in self.findings)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Codes that a reader would copy: of the subject, of what is seen."""
        if self.is_heavy:
            return find_codes(self.message.subject)
        seen = self.message.text or self.message.html_text or ""
        return find_codes(f"{self.message.subject}\n\n{seen}")

    @cached_property
    def links(self) -> tuple[str, ...]:
        """The links to other places, in order."""
        if self.is_heavy:
            return ()
        return tuple(each for each in self.message.links if each.startswith(("http:", "https:")))

    @property
    def files(self) -> list[File]:
        """Attachments, and bodies that have a file name."""
        return [describe_file(each, n) for n, each in enumerate(self.message.contents.files, 1)]

    @property
    def has_remote(self) -> bool:
        """Whether the HTML probably has content of other places."""
        return _REMOTE.search(self.message.html or "") is not None

    @property
    def text(self) -> str:
        """The start of the plain text; of a message without one, what is seen of its HTML."""
        text = self.message.text
        return (self.message.html_text or "" if text is None else text)[:MOST_TEXT]

    @property
    def is_text_cut(self) -> bool:
        """Whether `text` is not all of it."""
        return len(self.text) == MOST_TEXT

    @property
    def fields(self) -> tuple[Field, ...]:
        """The header fields in order."""
        return tuple(Field(name, value, self._about(name)) for name, value in self.message.headers)

    def _about(self, name: str) -> tuple[Finding, ...]:
        wanted = name.lower()
        return tuple(each for each in self.findings if each.where.header.lower() == wanted)

    @property
    def source(self) -> tuple[Line, ...]:
        """The lines at the start of the message, as it was sent."""
        shown = self.message.raw[:MOST_SOURCE].removesuffix(_LINE_END).split(_LINE_END)
        marked: dict[int | None, tuple[Finding, ...]] = {}
        for each in self.findings:
            marked[each.where.line] = (*marked.get(each.where.line, ()), each)
        return tuple(
            Line(number, line.rstrip(b"\r").decode("utf-8", "replace"), marked.get(number, ()))
            for number, line in enumerate(shown, 1)
        )

    @property
    def is_source_cut(self) -> bool:
        """Whether `source` is not all of it."""
        return len(self.message.raw) > MOST_SOURCE

    @cached_property
    def session(self) -> Session | None:
        """The session of the message; None if it is no longer stored."""
        try:
            return self.message.session
        except FakeSMTPError:
            return None

    @property
    def dialogue(self) -> Dialogue | None:
        """The session as a conversation."""
        return Dialogue(self.session) if self.session else None


def read_message(
    row: MessageRow, message: ReceivedMessage, tab: str, *, remote: bool = False
) -> Reading:
    """Return a message with a tab open: by default HTML, or text where there is none."""
    chosen = tab if tab in TABS else "text" if message.html is None else "html"
    return Reading(row, message, chosen, remote)
