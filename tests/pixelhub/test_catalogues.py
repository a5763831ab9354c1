"""The catalogues hold the sources' messages, and the compiled files match them."""

import shutil

import pytest
from babel.messages import Catalog
from django.utils import translation

from tests.catalogues import (
    LOCALE,
    SOURCE_LANGUAGE,
    compiled,
    extracted,
    file_of,
    keys,
    languages,
    read,
    renew,
)


def stale(locale, template: Catalog) -> list[str]:
    """What is wrong with the catalogues of a locale directory, one line each."""
    found = []
    for language in languages():
        catalog = read(language, locale)
        missing, gone = keys(template) - keys(catalog), keys(catalog) - keys(template)
        found += [f"{language} lacks {message!r}" for _context, message in sorted(missing, key=str)]
        found += [f"{language} has {message!r}, which no source says" for _context, message in sorted(gone, key=str)]
        mo = file_of(language, "mo", locale)
        if not mo.exists() or mo.read_bytes() != compiled(catalog):
            found.append(f"{mo.name} of {language} is not made from its .po")
        for message in catalog:
            found += [f"{language}: {error} in {message.id!r}" for error in message.check(catalog) if message.string]
            is_open = message.fuzzy or not all(message.string if message.pluralizable else [message.string])
            if language != SOURCE_LANGUAGE and message.id and is_open:
                found.append(f"{language} does not translate {message.id!r}")
    return found


@pytest.fixture
def template():
    """The messages of the English catalogue; the next tests change them in one place."""
    return read(SOURCE_LANGUAGE)


@pytest.fixture
def copy(tmp_path):
    """A copy of the catalogues, for the tests to change."""
    return shutil.copytree(LOCALE, tmp_path / "locale")


def test_the_catalogues_are_those_of_the_sources():
    assert stale(LOCALE, extracted()) == [], "run `make messages`"


def test_messages_of_python_and_of_templates_are_found():
    found = {message for _context, message in keys(extracted())}
    assert "Sign in" in found  # {% translate %}
    assert "Who did what in %(team)s" in found  # {% blocktranslate %}
    assert ("%(count)s member of %(team)s", "%(count)s members of %(team)s") in found
    assert "Nothing yet" in found  # _() in a tag
    assert "You joined {team}." in found  # gettext()
    assert ("{count} pixel", "{count} pixels") in found
    assert not any("sandbox server" in str(message).lower() for message in found)


def test_a_message_missing_from_a_catalogue_is_reported(copy, template):
    template.add("A new sentence.")
    assert stale(copy, template) == ["en lacks 'A new sentence.'"]


def test_a_stale_compiled_catalogue_is_reported(copy, template):
    po = file_of("en", "po", copy)
    singular, plural = 'msgid "{count} pixel"\n', 'msgid_plural "{count} pixels"\n'
    before = f'{singular}{plural}msgstr[0] ""\n'
    assert before in po.read_text()
    po.write_text(po.read_text().replace(before, f'{singular}{plural}msgstr[0] "{{count}} pixie"\n'))
    assert stale(copy, template) == ["django.mo of en is not made from its .po"]


def test_renewing_keeps_translations_and_changes_nothing_else(copy, template):
    before = {path: path.read_bytes() for path in copy.rglob("django.*")}
    renew("en", template, copy)
    assert {path: path.read_bytes() for path in copy.rglob("django.*")} == before


def test_english_reads_as_the_sources_say():
    with translation.override("en"):
        assert translation.gettext("Sign in") == "Sign in"
        assert translation.ngettext("{count} pixel", "{count} pixels", 1) == "{count} pixel"
        assert translation.ngettext("{count} pixel", "{count} pixels", 2) == "{count} pixels"
