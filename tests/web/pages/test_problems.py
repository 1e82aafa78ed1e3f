"""Why a rule, a search or a file is wrong, in Korean: each sentence has a translation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.faults.kinds import KINDS
from fakesmtp.faults.stages import Stage
from fakesmtp.messages import mime
from fakesmtp.messages.mime import split_message
from fakesmtp.messages.parts import read_attachment
from fakesmtp.storage.language import PREFIXES, parse_query
from fakesmtp.storage.session_search import SESSION_PREFIXES, parse_session_query
from fakesmtp.storage.words import QueryError
from fakesmtp.web.pages.fault_form import ENTRIES, FaultForm
from fakesmtp.web.pages.sentences import Sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KOREAN = Sentences("ko")
#: Inputs that do not go together at MAIL.
CLASHES = (
    *({"nth": "2", each: "3"} for each in ("every", "after", "times", "over_rate")),
    *({"after": "2", "every": "3"}, {"per": "account"}, {"per": "recipient", "times": "1"}),
    *({"port": "465", "tls": "false"}, {"between": "00:00-00:00"}, {"probability": "0.5"}),
)


def problems_of_rules() -> Iterator[str]:
    """Give why the form makes no rule, for wrong values of each input at each stage."""
    for where in Stage:
        for kind in KINDS.values():
            if where not in kind.stages:
                continue
            given = {"where": str(where), "what": kind.name}
            yield FaultForm(given).problem
            for name in [*ENTRIES, "name"]:
                values = ("-1", "451 5.1.1 no", "/(/", "X-One:", "9" * 20, "3-2", "a" * 201)
                yield from (FaultForm({**given, name: value}).problem for value in values)
    clashing = [FaultForm({"where": "mail", "what": "drop", **each}).problem for each in CLASHES]
    assert all(clashing)
    yield from clashing


def problems_of_searches() -> Iterator[str]:
    """Give why a search cannot be read, for wrong values of each word."""
    yield from map(problem_of(parse_query), ("x" * 5_000, "a " * 101, "\u0300", "header:="))
    for parse, words in ((parse_query, PREFIXES), (parse_session_query, SESSION_PREFIXES)):
        for word in words:
            wrong = (f"{word}:{value}" for value in ("", "?", "\u0300", "2026-99-99", "0"))
            yield from map(problem_of(parse), wrong)


def problem_of(parse: Callable[[str], object]) -> Callable[[str], str]:
    """Return a function that gives why a search cannot be read; `""` if it can."""

    def explain(text: str) -> str:
        try:
            parse(text)
        except QueryError as error:
            return str(error)
        return ""

    return explain


def problems_of_files() -> Iterator[str]:
    """Give what is wrong with files of a message."""
    yield from (each for each in (mime._TOO_MANY, mime._TOO_DEEP))  # noqa: SLF001 - the texts
    part = b"Content-Type: a/b\r\nContent-Transfer-Encoding: %s\r\n\r\nx"
    for encoding in (b"base64", b"x-zip"):
        yield read_attachment(split_message(part % encoding).parts[0]).problem or ""


def test_every_problem() -> None:
    """Why a rule, a search or a file is wrong is in Korean."""
    found = {*problems_of_rules(), *problems_of_searches(), *problems_of_files()} - {""}
    assert len(found) > 100
    shown = ((each, KOREAN.translate("problem", each)) for each in found)
    assert sorted(each for each, sentence in shown if sentence.language != "ko") == []
