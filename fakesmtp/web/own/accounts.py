"""Accounts for tests: each has an inbox of its own, on a server that all tests share.

This separates tests. It is not access control: who knows an AppKey can read its messages.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import Response

from fakesmtp.protocol.credentials import MailType
from fakesmtp.storage.shared import SharedAccount
from fakesmtp.text import quote
from fakesmtp.web.accounts import Issued
from fakesmtp.web.answers import Json
from fakesmtp.web.own.bodies import describe_body, read_as
from fakesmtp.web.own.problems import NOT_FOUND, problems
from fakesmtp.web.own.schemas import TTL, AccountIn, AccountOut, AccountsOut
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here

router = APIRouter(prefix=f"{OWN}/accounts", tags=["accounts"], responses=problems(400))

_Wanted = Annotated[AccountIn, Depends(read_as(AccountIn))]
_BODY = describe_body(AccountIn.model_json_schema(), {"ttl": TTL}, required=False)


@router.get("", response_model=AccountsOut)
def list_accounts(here: Here) -> Json:
    """Return the accounts that were issued, without their SecretKeys."""
    return Json({"accounts": [_describe(each) for each in here.accounts.live]})


@router.post("", status_code=201, response_model=AccountOut, openapi_extra=_BODY)
def issue_account(here: Here, wanted: _Wanted) -> Json:
    """Issue an AppKey and a SecretKey with an inbox of its own.

    The account ends with DELETE, or when it was not used for `ttl` seconds.
    """
    account, issued = here.accounts.issue(wanted.ttl)
    return Json(
        {
            **_describe(issued),
            "secret_key": str(account.secret_key),
            "usernames": {each: account.username(each) for each in MailType},
        },
        201,
        {"Cache-Control": "no-store", "Location": f"{OWN}/accounts/{account.app_key}"},
    )


@router.delete("/{app_key}", status_code=204, responses=NOT_FOUND)
def end_account(here: Here, app_key: str) -> Response:
    """End an account: its messages and fault rules are deleted, and it cannot log in again.

    A session that is open goes on, and its later messages stay. Recorded sessions stay until the
    server has too many.
    """
    if not here.accounts.end(app_key):
        raise HTTPException(404, f"the API has not issued the AppKey {quote(app_key)}")
    return Response(status_code=204)


def _describe(issued: Issued | SharedAccount) -> dict[str, object]:
    return {
        "app_key": issued.app_key,
        "ttl": issued.ttl,
        "expires_at": datetime.fromtimestamp(issued.expires, UTC).isoformat(),
    }
