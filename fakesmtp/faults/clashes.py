"""Options of one rule that do not go together: it would never apply, or one of them does nothing.

A test with such a rule would test something else than its author thinks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fakesmtp.faults.schedule import COUNTING, PER
from fakesmtp.faults.stages import list_stages
from fakesmtp.faults.values import RuleError
from fakesmtp.protocol.nhn import ENDPOINT_PORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fakesmtp.faults.keywords import FaultOptions
    from fakesmtp.faults.stages import Stage

#: What cannot be beside `nth`, and what would be right.
_BESIDE_NTH: Mapping[str, Callable[[int, int], str]] = {
    "every": lambda *_: "nth is one time, every is many; give one of them",
    "after": lambda nth, after: (
        f"nth counts from the first time; leave out after, or write nth = {nth + after}"
    ),
    "times": lambda *_: "nth is one time; leave out times",
    "over_rate": lambda *_: "one time is never above a rate; leave out nth",
}


def check_clashes(stage: Stage, options: FaultOptions) -> None:
    """Raise `RuleError` for options that do not go together. Their values are valid."""
    _check_probability(options)
    _check_nth(options)
    _check_after(options)
    _check_per(stage, options)
    _check_tls(options)


def _check_probability(options: FaultOptions) -> None:
    if ("probability" in options) != ("seed" in options):
        given_alone = "probability" if "probability" in options else "seed"
        raise RuleError(
            f"probability and seed belong together, but only {given_alone} is given", given_alone
        )


def _check_nth(options: FaultOptions) -> None:
    given = cast("Mapping[str, Any]", options)
    other = next((name for name in _BESIDE_NTH if "nth" in given and name in given), None)
    if other is not None:
        right = _BESIDE_NTH[other](given["nth"], given[other])
        both = f"nth = {given['nth']} and {other} = {given[other]}"
        raise RuleError(f"{both} do not go together: {right}", other)


def _check_after(options: FaultOptions) -> None:
    after, every = options.get("after", 0), options.get("every", 1)
    if 0 < after < every:
        raise RuleError(
            f"after = {after} does nothing beside every = {every}, which also counts from the "
            "first time; leave out after",
            "after",
        )


def _check_per(stage: Stage, options: FaultOptions) -> None:
    per = options.get("per", "rule")
    if stage not in PER[per].stages:
        valid = list_stages(PER[per].stages)
        raise RuleError(f"per = '{per}' is not possible at {stage}; it is at {valid}", "per")
    if per != "rule" and COUNTING.keys().isdisjoint(options):
        raise RuleError(
            f"per = '{per}' counts nothing by itself: leave it out, or add one of "
            f"{', '.join(COUNTING)}",
            "per",
        )


def _check_tls(options: FaultOptions) -> None:
    port = options.get("port")
    if port is not None and ENDPOINT_PORTS[port] and options.get("tls") is False:
        raise RuleError(
            f"tls = false never matches on port {port}, which starts with TLS; leave out one of "
            "them",
            "tls",
        )
