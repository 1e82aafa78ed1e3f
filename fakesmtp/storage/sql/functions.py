"""SQL functions that SQLite and PostgreSQL spell differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler


class contains(FunctionElement[bool]):  # noqa: N801 - a function of SQL
    """`contains(text, part)`: whether a text contains a part, compared character by character."""

    type = Boolean()
    inherit_cache = True


class json_values(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """`json_values(text).table_valued("value")`: the values of a JSON array, as rows of text."""

    type = Text()
    inherit_cache = True


class json_item(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """`json_item(text, index)`: a text in a JSON array of texts."""

    type = Text()
    inherit_cache = True


class json_list(FunctionElement[str]):  # noqa: N801 - a function of SQL
    """`json_list(column)`: all values of a group as a JSON array."""

    type = Text()
    inherit_cache = True


#: How each is written; `{}` are its arguments.
_SPELLINGS: dict[type[FunctionElement[Any]], tuple[str, str]] = {
    contains: ("(instr({}, {}) > 0)", "(strpos({}, {}) > 0)"),
    json_values: ("json_each({})", "json_array_elements_text(({})::json)"),
    json_item: ("json_extract({}, '$[' || {} || ']')", "(({})::json ->> ({})::integer)"),
    json_list: ("json_group_array({})", "coalesce(json_agg({}), '[]')::text"),
}


def _spell(element: type[FunctionElement[Any]], database: str, text: str) -> None:
    @compiles(element, database)
    def _compile(found: FunctionElement[Any], compiler: SQLCompiler, **options: object) -> str:
        return text.format(*(compiler.process(each, **options) for each in found.clauses))


for _element, _texts in _SPELLINGS.items():
    for _database, _text in zip(("sqlite", "postgresql"), _texts, strict=True):
        _spell(_element, _database, _text)
