"""No page gives out the code of a deleted pixel; issued snippets stay on record."""

import html
import json

import pytest

from pixels import snippets
from pixels.models import Pixel, Snippet
from pixels.services import pixels
from tests.pixels.page import Page


@pytest.fixture
def code(xandr, easyflow, pitchtarget, live, sandbox):
    """A live pixel of each provider, with the code that it shows."""

    def make(provider):
        connection = {"xandr": xandr, "easyflow": easyflow, "pitchtarget": pitchtarget}[provider]
        pixel = live(connection, f"Ours at {provider}")
        bodies = list(pixel.snippets.values_list("body", flat=True))
        assert bodies
        return pixel, bodies

    return make


def handed_out(response, bodies):
    """The codes in a response: as they are, as shown on a page, or as a copy button has them."""
    text = response.content.decode()
    return [
        body
        for body in bodies
        if body in text or html.escape(body) in text or json.dumps(body)[1:-1] in text or body in Page(text).text
    ]


def everything(window, at, pixel):
    """All addresses that a person can open or post to for a pixel, with a refresh as well."""
    queries = [{}, {"state": "deleted"}, {"state": "archived"}, {"q": pixel.name, "state": "deleted"}]
    yield from (window.get(at("pixel_list"), query) for query in queries)
    yield window.get(at("overview"))
    yield window.get(at("activity"))
    yield window.get(at("pixel", pixel))
    yield window.get(at("pixel", pixel), {"seen": "0"}, headers={"HX-Request": "true"})
    for name in ("pixel_edit", "pixel_delete"):
        yield window.get(at(name, pixel), follow=True)
    for name in ("pixel_archive", "pixel_restore", "pixel_retry", "pixel_dismiss", "pixel_confirm_exists"):
        yield window.post(at(name, pixel), {"remote_id": pixel.remote_id}, follow=True)
    yield window.post(at("pixel_tag_values", pixel), {"business_id": "b-1", "fingerprint_id": "f-1"}, follow=True)
    yield window.get(at("pixel", pixel))


def test_after_a_delete_no_answer_holds_it(browser_of, bob, at, code, carry_out):
    pixel, bodies = code("xandr")
    window = browser_of(bob)
    assert handed_out(window.get(at("pixel", pixel)), bodies) == bodies  # shows that the search finds the code
    pixels.delete_pixel(pixel, bob)
    carry_out()
    pixel.refresh_from_db()
    assert (pixel.lifecycle, bool(pixel.remote_id)) == ("deleted", True)
    for response in everything(window, at, pixel):
        assert response.status_code == 200
        assert handed_out(response, bodies) == [], response.request
        assert 'data-copy="snippet-' not in response.content.decode()
    assert list(pixel.snippets.values_list("body", flat=True)) == bodies


@pytest.mark.parametrize("provider", ["xandr", "easyflow", "pitchtarget"])
def test_whatever_its_provider_nothing_is_shown_or_issued_any_more(browser_of, bob, at, code, provider):
    """Also at providers that have no delete: the row decides."""
    pixel, bodies = code(provider)
    Pixel.objects.filter(pk=pixel.pk).update(lifecycle="deleted", remote_status="gone")
    pixel.refresh_from_db()
    assert snippets.shown(pixel) == []
    for response in everything(browser_of(bob), at, pixel):
        assert handed_out(response, bodies) == []
    assert list(Snippet.objects.filter(pixel=pixel).values_list("body", flat=True)) == bodies
    pixel.refresh_from_db()
    assert pixel.tag_values == {}
