"""What is read of a message's bytes, each part once, when it is first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from fakesmtp.messages.decoding import decode_header
from fakesmtp.messages.extraction import read_page
from fakesmtp.messages.headers import read_header
from fakesmtp.messages.links import find_urls
from fakesmtp.messages.parts import read_contents

if TYPE_CHECKING:
    from email.message import EmailMessage

    from fakesmtp.messages.extraction import Page
    from fakesmtp.messages.parts import Contents


class MessageReader:
    """Header fields, contents and links of one message; never fails."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All header fields in order, as pairs of name and decoded value."""
        return tuple((name, decode_header(value)) for name, value in read_header(self._raw).fields)

    def values(self, wanted: str) -> list[str]:
        """Return the decoded values of the header fields of a name, in any case."""
        fields = read_header(self._raw).fields
        return [decode_header(value) for name, value in fields if name.lower() == wanted.lower()]

    @cached_property
    def contents(self) -> Contents:
        """Text, HTML and attachments together, and the bodies that have a file name."""
        return read_contents(self._raw)

    @cached_property
    def page(self) -> Page | None:
        """What a reader sees of the HTML, and its links; None without HTML."""
        html = self.contents.html
        return None if html is None else read_page(html)

    @property
    def links(self) -> tuple[str, ...]:
        """The URLs of the text and the targets of the HTML's links, in order, each once."""
        links = find_urls(self.contents.text or "")
        links += self.page.links if self.page else ()
        return tuple(dict.fromkeys(links))

    @cached_property
    def parsed(self) -> EmailMessage:
        """The message as parsed by the standard library."""
        # only for those who use `parsed`: the library's parser takes time to load
        from fakesmtp.messages.parsed import parse  # noqa: PLC0415

        return parse(self._raw)
