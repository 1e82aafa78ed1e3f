"""Mistyped parameters are refused: a mistyped filter would filter nothing, or something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from http_api import Api

OWN = "/api/fakesmtp/v1"


def test_typing_error_deletes_nothing(api: Api) -> None:
    """Without the check, all messages would be deleted."""
    api.send_message()
    answer = api.ask("DELETE", f"{OWN}/messages?appkey=somebody")
    assert answer.status == 422
    assert answer.json["detail"] == "there is no parameter 'appkey'; did you mean 'app_key'?"
    assert len(api.smtp.messages) == 1


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("messages?q=x", "there is no parameter 'q'; valid are "),
        ("wait?q=x", "there is no parameter 'q'; valid are query, app_key, timeout, since, tz"),
        ("wait?time-out=1", "there is no parameter 'time-out'; did you mean 'timeout'?"),
        ("events?appkey=x", "there is no parameter 'appkey'; did you mean 'app_key'?"),
        ("info?verbose", "there is no parameter 'verbose'; this path has none"),
    ],
)
def test_error_says_what_would_be_right(api: Api, path: str, detail: str) -> None:
    """The error names the nearest parameter, or all of them."""
    answer = api.get(f"{OWN}/{path}")
    assert answer.status == 422
    assert answer.json["detail"].startswith(detail)


def test_parameters_of_the_document_are_known(api: Api) -> None:
    """No parameter that the document has is unknown."""
    document = api.get(f"{OWN}/openapi.json").json
    asked = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            named = [
                each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"
            ]
            if path.startswith(OWN) and not path.endswith("/events") and named:
                query = "&".join(f"{name}=-1" for name in named)
                answer = api.ask(method.upper(), f"{path}?{query}")
                assert "there is no parameter" not in answer.body.decode()
                asked += 1
    assert asked


@pytest.mark.parametrize("path", ["messages", "sessions", "wait", "messages/latest"])
def test_unknown_time_zone(api: Api, path: str) -> None:
    """A mistyped time zone is an error: dates of another zone would find other messages."""
    answer = api.get(f"{OWN}/{path}?query=before:2026-11-27&tz=Asia/Soul")
    assert answer.status == 422
    assert answer.json["detail"] == (
        "tz must be an IANA time zone, not 'Asia/Soul' (example: Asia/Seoul)"
    )
