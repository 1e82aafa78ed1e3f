"""The planned faults of the server."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from fakesmtp.faults.explain import explain
from fakesmtp.faults.loading import read_table
from fakesmtp.faults.rules import Rule
from fakesmtp.tables import TableError, parse_json
from fakesmtp.web.answers import Json
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here, Serving

router = APIRouter(prefix=f"{OWN}/faults", tags=["faults"])


@router.get("")
def list_faults(here: Here) -> Json:
    """Return the rules in order, in the form that PUT accepts, and how often each was applied."""
    return Json({"faults": [_describe(here, rule) for rule in here.smtp.faults.rules]})


@router.put("")
async def replace_faults(here: Here, request: Request) -> Json:
    """Replace all rules by those of a table; invalid rules change nothing."""
    rules = read_table(_parse(await request.body()))
    here.smtp.faults.replace(rules)
    here.planned(rules)
    return list_faults(here)


@router.delete("", status_code=204)
def delete_faults(here: Here) -> Response:
    """Remove all rules."""
    here.smtp.faults.clear()
    here.planned(())
    return Response(status_code=204)


def _describe(here: Serving, rule: Rule) -> dict[str, object]:
    return {
        "fault": _options_of(rule),
        "means": explain(rule),
        "applied": here.smtp.faults.applied(rule),
    }


def _options_of(rule: Rule) -> dict[str, object]:
    options: dict[str, object] = {"name": rule.name, "where": rule.where, "what": rule.what}
    options.update(rule.options)
    if "headers" in rule.options:
        options["headers"] = dict(rule.options["headers"])
    return options


def _parse(body: bytes) -> object:
    try:
        return parse_json(body)
    except TableError as error:
        raise HTTPException(400, f"the body is not valid JSON: {error}") from None
