"""The page's texts are complete in Korean, and the compiled catalogue is up to date."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
WEB = ROOT / "fakesmtp" / "web"
KOREAN = WEB / "locale" / "ko" / "LC_MESSAGES"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "later": None,
    "PageError": (2,),
}


def read_texts() -> set[str]:
    """Return all texts of templates and modules of the page."""
    with (WEB / "locale" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(WEB, methods, options, keywords=KEYWORDS)
    ids = (message[2] for message in found)
    return {each if isinstance(each, str) else each[0] for each in ids} - {""}


def test_every_text_is_in_korean() -> None:
    """Each text has a translation, and no translation is left over."""
    with (KOREAN / "page.po").open("rb") as file:
        catalogue = read_po(file, locale="ko")
    translated = {
        each.id if isinstance(each.id, str) else each.id[0]
        for each in catalogue
        if each.id and each.string and not each.fuzzy
    }
    assert read_texts() == translated


def test_the_compiled_catalogue_is_up_to_date() -> None:
    """page.mo holds what page.po says."""
    with (KOREAN / "page.po").open("rb") as file:
        compiled = BytesIO()
        write_mo(compiled, read_po(file, locale="ko"))
    assert (KOREAN / "page.mo").read_bytes() == compiled.getvalue()
