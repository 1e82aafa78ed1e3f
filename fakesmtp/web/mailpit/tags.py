"""Tags of messages."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from starlette.responses import PlainTextResponse

from fakesmtp.storage.base import all_messages
from fakesmtp.storage.folding import fold
from fakesmtp.storage.query import Tagged
from fakesmtp.storage.tags import clean_tags
from fakesmtp.text import quote
from fakesmtp.web.mailpit.bodies import AnyBody
from fakesmtp.web.mailpit.shapes import Tagging, TagName
from fakesmtp.web.paths import MAILPIT
from fakesmtp.web.serving import Here, Serving

router = APIRouter(prefix=f"{MAILPIT}/tags", tags=["mailpit"], include_in_schema=False)


@router.get("")
def list_tags(here: Here) -> list[str]:
    """Return the tags of all messages, sorted."""
    return list(here.archive.store.tag_counts())


@router.put("")
def tag_messages(here: Here, body: AnyBody) -> PlainTextResponse:
    """Replace the tags of messages; an empty list removes them."""
    tagging = body.read(Tagging)
    here.archive.store.tag(tagging.ids, tagging.tags).result()
    return PlainTextResponse("ok")


@router.put("/{tag:path}")
def rename_tag(here: Here, tag: str, body: AnyBody) -> PlainTextResponse:
    """Give a tag another name."""
    (name,) = clean_tags([body.read(TagName).name])
    is_taken = fold(name) != fold(tag) and fold(name) in _known(here)
    if is_taken:
        raise HTTPException(400, f"there is a tag {quote(name)} already: choose another name")
    _replace(here, tag, [name])
    return PlainTextResponse("ok")


@router.delete("/{tag:path}")
def delete_tag(here: Here, tag: str) -> PlainTextResponse:
    """Remove a tag from all messages; the messages stay."""
    _replace(here, tag, [])
    return PlainTextResponse("ok")


def _known(here: Serving) -> list[str]:
    return [fold(each) for each in here.archive.store.tag_counts()]


def _replace(here: Serving, tag: str, names: list[str]) -> None:
    """Replace a tag in all messages; raises 400 if no message has it."""
    store, folded = here.archive.store, fold(tag)
    rows = list(all_messages(store, Tagged(folded)))
    if not rows:
        known = ", ".join(map(quote, store.tag_counts())) or "none"
        raise HTTPException(400, f"there is no tag {quote(tag)}; there are: {known}")
    for row in rows:
        others = [each for each in row.tags if fold(each) != folded]
        store.tag([row.record.id], [*others, *names]).result()
