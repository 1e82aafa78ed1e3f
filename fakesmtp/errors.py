"""Errors that fakesmtp raises: each states what is wrong, then what would be right."""

from __future__ import annotations

from contextlib import suppress


class FakeSMTPError(Exception):
    """Base class of every error that fakesmtp raises on purpose."""


class ConfigurationError(FakeSMTPError, ValueError):
    """An option, a file or an environment variable has an invalid value."""


class PortTakenError(FakeSMTPError, OSError):
    """A local port cannot be bound."""


class CertificateError(FakeSMTPError):
    """A certificate or key cannot be created, read or written."""


class MissingExtraError(FakeSMTPError, ImportError):
    """A feature needs optional libraries that are not installed."""


class RecordingError(FakeSMTPError, ValueError):
    """A recording cannot be written, found, read or used."""


class StoreError(FakeSMTPError):
    """A store could not be opened, read or written."""


class MissingStoreError(StoreError):
    """There is no store at an address."""


class UnwritableStoreError(StoreError):
    """A store's file, or its folder, may not be written by this user."""


class NoMatchingMessage(FakeSMTPError, AssertionError):  # noqa: N818 - a failed assertion, not a fault
    """No matching message arrived in time, or one arrived that should not have."""


def forget_values(error: BaseException | None) -> None:
    """Clear the variables of our frames in a traceback: they could hold a SecretKey of a client."""
    while error is not None:
        trace, error = error.__traceback__, error.__context__
        while trace is not None:
            # A script that is run directly has None.
            package = trace.tb_frame.f_globals.get("__package__") or ""
            if package.startswith("fakesmtp."):
                with suppress(RuntimeError):  # the frame is still running
                    trace.tb_frame.clear()
            trace = trace.tb_next
