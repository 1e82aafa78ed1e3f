"""A fake of NHN Cloud Email's SMTP endpoint for tests: it delivers nothing and keeps everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakesmtp.lazy import lazily

if TYPE_CHECKING:
    from fakesmtp.errors import (
        CertificateError,
        ConfigurationError,
        FakeSMTPError,
        MissingExtraError,
        NoMatchingMessage,
        PortTakenError,
        RecordingError,
    )
    from fakesmtp.faults import FaultScript, PlannedFault
    from fakesmtp.inbox import AccountView
    from fakesmtp.keywords import ServerOptions
    from fakesmtp.messages import Attachment, Envelope, ReceivedMessage
    from fakesmtp.protocol.credentials import Account, MailType
    from fakesmtp.protocol.nhn import AS_RECORDED, NHN_CLOUD_EMAIL, Profile
    from fakesmtp.protocol.policy import Policy
    from fakesmtp.server import FakeSMTP
    from fakesmtp.sessions import Session

__version__ = "0.1.0"

__all__ = [
    "AS_RECORDED",
    "NHN_CLOUD_EMAIL",
    "Account",
    "AccountView",
    "Attachment",
    "CertificateError",
    "ConfigurationError",
    "Envelope",
    "FakeSMTP",
    "FakeSMTPError",
    "FaultScript",
    "MailType",
    "MissingExtraError",
    "NoMatchingMessage",
    "PlannedFault",
    "Policy",
    "PortTakenError",
    "Profile",
    "ReceivedMessage",
    "RecordingError",
    "ServerOptions",
    "Session",
]

#: Module of each public name. Importing the package loads none of them: the pytest plugin is part
#: of every test run of its users, also of runs that send no message.
_HOMES = {
    "AS_RECORDED": "protocol.nhn",
    "NHN_CLOUD_EMAIL": "protocol.nhn",
    "Account": "protocol.credentials",
    "AccountView": "inbox",
    "Attachment": "messages",
    "CertificateError": "errors",
    "ConfigurationError": "errors",
    "Envelope": "messages",
    "FakeSMTP": "server",
    "FakeSMTPError": "errors",
    "FaultScript": "faults",
    "MailType": "protocol.credentials",
    "MissingExtraError": "errors",
    "NoMatchingMessage": "errors",
    "PlannedFault": "faults",
    "Policy": "protocol.policy",
    "PortTakenError": "errors",
    "Profile": "protocol.nhn",
    "ReceivedMessage": "messages",
    "RecordingError": "errors",
    "ServerOptions": "keywords",
    "Session": "sessions",
}

__getattr__, __dir__ = lazily(__name__, _HOMES)
