"""Every sample of the providers' documents, read as it is printed (an "..." left out)."""

import json
from collections.abc import Callable

from pixels.providers.base import Provider
from pixels.providers.values import AdAccountRef, TagContext
from tests.pixels.providers.conftest import create
from tests.pixels.providers.loopback import Loopback, says
from tests.pixels.providers.printed import EASYFLOW_PIXEL, printed


def test_xandr_create_2010(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(printed("xandr_create"))]
    wanted = json.loads(printed("xandr_create_request"))
    options = {key: value for key, value in wanted["pixel"].items() if key != "name"}
    xandr = connect("xandr")

    pixel = xandr.create_pixel(AdAccountRef(id="2"), wanted["pixel"]["name"], ("none",), options, "ph-1")

    assert pixel.remote_id == "17"
    assert pixel.name is None
    (request,) = loopback.received
    assert (request.method, request.path, request.query) == ("POST", "/pixel", {"advertiser_id": "2"})
    assert request.json() == {"pixel": {**wanted["pixel"], "pixel_conversion_event_id": None}}


def test_xandr_read_2010(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(printed("xandr_read"))]

    pixel = connect("xandr").read_pixel(AdAccountRef(id="2"), "17")

    assert loopback.received[0].query == {"id": "17", "advertiser_id": "2"}
    assert pixel.remote_id == "17"
    assert pixel.name == "ProStarr Hybrid Pixel"
    assert pixel.state == "active"
    assert pixel.events is None
    assert pixel.options == {
        "state": "active",
        "trigger_type": "hybrid",
        "code": None,
        "min_minutes_per_conv": None,
        "post_click_expire_mins": None,
        "post_view_expire_mins": None,
        "post_click_value": 10.0,
        "post_view_value": 1.0,
        "piggyback_pixels": [{"pixel_type": "img", "url": "https://www.testing.com"}],
    }


def test_xandr_list_2010(connect: Callable[..., Provider], loopback: Loopback) -> None:
    """It lists a whole member, with pixels of advertisers 8 and 10; here each is asked for alone."""
    whole = json.loads(printed("xandr_list"))
    pixels = {}
    for advertiser in ("8", "10"):
        part = json.loads(printed("xandr_list"))
        part["response"]["pixels"] = [
            pixel for pixel in whole["response"]["pixels"] if str(pixel["advertiser_id"]) == advertiser
        ]
        loopback.script.append(says(part))
        pages = connect("xandr").list_pixels(AdAccountRef(id=advertiser))
        page = next(pages)
        assert page.total == 10
        pixels[advertiser] = page.pixels
    (first,), (second,) = pixels["8"], pixels["10"]
    assert (first.remote_id, first.name) == ("5", "Sample Pixel 1")
    assert first.options is not None
    assert first.options["min_minutes_per_conv"] == 32767
    assert first.options["post_view_value"] == 0.0
    assert (second.remote_id, second.name) == ("6", "blargh2")
    assert second.options is not None
    assert second.options["piggyback_pixels"] == []
    assert second.options["post_click_expire_mins"] == 20160


def test_xandr_update_2018(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(printed("xandr_update"))]

    pixel = connect("xandr").update_pixel(AdAccountRef(id="57992"), "1017110", {"events": ("3",)})

    (request,) = loopback.received
    assert request.method == "PUT"
    assert request.query == {"id": "1017110", "advertiser_id": "57992"}
    assert request.json() == json.loads(printed("xandr_update_request"))
    assert pixel.remote_id == "1017110"
    assert pixel.name == "Confirmation Page"
    assert pixel.events == ("3",)
    assert pixel.options == {
        "state": "active",
        "trigger_type": "hybrid",
        "code": None,
        "min_minutes_per_conv": 0,
        "post_click_expire_mins": 20160,
        "post_view_expire_mins": 10080,
        "post_click_value": None,
        "post_view_value": None,
        "piggyback_pixels": [],
    }


def test_pitchtarget_create(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(printed("pitchtarget_create"))]

    pitchtarget = connect("pitchtarget", credentials={"token": "eucivw4wab46ggunec0dzgi7vx0aloa"})
    pixel = pitchtarget.create_pixel(AdAccountRef(id="9"), "Shoes purchase", ("CHECKOUT",), {}, "ph-1")

    assert pixel.remote_id == "6014360342904"
    (request,) = loopback.received
    assert (request.method, request.path) == ("POST", "/offsitepixels")
    assert request.headers["accept"] == "application/json"
    assert request.headers["authorization"] == "OAuth eucivw4wab46ggunec0dzgi7vx0aloa"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == b"fb_ad_account_id=9&name=Shoes+purchase&tag=CHECKOUT"


def test_pitchtarget_list(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says(printed("pitchtarget_list"))]

    (page,) = connect("pitchtarget").list_pixels(AdAccountRef(id="8"))

    (request,) = loopback.received
    assert (request.method, request.path, request.query) == ("GET", "/offsitepixels", {"fb_ad_account_id": "8"})
    (pixel,) = page.pixels
    assert pixel.remote_id == "6014360342904"
    assert pixel.name == "CV uploaded"
    assert pixel.state == "Inactive"
    assert pixel.events == ("REGISTRATION",)
    assert pixel.snippet == json.loads(printed("pitchtarget_list"))[0]["js_pixel"]
    assert "John Doe" not in repr(pixel)
    (tag,) = connect("pitchtarget").tags(
        TagContext(
            remote_id=pixel.remote_id,
            name="CV uploaded",
            events=pixel.events,
            options={},
            ad_account=AdAccountRef(id="8"),
            snippet=pixel.snippet,
        )
    )
    assert tag.body == pixel.snippet
    assert any("0.01 GBP" in warning for warning in tag.warnings)


def test_easyflow_create(connect: Callable[..., Provider], loopback: Loopback) -> None:
    """Its document has a table of fields and no sample; this is the table with values."""
    loopback.script = [says({"statusCode": 200, "data": {"pixel": EASYFLOW_PIXEL}})]

    pixel = create(connect("easyflow"))

    (request,) = loopback.received
    assert (request.method, request.path) == ("POST", "/pixels")
    assert request.headers["x-api-key"] == "planted-key-1f/&"
    assert request.headers["x-api-secret"] == "planted-secret-2e<"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {
        "name": "Shoes purchase",
        "description": "Shop",
        "ownerId": "2",
        "externalReferenceId": "ph-1",
        "platform": "google",
        "code": "AW-123",
        "events": ["purchase-completed", "pix-copied"],
        "metadata": {"conversion-label": "AbC-D_efG"},
    }
    assert pixel.remote_id == "px_1"
    assert pixel.name == "Shoes purchase"
    assert pixel.state == "active"
    assert pixel.events == ("purchase-completed", "pix-copied")
    assert pixel.options == {
        "platform": "google",
        "conversion_label": "AbC-D_efG",
        "code": "AW-123",
        "description": "Shop",
        "external_reference": "ph-1",
        "status": "active",
    }
