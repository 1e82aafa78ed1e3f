"""The types of the errors: each is also a built-in error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakesmtp import errors


def as_value_error(error: errors.ConfigurationError) -> ValueError:
    """Catch a wrong option as a ValueError."""
    return error


def as_os_error(error: errors.PortTakenError) -> OSError:
    """Catch a port in use as an OSError."""
    return error


def as_import_error(error: errors.MissingExtraError) -> ImportError:
    """Catch a missing extra as an ImportError."""
    return error


def as_assertion_error(error: errors.NoMatchingMessage) -> AssertionError:
    """Catch a missing message as an AssertionError."""
    return error
