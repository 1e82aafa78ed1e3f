"""The code follows the tables and limits of `docs/design.md`."""

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
    """Return the rows of the table under `heading` of the design page, each a list of cells."""
    section = DESIGN.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in lines[2:]]


def read_names(cell: str) -> set[str]:
    """Return the texts between backticks."""
    return set(re.findall(r"`([^`]+)`", cell))


def read_modules() -> list[Module]:
    """Return every source file that is shipped."""
    paths = sorted(
        path for top in ("fakesmtp", "pytest_plugin") for path in ROOT.glob(f"{top}/**/*.py")
    )
    texts = [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths
    ]
    return [Module(path, text.splitlines(), ast.parse(text)) for path, text in texts]


MODULES = read_modules()
PACKAGES = read_table("## Packages")
#: The names that a package may import; None means all.
ALLOWED = {
    next(iter(read_names(package))): None if names == "everything" else read_names(names)
    for package, _, names in PACKAGES
}
LIBRARIES = {
    library: read_names(places)
    for libraries, _, places in read_table("### Libraries")
    for library in read_names(libraries)
}


def is_in(path: str, place: str) -> bool:
    """Return whether the file is `place`, or is in the folder `place`."""
    return path.startswith(place) if place.endswith("/") else path == place


def package_of(module: Module) -> str | None:
    """Return the row of the table of packages that a module belongs to."""
    return next((package for package in ALLOWED if is_in(module.path, package)), None)


def name_of(package: str) -> str:
    """Return the name of a package in the last column: `messages` for `fakesmtp/messages/`."""
    name = package.strip("/").removesuffix(".py").removesuffix("/__init__")
    return name.rpartition("/")[2]


def target_of(imported: Import) -> str:
    """Return the name of our package that is imported."""
    parts = imported.name.split(".")
    names = {name_of(package) for package in ALLOWED if package.startswith("fakesmtp/")}
    return parts[1] if parts[0] == "fakesmtp" and parts[1:2] and parts[1] in names else parts[0]


def resolve(node: ast.ImportFrom, path: str) -> str:
    """Return the full name of the module that is imported from, also for `from . import`."""
    package = Path(path.removeprefix("pytest_plugin/")).parts[: -node.level]
    return ".".join([*(package if node.level else ()), *([node.module] if node.module else [])])


def imports_of(module: Module) -> Iterator[Import]:
    """Yield every import of a module, at any level."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Import(module, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve(node, module.path)
            yield from (
                Import(module, node.lineno, f"{source}.{alias.name}") for alias in node.names
            )


def all_imports() -> Iterator[Import]:
    """Yield every import of every module."""
    return (found for module in MODULES for found in imports_of(module))


def top_of(imported: Import) -> str:
    """Return the first part of an imported name: its library."""
    return imported.name.split(".")[0]


def is_allowed(imported: Import) -> bool:
    """Return whether the table of packages allows an import of ours."""
    package = package_of(imported.module)
    names = ALLOWED[package] if package else set()
    return names is None or target_of(imported) in names | {name_of(package or "")}


def is_library_allowed(imported: Import) -> bool:
    """Return whether the table of libraries allows the library in the importing module."""
    places = LIBRARIES.get(top_of(imported), set())
    return any(is_in(imported.module.path, place) for place in places)


def functions() -> Iterator[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield every function with its module."""
    for module in MODULES:
        yield from ((module, node) for node in ast.walk(module.tree) if isinstance(node, Function))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function from `def` to its end, without its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def report(wrong: list[str]) -> str:
    """Return the message of a failed test: one line for each broken rule."""
    return "\n".join(wrong)


def test_every_module_belongs_to_a_package() -> None:
    """Each module belongs to a row of the table of packages."""
    assert len(MODULES) > 1
    wrong = [module.path for module in MODULES if package_of(module) is None]
    assert not wrong, report(wrong)


def named_paths() -> Iterator[str]:
    """Yield the path of each row of the table of packages, and of each module that it names."""
    for package, job, _ in PACKAGES:
        (path,) = read_names(package)
        yield path
        yield from (f"{path}{name}" for name in read_names(job) if re.fullmatch(r"\w+\.py", name))


def test_table_names_existing_modules() -> None:
    """Each package and module of the table of packages exists."""
    wrong = [path for path in named_paths() if not (ROOT / path).exists()]
    assert not wrong, report(wrong)


def test_imports() -> None:
    """A package imports only those packages of ours that the table allows."""
    ours = [found for found in all_imports() if top_of(found) in OURS]
    wrong = [str(found) for found in ours if not is_allowed(found)]
    assert not wrong, report(wrong)


def test_libraries() -> None:
    """A library is imported only where the table of libraries allows it."""
    anywhere = sys.stdlib_module_names - LIBRARIES.keys() | {"__future__", *OURS}
    libraries = [found for found in all_imports() if top_of(found) not in anywhere]
    wrong = [str(found) for found in libraries if not is_library_allowed(found)]
    assert not wrong, report(wrong)


def test_table_has_no_unused_library() -> None:
    """Each library of the table is imported somewhere."""
    unused = LIBRARIES.keys() - {top_of(found) for found in all_imports()}
    assert unused == set()


def test_protocol_is_pure() -> None:
    """The protocol imports no sockets, clocks or threads."""
    impure = [found for found in all_imports() if top_of(found) in IMPURE]
    wrong = [str(found) for found in impure if is_in(found.module.path, PROTOCOL)]
    assert not wrong, report(wrong)


def test_modules_are_short() -> None:
    """A module has at most 400 lines."""
    lengths = [(len(module.lines), module.path) for module in MODULES]
    wrong = [f"{path} has {lines} lines" for lines, path in lengths if lines > LONGEST_MODULE]
    assert not wrong, report(wrong)


def test_functions_are_short() -> None:
    """A function has at most 40 lines, without its docstring."""
    lengths = [(length(node), f"{module.path}:{node.lineno}") for module, node in functions()]
    wrong = [f"{place} has {lines} lines" for lines, place in lengths if lines > LONGEST_FUNCTION]
    assert not wrong, report(wrong)


def dotted_name(path: str) -> str:
    """Return the dotted name of a module."""
    parts = Path(path.removeprefix("pytest_plugin/")).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules() -> dict[str, set[str]]:
    """Return the modules of ours that each module imports."""
    names = {dotted_name(module.path) for module in MODULES}
    graph: dict[str, set[str]] = {name: set() for name in names}
    for imported in all_imports():
        targets = {imported.name, imported.name.rpartition(".")[0]} & names
        if targets:
            graph[dotted_name(imported.module.path)].add(max(targets, key=len))
    return graph


def test_imports_have_no_cycles() -> None:
    """No module imports itself through other modules, not even for type checking."""
    left = imported_modules()
    while ready := {name for name, needs in left.items() if not needs & left.keys() - {name}}:
        left = {name: needs for name, needs in left.items() if name not in ready}
    assert sorted(left) == []
