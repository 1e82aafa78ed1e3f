"""What the server is."""

from __future__ import annotations

from fastapi import APIRouter

from fakesmtp import __version__
from fakesmtp.web.answers import Json
from fakesmtp.web.own.problems import problems
from fakesmtp.web.own.schemas import Info
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here

router = APIRouter(prefix=OWN, tags=["server"], responses=problems())


@router.get("/info", response_model=Info)
def show_info(here: Here) -> Json:
    """Return the version, and where and how SMTP clients connect."""
    listeners = [
        {"port": each.port, "local_port": each.local_port, "tls": each.implicit_tls}
        for each in here.smtp.listeners
    ]
    return Json(
        {
            "name": "fakesmtp",
            "version": __version__,
            "host": here.smtp.host,
            "listeners": listeners,
            "ca_certificate": here.smtp.ca_file.read_text("ascii"),
            "issued_accounts": len(here.accounts.live),
        }
    )
