"""Templates: one environment for each language, and responses with the headers of the page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from babel.support import NullTranslations, Translations
from fastapi import Depends
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from fakesmtp import __version__
from fakesmtp.text import show, show_lines
from fakesmtp.web.pages.formatting import FILTERS, format_names
from fakesmtp.web.pages.reader import LANGUAGES, AnyReader, Reader
from fakesmtp.web.pages.sentences import Sentences
from fakesmtp.web.pages.words import SEARCH_WORDS, SESSION_WORDS
from fakesmtp.web.paths import OWN

_WEB = Path(__file__).parents[1]
DOMAIN = "page"
#: Scripts, styles and requests of this server only, and nothing inline.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Renderer:
    """The templates in every language, and the token that changes need (CSRF)."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._catalogues = {language: _load_catalogue(language) for language in LANGUAGES}
        self._sentences = {language: Sentences(language) for language in LANGUAGES}
        self._environments = {
            language: _make_environment(catalogue, self._sentences[language])
            for language, catalogue in self._catalogues.items()
        }

    def render(self, template: str, reader: Reader, context: Mapping[str, Any]) -> str:
        """Return a template as text. Filters of times and sizes use the reader's settings."""
        own = {name: partial(_call, make, reader) for name, make in FILTERS.items()}
        known = {"reader": reader, "token": self.token, **own, **context}
        return self._environments[reader.language].get_template(template).render(known)

    def translate(self, reader: Reader, text: str) -> str:
        """Return a text of the catalogue in the reader's language."""
        return self._catalogues[reader.language].ugettext(text)

    def explain(self, reader: Reader, problem: str) -> str:
        """Return the sentence of an error: a text of the catalogue, or one of other packages."""
        known = self._sentences[reader.language].translate("problem", problem)
        return known.text if known.language == reader.language else self.translate(reader, problem)


def _call(make: Any, reader: Reader, value: float) -> str:  # noqa: ANN401 - one of FILTERS
    return str(make(value, reader))


class View:
    """Renders templates for the reader of one request."""

    def __init__(self, renderer: Renderer, reader: Reader, cursor: int) -> None:
        self.reader = reader
        self._renderer = renderer
        #: The page follows the events after this one: what it shows is read later.
        self._cursor = cursor

    def show(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **context: Any,  # noqa: ANN401 - what the template shows
    ) -> HTMLResponse:
        """Return the response with a template."""
        known = {"newest": self._cursor, **context}
        text = self._renderer.render(template, self.reader, known)
        # Half of a surrogate pair, which a message may contain, is not valid UTF-8.
        body = text.encode("utf-8", "replace")
        return HTMLResponse(body, status, {**HEADERS, **(headers or {})})

    def write(self, template: str, **context: Any) -> str:  # noqa: ANN401 - as `show` has it
        """Return a template of plain text: nothing is escaped."""
        return self._renderer.render(template, self.reader, context)

    def translate(self, text: str) -> str:
        """Return a text of the catalogue in the reader's language."""
        return self._renderer.translate(self.reader, text)

    def explain(self, problem: str) -> str:
        """Return the sentence of an error in the reader's language."""
        return self._renderer.explain(self.reader, problem)


def view_of(request: Request, reader: Reader) -> View:
    """Return the view of a request."""
    state = request.app.state
    return View(state.renderer, reader, state.serving.updates.cursor)


def _view(request: Request, reader: AnyReader) -> View:
    return view_of(request, reader)


#: A parameter of a route: `def show_inbox(view: AnyView)`.
AnyView = Annotated[View, Depends(_view)]


def _load_catalogue(language: str) -> NullTranslations:
    return Translations.load(_WEB / "locale", [language], DOMAIN)


def _make_environment(catalogue: NullTranslations, sentences: Sentences) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_WEB / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        show=show, show_lines=show_lines, names=format_names, quoted=_quote, shell=shlex.quote
    )
    environment.globals.update(
        static=_name_static,
        url=_make_url,
        api=OWN,
        languages=LANGUAGES,
        version=__version__,
        translate=sentences.translate,
        translate_lines=sentences.translate_lines,
        explain=sentences.explain,
        search_words=SEARCH_WORDS,
        session_words=SESSION_WORDS,
    )
    return environment


def _quote(text: str) -> str:
    """Return a text in double quotes, as most languages read it."""
    return json.dumps(text, ensure_ascii=False)


def _name_static(name: str) -> str:
    """Return the URL of a file, which changes with its content: browsers keep files."""
    digest = sha256((_WEB / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def _make_url(path: str, **parameters: object) -> str:
    """Return a path with those parameters that have a value."""
    given = {name: value for name, value in parameters.items() if value not in {None, "", False}}
    return f"{path}?{urlencode(given)}" if given else path
