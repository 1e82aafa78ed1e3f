"""The errors that fakesmtp raises: each says what was wrong and what would be right."""

from __future__ import annotations

from contextlib import suppress


class FakeSMTPError(Exception):
    """The parent of every error that fakesmtp raises on purpose."""


class ConfigurationError(FakeSMTPError, ValueError):
    """An option, a file or a variable holds something it may not hold."""


class PortTakenError(FakeSMTPError, OSError):
    """A listener's port could not be bound."""


class CertificateError(FakeSMTPError):
    """A certificate or key could not be made, read or written."""


class MissingExtraError(FakeSMTPError, ImportError):
    """A feature was used whose optional libraries are not installed."""


class RecordingError(FakeSMTPError, ValueError):
    """A recorded session could not be written, found, read or used."""


class StoreError(FakeSMTPError):
    """A store could not be opened, read or written."""


class UnwritableStoreError(StoreError):
    """A store's file, or its folder, may not be written by this user."""


class NoMatchingMessage(FakeSMTPError, AssertionError):  # noqa: N818 - a failed assertion, not a fault
    """No message that fits arrived in time (or one did that should not have)."""


def forget_values(error: BaseException | None) -> None:
    """Clear the variables in our frames of a traceback: what a client sent may be a SecretKey."""
    while error is not None:
        trace, error = error.__traceback__, error.__context__
        while trace is not None:
            if trace.tb_frame.f_globals.get("__package__", "").startswith("fakesmtp."):
                with suppress(RuntimeError):  # it is still running
                    trace.tb_frame.clear()
            trace = trace.tb_next
