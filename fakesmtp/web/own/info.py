"""What the server is."""

from __future__ import annotations

from fastapi import APIRouter

from fakesmtp import __version__
from fakesmtp.web.answers import Json
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here

router = APIRouter(prefix=OWN, tags=["server"])


@router.get("/info")
def show_info(here: Here) -> Json:
    """Return the version and the listeners: the endpoint's port and the local port of each."""
    listeners = [
        {"port": each.port, "local_port": each.local_port, "tls": each.implicit_tls}
        for each in here.smtp.listeners
    ]
    return Json({"name": "fakesmtp", "version": __version__, "listeners": listeners})
