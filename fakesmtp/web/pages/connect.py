"""Connect: settings of clients, the CA, and test messages."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from fakesmtp.protocol.credentials import MailType
from fakesmtp.web.pages.clients import CLIENTS, make_settings
from fakesmtp.web.pages.errors import PageError
from fakesmtp.web.pages.files import dispose
from fakesmtp.web.pages.filters import MAIL_TYPES
from fakesmtp.web.pages.guard import NeedsToken
from fakesmtp.web.pages.rendering import AnyView, View
from fakesmtp.web.pages.trial import send_sample
from fakesmtp.web.serving import Here, Serving

router = APIRouter()
PARTS = "/page/connect"
_Type = Annotated[str, Query(alias="type")]


@router.get("/connect")
def show_connect(
    here: Here, view: AnyView, client: str = "", mail_type: _Type = "", port: int = 0
) -> Response:
    """Show how clients connect to this server."""
    shown = _describe(here, view, client=client, mail_type=mail_type, port=port)
    return view.show("connect/page.html", section="connect", **shown)


@router.get(f"{PARTS}/client")
def show_client(
    here: Here, view: AnyView, client: str = "", mail_type: _Type = "", port: int = 0
) -> Response:
    """Show the settings of a client, without the SecretKey."""
    shown = _describe(here, view, client=client, mail_type=mail_type, port=port)
    return view.show("connect/settings.html", **shown)


@router.post(f"{PARTS}/secret", dependencies=[NeedsToken])
def show_secret(
    here: Here, view: AnyView, client: str = "", mail_type: _Type = "", port: int = 0
) -> Response:
    """Show the settings of a client with the SecretKey."""
    shown = _describe(here, view, client=client, mail_type=mail_type, port=port, is_shown=True)
    return view.show("connect/settings.html", **shown)


@router.post(f"{PARTS}/try", dependencies=[NeedsToken])
def send_test_message(here: Here, view: AnyView, mail_type: _Type) -> Response:
    """Send a test message over SMTP; show what came of it."""
    if mail_type not in MAIL_TYPES:
        raise PageError(422, "the mail type must be normal, auth or ad")
    return view.show("connect/tried.html", trial=send_sample(here, MailType(mail_type)))


@router.get("/ca.pem")
def download_ca(here: Here) -> Response:
    """Return the certificate of the CA."""
    headers = {"Content-Disposition": dispose("ca.pem"), "X-Content-Type-Options": "nosniff"}
    here.smtp.client_context()  # makes the CA where there is none yet
    content = here.smtp.ca_file.read_bytes()
    return Response(content, media_type="application/x-pem-file", headers=headers)


def _describe(here: Serving, view: View, **chosen: Any) -> dict[str, Any]:  # noqa: ANN401 - of `make_settings`
    return {
        "settings": make_settings(here, view, **chosen),
        "clients": CLIENTS,
        "mail_types": MAIL_TYPES,
        "listeners": here.smtp.listeners,
        "host": here.smtp.host,
    }
