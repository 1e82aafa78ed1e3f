"""The house stands as `docs/design.md` plans it: its tables of imports, its limits of length."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DESIGN = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
OURS = ("fakesmtp", "pytest_fakesmtp")
LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
PROTOCOL = "fakesmtp/protocol/"
IMPURE = {"asyncio", "select", "selectors", "socket", "ssl", "threading", "time"}
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


class Module(NamedTuple):
    """A source file: its path from the root, its lines and its syntax tree."""

    path: str
    lines: list[str]
    tree: ast.Module


class Import(NamedTuple):
    """One name that a module imports, in full: `fakesmtp.errors.FakeSMTPError`."""

    module: Module
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.module.path}:{self.line} imports {self.name}"


def read_table(heading: str) -> list[list[str]]:
    """The rows of the design page's table under `heading`, each a list of its cells."""
    section = DESIGN.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in lines[2:]]


def read_names(cell: str) -> set[str]:
    """What stands between backticks."""
    return set(re.findall(r"`([^`]+)`", cell))


def read_modules() -> list[Module]:
    """Every source file of ours that is shipped."""
    paths = sorted(
        path for top in ("fakesmtp", "pytest_plugin") for path in ROOT.glob(f"{top}/**/*.py")
    )
    texts = [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths
    ]
    return [Module(path, text.splitlines(), ast.parse(text)) for path, text in texts]


MODULES = read_modules()
ARROWS = {
    next(iter(read_names(room))): None if arrows == "everything" else read_names(arrows)
    for room, _, arrows in read_table("## Rooms")
}
LIBRARIES = {
    library: read_names(places)
    for libraries, _, places in read_table("### Libraries")
    for library in read_names(libraries)
}


def stands_in(path: str, place: str) -> bool:
    """Whether the file is `place`, or lies in it when that is a folder."""
    return path.startswith(place) if place.endswith("/") else path == place


def room_of(module: Module) -> str | None:
    """The row of the table of rooms that a module belongs to."""
    return next((room for room in ARROWS if stands_in(module.path, room)), None)


def name_room(room: str) -> str:
    """The name that arrows have for a room: `fakesmtp/messages/` is `mail`."""
    name = room.strip("/").removesuffix(".py").removesuffix("/__init__")
    return name.rpartition("/")[2]


def target_of(imported: Import) -> str:
    """The name of the room that an import of ours leads into."""
    parts = imported.name.split(".")
    rooms = {name_room(room) for room in ARROWS if room.startswith("fakesmtp/")}
    return parts[1] if parts[0] == "fakesmtp" and parts[1:2] and parts[1] in rooms else parts[0]


def resolve(node: ast.ImportFrom, path: str) -> str:
    """The full name of the module that names are imported from, also for `from . import`."""
    package = Path(path.removeprefix("pytest_plugin/")).parts[: -node.level]
    return ".".join([*(package if node.level else ()), *([node.module] if node.module else [])])


def imports_of(module: Module) -> Iterator[Import]:
    """Every import of a module, wherever it stands."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(module, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve(node, module.path)
            yield from (
                Import(module, node.lineno, f"{source}.{alias.name}") for alias in node.names
            )


def all_imports() -> Iterator[Import]:
    """Every import of every module."""
    return (found for module in MODULES for found in imports_of(module))


def top_of(imported: Import) -> str:
    """The name an import starts with: the library it is of."""
    return imported.name.split(".")[0]


def may_lead(imported: Import) -> bool:
    """Whether the table of rooms has the arrow of an import."""
    room = room_of(imported.module)
    arrows = ARROWS[room] if room else set()
    return arrows is None or target_of(imported) in arrows | {name_room(room or "")}


def may_use(imported: Import) -> bool:
    """Whether the table of libraries lists a library for the place that imports it."""
    places = LIBRARIES.get(top_of(imported), set())
    return any(stands_in(imported.module.path, place) for place in places)


def functions() -> Iterator[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function, with the module it stands in."""
    for module in MODULES:
        yield from ((module, node) for node in ast.walk(module.tree) if isinstance(node, Function))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function from `def` to its end, its docstring aside."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def report(wrong: list[str]) -> str:
    """What a failing test says: one broken rule a line."""
    return "\n".join(wrong)


def test_every_module_has_a_room() -> None:
    """Each module stands in a room of the design page."""
    assert len(MODULES) > 1
    homeless = [module.path for module in MODULES if room_of(module) is None]
    assert not homeless, report(homeless)


def test_arrows() -> None:
    """A room imports of ours only what the table of rooms allows it."""
    ours = [found for found in all_imports() if top_of(found) in OURS]
    wrong = [str(found) for found in ours if not may_lead(found)]
    assert not wrong, report(wrong)


def test_libraries() -> None:
    """A library is imported only where the table of libraries allows it."""
    anywhere = sys.stdlib_module_names - LIBRARIES.keys() | {"__future__", *OURS}
    libraries = [found for found in all_imports() if top_of(found) not in anywhere]
    wrong = [str(found) for found in libraries if not may_use(found)]
    assert not wrong, report(wrong)


def test_the_protocol_is_pure() -> None:
    """The protocol knows no socket, no clock and no thread."""
    impure = [found for found in all_imports() if top_of(found) in IMPURE]
    wrong = [str(found) for found in impure if stands_in(found.module.path, PROTOCOL)]
    assert not wrong, report(wrong)


def test_modules_are_short() -> None:
    """A module has at most 400 lines."""
    lengths = [(len(module.lines), module.path) for module in MODULES]
    wrong = [f"{path} has {lines} lines" for lines, path in lengths if lines > LONGEST_MODULE]
    assert not wrong, report(wrong)


def test_functions_are_short() -> None:
    """A function has at most 40 lines, its docstring aside."""
    lengths = [(length(node), f"{module.path}:{node.lineno}") for module, node in functions()]
    wrong = [f"{place} has {lines} lines" for lines, place in lengths if lines > LONGEST_FUNCTION]
    assert not wrong, report(wrong)
