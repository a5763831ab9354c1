"""Changing an Easyflow pixel with PATCH, and the secret that may go along."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, BadCredentials, NotSupported, ProviderError, Rejected
from pixels.providers.registry import PROVIDERS
from pixels.providers.secret import Secret
from tests.pixels.providers.conftest import ACCOUNT, create
from tests.pixels.providers.loopback import Loopback, says
from tests.pixels.said import said

TOKEN = Secret("planted-capi/token-8f")
FORM = {
    "events": ["purchase-completed"],
    "platform": "meta",
    "conversion_label": "",
    "code": "",
    "description": "",
    "external_reference": "ph-1",
}


def change(provider: Provider, **changes: Any) -> Any:
    return provider.update_pixel(ACCOUNT, "px_1", changes)


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"name": "Boots"}, {"name": "Boots"}),
        ({"description": "For boots"}, {"description": "For boots"}),
        ({"status": "inactive"}, {"status": "inactive"}),
        ({"platform": "gtm"}, {"platform": "gtm"}),
        ({"code": "GTM-1"}, {"code": "GTM-1"}),
        ({"code": None, "description": None}, {"code": "", "description": ""}),
        ({"events": ("pix-copied", "event-of-2031")}, {"events": ["pix-copied", "event-of-2031"]}),
        ({"enable_capi": True}, {"serverSideMetadata": {"enable-capi-access-token": "true"}}),
        ({"enable_capi": False}, {"serverSideMetadata": {"enable-capi-access-token": "false"}}),
        ({"capi_access_token": TOKEN}, {"serverSideMetadata": {"capi-access-token": "planted-capi/token-8f"}}),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else "",
)
def test_a_change_sends_its_own_field_and_no_other(
    changes: dict[str, Any], body: dict[str, Any], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"statusCode": 200, "data": {"pixel": {"id": "px_1", "name": "Shop"}}})]
    pixel = change(connect("easyflow"), **changes)
    assert (pixel.remote_id, pixel.name) == ("px_1", "Shop")
    (request,) = loopback.received
    assert (request.method, request.path, request.query) == ("PATCH", "/pixels/px_1", {})
    assert request.headers["x-api-key"] == "planted-key-1f/&"
    assert request.headers["x-api-secret"] == "planted-secret-2e<"
    assert request.json() == body


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("body", ["", {}, {"statusCode": 200}, {"statusCode": 0, "data": {}}, {"data": None}])
def test_a_success_without_a_pixel_gives_only_the_id(
    status: int, body: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says("" if status == 204 else body, status)]
    pixel = change(connect("easyflow"), name="Boots")
    assert pixel.remote_id == "px_1"
    assert (pixel.name, pixel.events, pixel.options) == (None, None, None)


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "[]", '"done"', '{"data": {"pixel": {"id": "px_2"}}}'])
def test_an_answer_about_another_pixel_or_of_another_server_is_no_success(
    body: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(body)]
    with pytest.raises(BadAnswer):
        change(connect("easyflow"), name="Boots")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"message": "Invalid param: [events]", "error": "Bad Request", "statusCode": 400}, Rejected),
        (400, {"message": "Invalid param: [events]", "error": "Bad Request", "statusCode": 400}, Rejected),
        (401, {"message": "Unauthorized", "error": "Unauthorized", "statusCode": 401}, BadCredentials),
        # As a service without this call says the same, a 404 does not prove that the pixel is gone.
        (404, {"message": "Cannot PATCH /pixels/px_1", "error": "Not Found", "statusCode": 404}, Rejected),
        (500, {"message": "Internal server error", "statusCode": 500}, BadAnswer),
    ],
)
def test_a_refused_change_raises_the_right_error(
    status: int,
    body: dict[str, Any],
    expected: type[ProviderError],
    connect: Callable[..., Provider],
    loopback: Loopback,
) -> None:
    loopback.script = [says(body, status)]
    with pytest.raises(ProviderError) as caught:
        change(connect("easyflow"), name="Boots")
    assert type(caught.value) is expected
    assert body["message"] in caught.value.provider_message
    assert len(loopback.received) == 1


@pytest.mark.parametrize("name", ["external_reference", "conversion_label"])
def test_what_no_change_can_reach_is_not_tried(name: str, connect: Callable[..., Provider], loopback: Loopback) -> None:
    with pytest.raises(NotSupported) as caught:
        change(connect("easyflow"), **{name: "new", "code": "1"})
    assert said(caught.value) == PROVIDERS["easyflow"].pixel_form.fixed[name]
    assert loopback.received == []


def test_activating_is_a_change_of_the_status() -> None:
    easyflow = PROVIDERS["easyflow"]
    assert easyflow.activation(True) == {"status": "active"}
    assert easyflow.activation(False) == {"status": "inactive"}
    assert not easyflow.is_active({"status": "inactive"})
    assert easyflow.is_active({"status": "active"})
    assert easyflow.is_active({})


# The token of Meta's Conversions API


def test_a_meta_pixel_is_created_with_its_token(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"data": {"pixel": {"id": "px_1"}}})]
    create(connect("easyflow"), platform="meta", capi_access_token=TOKEN, enable_capi=True)
    assert loopback.received[0].json()["serverSideMetadata"] == {
        "capi-access-token": "planted-capi/token-8f",
        "enable-capi-access-token": "true",
    }


@pytest.mark.parametrize("status", [200, 400])
def test_the_token_is_shown_nowhere_though_easyflow_repeats_it(
    status: int, connect: Callable[..., Provider], loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    metadata = {"capi-access-token": TOKEN.reveal(), "enable-capi-access-token": "true"}
    pixel = {"id": "px_1", "name": "Shop", "serverSideMetadata": metadata}
    loopback.script = [says({"message": f"No: {TOKEN.reveal()}", "data": {"pixel": pixel}}, status)]
    calls = (
        lambda: create(connect("easyflow"), capi_access_token=TOKEN),
        lambda: change(connect("easyflow"), capi_access_token=TOKEN),
    )
    for call in calls:
        try:
            answered = call()
        except Rejected as error:
            shown += f"{error!r} {vars(error)}"
        else:
            shown += repr(answered)
            assert answered.options == {"enable_capi": True}
    assert shown
    assert "planted" not in shown + caplog.text


def test_a_form_keeps_the_token_apart_and_never_writes_it_out() -> None:
    form_class = PROVIDERS["easyflow"].pixel_form
    form = form_class({**FORM, "capi_access_token": " planted-capi/token-8f ", "enable_capi": "on"})
    assert form.is_valid(), form.errors
    assert form.secrets() == {"capi_access_token": "planted-capi/token-8f"}
    assert form.options()["enable_capi"] is True
    assert "planted" not in json.dumps(form.options())
    assert "planted" not in form.as_p()
    assert form_class.show_when["capi_access_token"] == "platform=meta"


@pytest.mark.parametrize("platform", ["google", "gtm", "tiktok"])
def test_a_token_means_nothing_beside_another_platform_than_meta(platform: str) -> None:
    typed = {"platform": platform, "conversion_label": "AbC", "capi_access_token": "a b", "enable_capi": "on"}
    form = PROVIDERS["easyflow"].pixel_form({**FORM, **typed})
    assert form.is_valid(), form.errors
    assert form.secrets() == {}
    assert "enable_capi" not in form.options()


# The form of a pixel that exists


def edit(options: dict[str, Any], **typed: str) -> Any:
    return PROVIDERS["easyflow"].pixel_form.for_pixel(("pix-copied",), options, {**FORM, **typed})


def test_fixed_fields_keep_their_value_and_say_why() -> None:
    stored = {"platform": "google", "conversion_label": "AbC", "external_reference": "ph-1", "status": "active"}
    form = edit(stored, platform="google", conversion_label="New", external_reference="new", code="AW-1")
    assert form.is_valid(), form.errors
    assert form.options() == {
        "platform": "google",
        "conversion_label": "AbC",
        "external_reference": "ph-1",
        "code": "AW-1",
        "description": None,
    }
    assert form.fields["conversion_label"].disabled
    assert form.fields["external_reference"].help_text == (
        "The external reference cannot be changed at Easyflow once the pixel exists."
    )


def test_a_label_stays_at_easyflow_when_the_platform_changes() -> None:
    form = edit({"platform": "google", "conversion_label": "AbC", "external_reference": "ph-1"}, platform="tiktok")
    assert form.is_valid(), form.errors
    assert form.options()["conversion_label"] == "AbC"


def test_a_pixel_without_a_label_does_not_become_googles() -> None:
    form = edit({"platform": "meta", "external_reference": "ph-1"}, platform="google", conversion_label="AbC")
    assert list(form.errors) == ["platform"]
    assert "make a new pixel" in str(form.errors["platform"])


def test_what_a_pixel_lacks_and_nobody_can_add_does_not_keep_it_from_being_changed() -> None:
    form = edit({"platform": "google"}, platform="google", code="AW-2")
    assert form.is_valid(), form.errors
    assert form.options()["code"] == "AW-2"
    assert (form.options()["conversion_label"], form.options()["external_reference"]) == (None, None)


def test_the_conversions_api_can_be_switched_off_again() -> None:
    stored = {"platform": "meta", "external_reference": "ph-1", "enable_capi": True}
    form = edit(stored)
    assert form.is_valid(), form.errors
    assert form.options()["enable_capi"] is False
    elsewhere = edit({**stored, "platform": "tiktok"}, platform="tiktok")
    assert elsewhere.is_valid(), elsewhere.errors
    assert elsewhere.options()["enable_capi"] is True, "hidden there, so nobody has unticked it"
    comparable = PROVIDERS["easyflow"].comparable
    assert comparable("enable_capi", None) == comparable("enable_capi", False) != comparable("enable_capi", True)
