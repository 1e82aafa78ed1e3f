"""fakesmtp for pytest: options, markers, fixtures and report sections."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_fakesmtp.isolation import LateMessageWarning
    from pytest_fakesmtp.keywords import MarkerOptions
    from pytest_fakesmtp.view import FakeSMTPView

__all__ = ["FakeSMTPView", "LateMessageWarning", "MarkerOptions"]

_HOMES = {
    "FakeSMTPView": "view",
    "LateMessageWarning": "isolation",
    "MarkerOptions": "keywords",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used (PEP 562): pytest imports this package always."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pytest_fakesmtp' has no attribute {name!r}")
    return getattr(import_module(f"pytest_fakesmtp.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
