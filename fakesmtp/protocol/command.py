"""Commands, and the path and parameters of MAIL and RCPT.

The rules are those of the software behind the endpoint, not the grammar of RFC 5321: it strips all
control characters and spaces from both ends of a line, and splits at the first space, never at a
tab.
"""

from __future__ import annotations

from typing import NamedTuple

#: What the software strips from both ends of a line, a path and an address.
BLANKS = "".join(map(chr, range(0x21)))


class Command(NamedTuple):
    """An upper-case verb and the text after the first space, `""` without one."""

    verb: str
    argument: str

    @classmethod
    def parse(cls, line: bytes) -> Command:
        """Parse a command line, with or without line end; bytes above 0x7F become U+FFFD."""
        verb, _, argument = line.decode("ascii", "replace").strip(BLANKS).partition(" ")
        return cls(verb.upper(), argument)


class PathArgument(NamedTuple):
    """The argument of MAIL or RCPT (RFC 5321 §4.1.2): `path` still has its brackets."""

    path: str
    parameters: tuple[str, ...]


def parse_path_argument(argument: str, keyword: str, *, cut_at_last: bool) -> PathArgument | None:
    """Split `FROM:<a@example.com> SIZE=10`; return None without `keyword` and colon.

    The parameters of MAIL begin after the first `>`, those of RCPT after the last (`cut_at_last`),
    in both cases only if a space follows.
    """
    found, colon, rest = argument.partition(":")
    if not colon or found.upper() != keyword:
        return None
    rest = rest.strip(BLANKS)
    end = rest.rfind(">") if cut_at_last else rest.find(">", max(rest.find("<"), 0))
    if end > 0 and rest.startswith(" ", end + 1):
        return PathArgument(rest[: end + 1], tuple(filter(None, rest[end + 2 :].split(" "))))
    return PathArgument(rest, ())


def parse_parameter(parameter: str) -> tuple[str, str]:
    """Split `SIZE=10` into name and value; only a name with a value becomes upper-case."""
    name, equals, value = parameter.partition("=")
    return (name.upper(), value) if name and equals else (parameter, "")


def inside_brackets(path: str) -> str | None:
    """Return the text between `<` and `>` unchanged; None without the brackets.

    Blanks stay: for MAIL, `<>` is the null sender and `< >` is not. `parse_address` strips them.
    """
    if len(path) > 1 and path[0] == "<" and path[-1] == ">":
        return path[1:-1]
    return None
