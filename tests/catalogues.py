"""The message catalogues in pixelhub/locale/, made without GNU gettext: `python -m tests.catalogues` (make messages).

A message is what the sources hand to gettext: Python files and templates. Scripts get theirs from the page that loads
them (templates/layout/live_region.html).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "pixelhub" / "locale"
SOURCE_LANGUAGE = "en"  # its messages are the sources' own words: the catalogue only lists them
PLACES = ("accounts/**/*.py", "pixelhub/**/*.py", "pixels/**/*.py", "templates/**/*.html", "templates/**/*.txt")
# Not translated: the admin, commands at the terminal, the sandbox; migrations quote models.
LEFT_OUT = re.compile(r"/(admin(\.py|/)|management/|migrations/|sandbox/)")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...]] = {
    "gettext": (1,),
    "gettext_lazy": (1,),
    "_": (1,),
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
TRANSLATORS = ("Translators:",)  # begins a comment that goes into the catalogue


def sources() -> Iterator[Path]:
    for place in PLACES:
        for path in sorted(ROOT.glob(place)):
            if not LEFT_OUT.search(f"/{path.relative_to(ROOT)}"):
                yield path


def extracted() -> Catalog:
    """Every message of the sources, without translations."""
    catalog = Catalog(charset="utf-8")
    for path in sources():
        text = path.read_text()
        if path.suffix != ".py":
            # Calls of gettext between placeholders; indented as in the template, Python's tokenizer would refuse it.
            text = re.sub(r"^[ \t]+", "", templatize(text, str(path)), flags=re.MULTILINE)
        found = extract_python(io.BytesIO(text.encode()), list(KEYWORDS), list(TRANSLATORS), {})
        for _line, function, arguments, comments in found:
            context, message = _read(function, arguments)
            if message:
                place = (str(path.relative_to(ROOT)), 0)
                catalog.add(message, locations=[place], auto_comments=comments, context=context)
    return catalog


def _read(function: str, arguments: object) -> tuple[str | None, str | tuple[str, ...] | None]:
    """(context, message) of a call; no message where it is made of something else than texts."""
    given = arguments if isinstance(arguments, tuple) else (arguments,)
    spec = KEYWORDS[function]
    parts = [
        given[entry[0] - 1 if isinstance(entry, tuple) else entry - 1] for entry in spec if len(given) >= len(spec)
    ]
    if not parts or not all(isinstance(part, str) and part for part in parts):
        return None, None
    context = parts.pop(0) if isinstance(spec[0], tuple) else None
    return context, parts[0] if len(parts) == 1 else tuple(parts)


def languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


def file_of(language: str, suffix: str, locale: Path = LOCALE) -> Path:
    return locale / language.replace("-", "_") / "LC_MESSAGES" / f"django.{suffix}"


def read(language: str, locale: Path = LOCALE) -> Catalog:
    path = file_of(language, "po", locale)
    if not path.exists():
        return Catalog(locale=language.replace("-", "_"), project="PixelHub", charset="utf-8", fuzzy=False)
    with path.open("rb") as po:
        return read_po(po, locale=language.replace("-", "_"))


def compiled(catalog: Catalog) -> bytes:
    mo = io.BytesIO()
    write_mo(mo, catalog)
    return mo.getvalue()


def keys(catalog: Catalog) -> set[tuple[str | None, str | tuple[str, ...]]]:
    """(context, message) of each of its messages."""
    return {(message.context, message.id) for message in catalog if message.id}


def renew(language: str, template: Catalog, locale: Path = LOCALE) -> None:
    """Write both files: what the sources say now, with the translations there are; what they no longer say goes."""
    catalog = read(language, locale)
    catalog.update(template, no_fuzzy_matching=True)
    # Only what is translated counts as a change: no time and no line number of the last run in the file.
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    catalog.version, catalog.msgid_bugs_address = "", ""
    catalog.last_translator = catalog.language_team = "PixelHub"
    catalog.header_comment = f"# {language}: see docs/decisions/0016. Renewed by `make messages`."
    po = io.BytesIO()
    write_po(po, catalog, width=110, sort_output=True, ignore_obsolete=True, include_lineno=False)
    path = file_of(language, "po", locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(po.getvalue())
    file_of(language, "mo", locale).write_bytes(compiled(read(language, locale)))


def main() -> None:
    template = extracted()
    for language in languages():
        renew(language, template)


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelhub.settings")
    main()
