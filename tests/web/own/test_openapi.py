"""The OpenAPI document of our API, its reference page, and requests made from the document."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from http_api import Api, serving
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from fakesmtp import FakeSMTP
from fakesmtp.web.app import make_app
from fakesmtp.web.security.access import Access
from fakesmtp.web.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import APIOperation, Case

OWN = "/api/fakesmtp/v1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server with a message, a refused session and a fault rule."""
    with serving(tmp_path_factory.mktemp("recordings")) as api:
        api.send_message()
        api.fail(b"RCPT TO:<x@y>")
        api.smtp.faults.fail("noop")
        yield api


def make_document() -> dict[str, Any]:
    """Return the document of our API; it needs no running server."""
    app = make_app(Serving(FakeSMTP(), lambda _: None), Access())
    document = app.openapi()
    paths = {path: item for path, item in document["paths"].items() if path.startswith(OWN)}
    return {**document, "paths": paths}


DOCUMENT = make_document()
#: All routes, without the stream of events, which does not end.
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
    if not found.ok().path.endswith("/events")
]


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_requests_made_from_the_document(
    running: Api, operation: APIOperation, mode: GenerationMode
) -> None:
    """Every answer has a status, a content type and a body that the document describes."""

    @settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=HealthCheck)
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        if operation.path.endswith("/wait"):
            case.query = {**(case.query or {}), "timeout": 0}
        case.call_and_validate(
            base_url=running.http.url,
            excluded_checks=[schemathesis.checks.CHECKS.get_one("positive_data_acceptance")],
        )

    with suppress(Unsatisfiable):  # every value is valid
        ask()


def test_the_document_describes_every_route(running: Api) -> None:
    """It is OpenAPI 3.1, and each route has a sentence, a name of its own and its errors."""
    served = running.get(f"{OWN}/openapi.json").json
    assert served["openapi"].startswith("3.1")
    operations = [each for path in DOCUMENT["paths"].values() for each in path.values()]
    assert [each["operationId"] for each in operations if not each.get("description")] == []
    assert [each["operationId"] for each in operations if "422" not in each["responses"]] == []
    names = [each["operationId"] for each in operations]
    assert sorted(set(names)) == sorted(names)


def test_the_document_has_what_openapi_3_1_allows() -> None:
    """A content has the keys of OpenAPI 3.1, so that generators of clients read the document."""
    operations = [each for path in DOCUMENT["paths"].values() for each in path.values()]
    bodies = [each["requestBody"] for each in operations if "requestBody" in each]
    answers = [answer for each in operations for answer in each["responses"].values()]
    contents = [kind for body in bodies + answers for kind in body.get("content", {}).values()]
    assert set().union(*contents) <= {"schema", "example", "examples", "encoding"}


def test_a_fault_rule_has_further_options() -> None:
    """A client that was made from the document can give options that it does not name."""
    body = DOCUMENT["paths"][f"{OWN}/faults"]["post"]["requestBody"]["content"]["application/json"]
    assert not set(body["example"]) <= set(body["schema"]["properties"])
    assert body["schema"]["additionalProperties"] is True


def test_the_reference_is_served_from_files(running: Api) -> None:
    """The page and all that it loads come from this server; its policy allows nothing else."""
    page = running.get(f"{OWN}/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
    assert loaded[0] == "data:,"
    for name in loaded[1:]:
        assert running.get(f"{OWN}/{name}").status == 200
    assert running.get(OWN).status == 307
