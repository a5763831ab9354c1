"""While the database is away, full or too busy, a page says so, wherever in the request that is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.http import HttpRequest
from django.test import Client
from django.urls import path

from pixelhub import urls

ERRORS = {
    "full": OperationalError,
    "closed": InterfaceError,
    "lost": connection.Database.OperationalError,  # the driver's own, as Django lets through some
    "wrong": ProgrammingError,
}


@login_not_required
def break_down(request: HttpRequest, how: str) -> None:
    raise ERRORS[how]("connection to db.internal failed")


# This module is the URLconf of the tests that are marked so.
urlpatterns = [*urls.urlpatterns, path("broken/<how>", break_down)]
handler500 = urls.handler500


@contextmanager
def refusing() -> Iterator[None]:
    def refuse(*asked: Any) -> None:
        raise OperationalError("database or disk is full")

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("how", ["full", "closed", "lost"])
def test_the_page_says_that_it_is_not_available_and_nothing_else(browser: Client, how: str) -> None:
    """There is no db fixture here, so any query would raise."""
    answer = browser.get(f"/broken/{how}")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    text = answer.content.decode()
    assert "Not available for a moment" in text
    assert answer["X-Request-Id"] in text
    assert "db.internal" not in text


@pytest.mark.urls(__name__)
def test_a_mistake_of_ours_is_no_outage(browser: Client) -> None:
    answer = browser.get("/broken/wrong")
    assert answer.status_code == 500
    assert "Retry-After" not in answer


def test_reading_the_session_fails_the_same_way(alice: Any, browser: Client) -> None:
    """Before any view, LoginRequiredMiddleware reads the session."""
    browser.force_login(alice)
    with refusing():
        answer = browser.get("/")
    assert answer.status_code == 503
    assert browser.get("/").status_code < 400


def test_saving_fails_the_same_way(alice: Any, browser: Client) -> None:
    with refusing():
        answer = browser.post("/accounts/login/", {"login": alice.email, "password": "whatever"})
    assert answer.status_code == 503
