"""Which messages a list shows: a search, a mail type, an AppKey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import Depends, Form

from fakesmtp.protocol.credentials import MailType
from fakesmtp.storage.language import parse_query
from fakesmtp.storage.query import All, Equals, Query
from fakesmtp.web.pages.reader import Reader

MAIL_TYPES = tuple(str(each) for each in MailType)


@dataclass(frozen=True, slots=True)
class Filter:
    """The search of a list, as in its address: `/?q=…&type=ad&app_key=…`."""

    q: str = ""
    type: str = ""
    app_key: str = ""

    def __bool__(self) -> bool:
        return bool(self.q or self.type or self.app_key)

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of an address."""
        return asdict(self)

    def query(self, reader: Reader) -> Query:
        """Return what is searched for. Raises `QueryError` for a search that cannot be read."""
        words = [parse_query(self.q, reader.zone)]
        if self.type:
            words.append(Equals("mail_type", self.type))
        if self.app_key:
            words.append(Equals("app_key", self.app_key))
        return All(tuple(each for each in words if each != All()))


def _read_filter(q: str = "", type: str = "", app_key: str = "") -> Filter:  # noqa: A002 - as in the address
    return Filter(q.strip(), type if type in MAIL_TYPES else "", app_key)


def _read_form(
    q: Annotated[str, Form()] = "",
    type: Annotated[str, Form()] = "",  # noqa: A002 - as in the address
    app_key: Annotated[str, Form()] = "",
) -> Filter:
    return _read_filter(q, type, app_key)


#: A parameter of a route: which messages are listed, by its address, or by the form in its body.
AnyFilter = Annotated[Filter, Depends(_read_filter)]
SentFilter = Annotated[Filter, Depends(_read_form)]
