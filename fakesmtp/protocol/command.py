"""What the client says: a `Command`, and the path and parameters of MAIL and RCPT.

The rules are those of the software behind the endpoint, not of RFC 5321's grammar: it strips every
control character off both ends of a line, splits at the first space, and never at a tab.
"""

from __future__ import annotations

from typing import NamedTuple

#: What the software strips off both ends of a line, a path and an address.
BLANKS = "".join(map(chr, range(0x21)))


class Command(NamedTuple):
    """A verb in capitals and what follows the first space behind it (`""` when nothing does)."""

    verb: str
    argument: str

    @classmethod
    def parse(cls, line: bytes) -> Command:
        """Read a command line, with or without its line end; bytes above 0x7F become U+FFFD."""
        verb, _, argument = line.decode("ascii", "replace").strip(BLANKS).partition(" ")
        return cls(verb.upper(), argument)


class PathArgument(NamedTuple):
    """The argument of MAIL or RCPT (RFC 5321 §4.1.2): `path` still has its brackets."""

    path: str
    parameters: tuple[str, ...]


def parse_path_argument(argument: str, keyword: str, *, cut_at_last: bool) -> PathArgument | None:
    """Split `FROM:<a@example.com> SIZE=10`; None when `keyword` and colon are not there.

    MAIL cuts its parameters off behind the first `>`, RCPT behind the last one (`cut_at_last`),
    and both only where a space follows it.
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
    """Split `SIZE=10` into name and value; a name is put in capitals only when it has a value."""
    name, equals, value = parameter.partition("=")
    return (name.upper(), value) if name and equals else (parameter, "")


def inside_brackets(path: str) -> str | None:
    """Return what stands between `<` and `>`, as it is; None without the brackets.

    Blanks stay: to MAIL, `<>` is the null sender and `< >` is not. `parse_address` strips them.
    """
    if len(path) > 1 and path[0] == "<" and path[-1] == ">":
        return path[1:-1]
    return None
