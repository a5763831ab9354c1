"""What is shown when something fails, and the id of a request by which its log lines are found."""

import logging
import re
from html import unescape

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import path

from pixelhub import urls
from pixelhub.middleware import RequestIdFilter


def words(html):
    """What a person reads: no tags, no runs of blanks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", html))).strip()


@login_not_required
def break_down(request):
    raise RuntimeError("a secret in the message")


@login_not_required
def refuse(request):
    raise PermissionDenied


# This module is the URLconf of the tests below that are marked so.
urlpatterns = [*urls.urlpatterns, path("broken", break_down), path("refused", refuse)]
handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500


@pytest.fixture
def stranger():
    return Client(raise_request_exception=False)


@pytest.mark.urls(__name__)
def test_a_failure_says_nothing_of_its_cause_and_gives_an_id_to_quote(stranger):
    answer = stranger.get("/broken")
    assert answer.status_code == 500
    text = answer.content.decode()
    assert "secret" not in text
    assert answer["X-Request-Id"] in words(text)


@pytest.mark.urls(__name__)
def test_a_failure_can_be_shown_without_database_and_manifest(stranger, settings):
    """No db fixture here, so a look at the session would raise; and no file has a hashed name."""
    stranger.cookies[settings.SESSION_COOKIE_NAME] = "some-session"
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": manifest}
    assert "Something broke on our side" in stranger.get("/broken").content.decode()


def test_a_missing_page_is_ours(db, stranger):
    answer = stranger.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing here for you" in answer.content.decode()
    assert answer["X-Request-Id"] in words(answer.content.decode())


@pytest.mark.urls(__name__)
def test_a_refused_page_is_ours(db, stranger):
    answer = stranger.get("/refused")
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.content.decode()


def test_an_expired_form_is_ours(db):
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "a@shop.example"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_every_request_gets_an_id_of_its_own_and_never_the_clients(db):
    first = Client(headers={"X-Request-Id": "forged"}).get("/accounts/login/")["X-Request-Id"]
    second = Client().get("/accounts/login/")["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{12}", first)
    assert first != second


def test_log_lines_carry_the_id_while_the_request_lasts(db, caplog):
    caplog.handler.addFilter(RequestIdFilter())
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/")
    line = next(record for record in caplog.records if record.name == "django.security.csrf")
    assert line.request_id == answer["X-Request-Id"]
    logging.getLogger("pixelhub").warning("afterwards")
    assert caplog.records[-1].request_id == "-"
