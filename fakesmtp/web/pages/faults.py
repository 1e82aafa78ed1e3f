"""Faults: the rules of the server, switched on and off, and the form of a new one."""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from fakesmtp.errors import ConfigurationError
from fakesmtp.faults.rules import Rule
from fakesmtp.web.pages.errors import PageError
from fakesmtp.web.pages.fault_form import FaultForm
from fakesmtp.web.pages.guard import NeedsToken
from fakesmtp.web.pages.rendering import AnyView, View
from fakesmtp.web.pages.texts import later
from fakesmtp.web.serving import Here, Serving

router = APIRouter()
PARTS = "/page/faults"
#: Forms that are filled in: a text of the catalogue, and the parameters of the address.
EXAMPLES = (
    (later("Refuse advertisements"), "where=mail&what=reply&reply=550+5.7.1+Refused&mail_type=ad"),
    (
        later("Unknown recipient"),
        "where=rcpt&what=reply&reply=550+5.1.1+User+unknown&to=*@blocked.example",
    ),
    (later("Greylisting"), "where=rcpt&what=reply&reply=451+4.7.1+Try+later&times=1&per=recipient"),
    (later("Lose the reply after the message"), "where=end-of-data&what=lose-reply&times=1"),
    (later("Expired certificate"), "where=tls-handshake&what=bad-certificate&certificate=expired"),
    (later("Slow connection"), "where=connect&what=slow-link&bytes_per_second=1000"),
)


class Planned(NamedTuple):
    """A rule as a list shows it."""

    number: int
    rule: Rule
    is_on: bool
    applied: int


@router.get("/faults")
def show_faults(here: Here, view: AnyView, request: Request) -> Response:
    """Show the rules and the form; parameters of the address fill it in."""
    form = FaultForm(dict(request.query_params))
    return view.show(
        "faults/page.html", section="faults", rules=_list(here), form=form, examples=EXAMPLES
    )


@router.get(f"{PARTS}/form")
def show_form(view: AnyView, request: Request) -> Response:
    """Show the form for a stage and a kind, with the values that were entered."""
    return view.show("faults/form.html", form=FaultForm(dict(request.query_params)))


@router.get(f"{PARTS}/sentence")
def show_sentence(view: AnyView, request: Request) -> Response:
    """Show what the rule of the form will do."""
    return view.show("faults/sentence.html", form=FaultForm(dict(request.query_params)))


@router.get(PARTS)
def show_rules(here: Here, view: AnyView) -> Response:
    """Show the rules with their counts."""
    return view.show("faults/rules.html", rules=_list(here))


@router.post(PARTS, dependencies=[NeedsToken])
async def add_rule(here: Here, view: AnyView, request: Request) -> Response:
    """Add the rule of the form."""
    entered = {
        name: value for name, value in (await request.form()).items() if isinstance(value, str)
    }
    try:
        rule = FaultForm(entered).make()
    except ConfigurationError as error:
        raise PageError(422, str(error)) from None
    return await asyncio.to_thread(_plan, here, view, rule)


def _plan(here: Serving, view: View, rule: Rule) -> Response:
    here.faults.add(rule)
    changed = _show_changed(here, view)
    # The list is above the form, and may be out of view. In ASCII, as a header must be.
    notice = {"notice": view.translate(later("The rule is in force"))}
    changed.headers["HX-Trigger"] = json.dumps(notice)
    return changed


@router.post(f"{PARTS}/{{number}}/switch", dependencies=[NeedsToken])
def switch_rule(here: Here, view: AnyView, number: int, *, on: bool) -> Response:
    """Switch a rule on or off."""
    here.faults.switch(_find(here, number), on=on)
    return _show_changed(here, view)


@router.delete(f"{PARTS}/{{number}}", dependencies=[NeedsToken])
def remove_rule(here: Here, view: AnyView, number: int) -> Response:
    """Remove a rule."""
    here.faults.remove(_find(here, number))
    return _show_changed(here, view)


@router.delete(PARTS, dependencies=[NeedsToken])
def remove_rules(here: Here, view: AnyView) -> Response:
    """Remove all rules."""
    here.faults.clear()
    return _show_changed(here, view)


def _show_changed(here: Serving, view: View) -> Response:
    here.faults_changed()
    return view.show("faults/rules.html", rules=_list(here))


def _list(here: Serving) -> list[Planned]:
    script = here.faults
    return [
        Planned(script.number_of(rule), rule, is_on, script.applied(rule))
        for rule, is_on in script.planned
    ]


def _find(here: Serving, number: int) -> Rule:
    script = here.faults
    for rule, _ in script.planned:
        if script.number_of(rule) == number:
            return rule
    raise PageError(404, "this rule is no longer here")
