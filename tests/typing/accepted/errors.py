"""What a type checker knows of the errors: each is also the built-in error it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp import errors


def as_value_error(error: errors.ConfigurationError) -> ValueError:
    """A wrong option is caught as a ValueError."""
    return error


def as_os_error(error: errors.PortTakenError) -> OSError:
    """A taken port is caught as an OSError."""
    return error


def as_import_error(error: errors.MissingExtraError) -> ImportError:
    """A missing extra is caught as an ImportError."""
    return error


def as_assertion_error(error: errors.NoMatchingMessage) -> AssertionError:
    """A message that did not arrive fails a test as an AssertionError."""
    return error
