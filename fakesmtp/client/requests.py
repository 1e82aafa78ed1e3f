"""Requests to our API, and its errors as exceptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from fakesmtp.errors import ConfigurationError, FakeSMTPError, MissingExtraError

try:
    import httpx
except ImportError as error:  # the extra is not installed
    message = "the client needs httpx: pip install 'fakesmtp[client]' installs it"
    raise MissingExtraError(message) from error

if TYPE_CHECKING:
    from collections.abc import Mapping

_OWN = "/api/fakesmtp/v1"
_NOT_FOUND = 404
#: Paths that every fakesmtp has: a 404 for one of them is of another program.
_ALWAYS = frozenset({"/accounts", "/faults", "/info", "/messages", "/sessions"})
_WRONG = frozenset({400, 422})


class Requests:
    """Sends requests to the server at `url`. Thread-safe.

    `timeout` is in seconds, without the time that a request waits on purpose. Methods raise
    `ConfigurationError` for what the server calls wrong, `FakeSMTPError` for any other failure.
    """

    def __init__(
        self, url: str, *, timeout: float = 30.0, auth: tuple[str, str] | None = None
    ) -> None:
        #: The address, as errors show it: without name and password.
        self.url, login = _read_url(url)
        self._timeout = timeout
        # No proxies: the variables that name them are for other sites.
        self.http = httpx.Client(
            base_url=self.url + _OWN, timeout=timeout, auth=auth or login, trust_env=False
        )

    def get(self, path: str, **parameters: Any) -> Any:  # noqa: ANN401 - a dictionary or None
        """Return the JSON of a path; None if there is nothing (404)."""
        answer = self.send(
            "GET", path, parameters=parameters, patience=parameters.get("timeout", 0)
        )
        return None if answer.status_code == _NOT_FOUND else _read(answer)

    def change(
        self,
        method: str,
        path: str,
        body: object = None,
        **parameters: Any,  # noqa: ANN401 - texts and numbers
    ) -> Any:  # noqa: ANN401 - as above
        """Send a change; return the JSON of the answer, None without content or for a 404."""
        answer = self.send(method, path, body, parameters=parameters)
        if answer.status_code == _NOT_FOUND or not answer.content:
            return None
        return _read(answer)

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        parameters: Mapping[str, Any],
        patience: float = 0.0,
    ) -> httpx.Response:
        """Send a request; return the response unless it is an error other than 404."""
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer = self.http.request(
                method, path, params=given, json=body, timeout=self._timeout + patience
            )
        except httpx.HTTPError as error:
            raise self.explain(error) from error
        if answer.is_error and answer.status_code != _NOT_FOUND:
            raise self._object(answer)
        if answer.status_code == _NOT_FOUND and path in _ALWAYS:
            raise _is_another(answer, "there is nothing (404)")
        return answer

    def explain(self, error: Exception) -> FakeSMTPError:
        """Return the error for a server that cannot be reached."""
        return FakeSMTPError(
            f"no server answers at {self.url} ({error}): is `fakesmtp serve` running?"
        )

    def _object(self, answer: httpx.Response) -> FakeSMTPError:
        body = _read(answer) if "json" in answer.headers.get("content-type", "") else None
        detail = body.get("detail") if isinstance(body, dict) else answer.text[:500]
        kind = ConfigurationError if answer.status_code in _WRONG else FakeSMTPError
        return kind(f"{self.url}: {detail}")

    def close(self) -> None:
        """Close all connections."""
        self.http.close()


def _read_url(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return an address without name and password, and these two; None if it has none."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except (AttributeError, TypeError, ValueError):
        is_address = False
    if not is_address:
        # What stands before the last @ may be a password.
        shown = str(url).rpartition("@")[2]
        raise ConfigurationError(
            f"{shown!r} is not the address of a server (example: http://127.0.0.1:8025)"
        )
    place = parts.netloc.rpartition("@")[2]
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}", login if any(login) else None


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        raise _is_another(answer, "its answer is not JSON") from None
    if not isinstance(found, dict):
        raise _is_another(answer, "its answer is not a JSON object")
    return found


def _is_another(answer: httpx.Response, why: str) -> FakeSMTPError:
    """Return the error for an address at which another program answers."""
    return FakeSMTPError(f"{answer.url} is not fakesmtp: {why}")
