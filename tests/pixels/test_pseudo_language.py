"""Every page in a language whose translations are marked: a text without the mark is data, or was forgotten."""

from __future__ import annotations

import re
from collections import defaultdict
from zoneinfo import available_timezones

import pytest
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import Activity, Invitation, Team, User
from pixels.models import AdAccount, AvailableAdAccount, Connection, Credential, Pixel, SyncRun, Website
from pixels.notices import connection_state
from pixels.providers.easyflow.vocabulary import PLATFORMS
from pixels.providers.registry import PROVIDERS
from tests.pixels.every_page import build, named_addresses, walk
from tests.pixels.pseudo_language import Known, bare_texts, has_words, speak

STATIC = settings.BASE_DIR / "static"
NAMES_OF_THE_BROWSER = {"Escape"}  # a key
NAMES = ["PixelHub", "UTC", "Ctrl+C"]
# Answer to POST alone, or with no page.
NO_PAGES = {
    "account_confirm_login_code",
    "account_email",  # leads to the account page
    "connection_gone",
    "connection_sync",
    "connection_test",
    "healthz",
    "invitation_revoke",
    "pixel_archive",
    "pixel_cancel",
    "pixel_confirm_absent",
    "pixel_confirm_exists",
    "pixel_dismiss",
    "pixel_drift",
    "pixel_plan",
    "pixel_restore",
    "pixel_retry",
    "pixel_state",
    "pixel_tag_values",
    "pixel_website",
    "website_archive",
    "website_restore",
}


def column(model, *names: str) -> set[str]:
    return {str(value) for row in model.objects.values_list(*names) for value in row if value}


def data() -> set[str]:
    """What people and providers have typed, and names of things."""
    found = {provider.label for provider in PROVIDERS.values()} | set(NAMES)
    found |= {zone.replace("_", " ") for zone in available_timezones()}
    found |= column(User, "email", "name") | column(Team, "name") | column(Website, "name", "url")
    found |= (
        column(AdAccount, "remote_id", "code", "name")
        | column(AvailableAdAccount, "name", "code")
        | column(Pixel, "name", "remote_id", "remote_state")
    )
    found |= column(Connection, "test_provider_message") | column(SyncRun, "error_provider_message")
    found |= {platform for _value, platform, _source in PLATFORMS}
    found |= column(Invitation, "email") | column(Activity, "label")
    return found | typed_credentials() | references()


def typed_credentials() -> set[str]:
    """Those that are no secret, and shown as they were typed."""
    rows = Credential.objects.select_related("connection")
    shown = [(row.connection.provider_class.secret_fields, row.hints) for row in rows]
    return {text for secret, hints in shown for name, text in hints.items() if name not in secret}


def references() -> set[str]:
    """What pixels are called by at providers that keep a reference."""
    rows = Pixel.objects.select_related("connection")
    found = {row.options.get(row.provider_class.reference_option) for row in rows}
    return {text for text in found if text}


@pytest.fixture
def seen(team, alice, vera, connect, live, promise, carry_out, sandbox, browser_of, monkeypatch):
    scene = build(team, alice, vera, connect, live, promise, carry_out)
    speak(monkeypatch)
    return list(walk(scene, browser_of))


def test_every_text_of_every_page_goes_through_gettext(seen):
    known = Known(data())
    forgotten: dict[str, set[str]] = defaultdict(set)
    for page in seen:
        for text in bare_texts(page.html):
            if has_words(known.cut_from(text)):
                forgotten[page.name].add(text)
    there = {name for name, _route in named_addresses()}
    assert there - {page.name for page in seen} == NO_PAGES, "a page that nobody looks at"
    assert forgotten == {}


def test_every_text_of_every_mail_goes_through_gettext(
    team, alice, connect, promise, mailoutbox, browser_of, at, monkeypatch, settings
):
    speak(monkeypatch)
    settings.PUBLIC_URL = "http://testserver"
    browser_of(alice).post(at("invitation_new"), {"email": "dora@shop.example", "role": "editor"})
    for address in (alice.email, "nobody@shop.example"):
        Client().post(reverse("account_reset_password"), {"email": address})
    connection = connect("xandr")
    promise(connection)
    for before in ("", "paused"):
        for change in ({"paused_at": timezone.now()}, {"down_since": timezone.now()}, {"test": "works"}):
            fresh = {"paused_at": None, "down_since": None, "last_notified_state": before or "works"}
            Connection.objects.update(**fresh | change)
            settings.NOTIFY_DOWN_AFTER = -1
            connection_state.notify(connection.pk)
    for name in ("account_already_exists", "email_confirmation"):
        context = {
            "email": alice.email,
            "password_reset_url": "http://testserver/",
            "activate_url": "http://testserver/",
        }
        for part in ("subject", "message"):
            mailoutbox.append(EmailMessage(render_to_string(f"account/email/{name}_{part}.txt", context)))
    subjects = {mail.subject for mail in mailoutbox}
    assert len(subjects) > 7
    known = Known(data() | {"dora@shop.example", "nobody@shop.example"})
    for mail in mailoutbox:
        for text in bare_texts(f"{mail.subject}\n\n{mail.body}"):
            without_links = re.sub(r"http://\S+", "", text)
            assert not has_words(known.cut_from(without_links)), mail.subject


@pytest.mark.parametrize("path", [*STATIC.glob("js/*.js")], ids=lambda path: path.name)
def test_no_script_says_a_sentence_of_its_own(path):
    """A text to be read begins with a capital or has a blank between words; selectors and names of events do not."""
    code = re.sub(r"//.*", "", path.read_text())
    literals = {text for pair in re.findall(r'"([^"\n]*)"|`([^`]*)`', code) for text in pair}
    assert {text for text in literals if re.match(r"[A-Z][a-z]+( |$)", text)} <= NAMES_OF_THE_BROWSER


def test_no_style_sheet_says_a_word():
    said = {text for path in STATIC.glob("css/*.css") for text in re.findall(r'content: "([^"]*)"', path.read_text())}
    assert not any(has_words(text) for text in said)


# -- The search finds what is there ---------------------------------------------------------------------------------


@pytest.fixture
def marked(monkeypatch):
    speak(monkeypatch)


@pytest.mark.parametrize(
    "html",
    [
        "<p>forgotten</p>",
        '<img alt="forgotten">',
        '<button aria-label="forgotten">⟦Copy⟧</button>',
        '<input type="submit" value="forgotten">',
        "<p>⟦Marked⟧ forgotten</p>",
        "<p>⟦Marked <a>here⟧</a> <b>forgotten</b></p>",
        "<p>⟦a ⟦b⟧ c⟧<br>forgotten</p>",
    ],
)
def test_an_unmarked_text_is_found(html):
    assert bare_texts(html) == {"forgotten"}


def test_what_is_marked_and_what_is_for_machines_is_no_text():
    assert bare_texts("<p>⟦Is <b>this</b> yours?⟧</p><script>let a</script><code>GET</code>") == set()


def test_data_is_known_as_whole_words():
    known = Known({"Kvasir", "Kvasir shop"})
    assert known.cut_from("Kvasir shop and Kvasirs") == " and Kvasirs"


def test_the_language_marks_what_templates_and_code_say(marked):
    assert gettext("Sign in") == "⟦Sign in⟧"
    page = render_to_string("403.html", {"request": None})
    assert "⟦Your role does not allow this⟧" in page
