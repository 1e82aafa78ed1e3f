"""The planned faults of the server, each with a number of its own."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from fakesmtp.faults.account import AccountFaults
from fakesmtp.faults.explain import explain
from fakesmtp.faults.kinds import KINDS
from fakesmtp.faults.loading import options_of, read_table
from fakesmtp.faults.rules import Rule
from fakesmtp.faults.script import FaultScript
from fakesmtp.faults.stages import Stage
from fakesmtp.web.answers import Json
from fakesmtp.web.own.bodies import JsonBody, describe_body
from fakesmtp.web.own.parameters import AppKey
from fakesmtp.web.own.problems import NOT_FOUND, problems
from fakesmtp.web.own.schemas import FaultOut, FaultsOut
from fakesmtp.web.paths import OWN
from fakesmtp.web.serving import Here, Serving

router = APIRouter(prefix=f"{OWN}/faults", tags=["faults"], responses=problems(400))

_FAULT = {
    "type": "object",
    "required": ["where"],
    "properties": {
        "where": {"enum": [str(stage) for stage in Stage]},
        "what": {"enum": list(KINDS)},
        "name": {"type": "string"},
    },
    # Generators of typed clients take an object without it as one without further keys.
    "additionalProperties": True,
    "description": "A fault rule: docs/faults.md has all options.",
}
_TABLE = {
    "type": "object",
    "properties": {
        "fault": {"type": "array", "items": _FAULT},
        "limits": {"type": "object", "additionalProperties": True},
        "seed": {"type": "integer"},
    },
    "additionalProperties": False,
}
_EXAMPLE = {"where": "rcpt", "what": "drop", "times": 1}
_ONE = describe_body(_FAULT, _EXAMPLE)
_ALL = describe_body(_TABLE, {"fault": [_EXAMPLE]})


@router.get("", response_model=FaultsOut)
def list_faults(here: Here, app_key: AppKey = None) -> Json:
    """Return the rules in order, each with how often it was applied."""
    script = faults_of(here, app_key)
    return Json({"faults": describe_rules(script)})


@router.post("", status_code=201, response_model=FaultOut, openapi_extra=_ONE)
def add_fault(here: Here, fault: JsonBody, app_key: AppKey = None) -> Json:
    """Append a rule."""
    script = faults_of(here, app_key)
    added = script.plan(_read_one(fault)).rule
    here.faults_changed()
    described = _describe(script, added)
    return Json(described, 201, {"Location": f"{OWN}/faults/{described['id']}"})


@router.put("", response_model=FaultsOut, openapi_extra=_ALL)
def replace_faults(here: Here, table: JsonBody, app_key: AppKey = None) -> Json:
    """Replace all rules by those of a table; invalid rules change nothing.

    A rule that was there before keeps its number and its counters.
    """
    faults_of(here, app_key).replace(read_table(table))
    here.faults_changed()
    return list_faults(here, app_key)


@router.delete("", status_code=204)
def delete_faults(here: Here, app_key: AppKey = None) -> Response:
    """Remove all rules."""
    faults_of(here, app_key).clear()
    here.faults_changed()
    return Response(status_code=204)


@router.get("/{fault_id}", response_model=FaultOut, responses=NOT_FOUND)
def show_fault(here: Here, fault_id: int) -> Json:
    """Return one rule."""
    return Json(_describe(here.faults, _find(here, fault_id)))


@router.put("/{fault_id}", response_model=FaultOut, responses=NOT_FOUND, openapi_extra=_ONE)
def change_fault(here: Here, fault_id: int, fault: JsonBody) -> Json:
    """Put another rule in the place of one, with the same id and with new counters."""
    wanted = _read_one(fault)
    here.faults.change(_find(here, fault_id), wanted)
    here.faults_changed()
    return show_fault(here, fault_id)


@router.delete("/{fault_id}", status_code=204, responses=NOT_FOUND)
def delete_fault(here: Here, fault_id: int) -> Response:
    """Remove one rule."""
    here.faults.remove(_find(here, fault_id))
    here.faults_changed()
    return Response(status_code=204)


def faults_of(here: Serving, app_key: str | None) -> FaultScript:
    """Return the fault rules of one AppKey; None: all."""
    whole = here.faults
    return whole if app_key is None else AccountFaults(whole, app_key)


def _find(here: Serving, fault_id: int) -> Rule:
    script = here.faults
    found = next((rule for rule in script.rules if script.number_of(rule) == fault_id), None)
    if found is None:
        raise HTTPException(404, f"there is no fault with the id {fault_id}")
    return found


def _read_one(fault: object) -> Rule:
    (rule,) = read_table({"fault": [fault]})
    return rule


def describe_rules(script: FaultScript) -> list[dict[str, Any]]:
    """Return all rules of a script for JSON, in order."""
    return [_describe(script, rule) for rule in script.rules]


def _describe(script: FaultScript, rule: Rule) -> dict[str, Any]:
    return {
        "id": script.number_of(rule),
        "fault": options_of(rule),
        "means": explain(rule),
        "applied": script.applied(rule),
    }
