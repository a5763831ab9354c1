"""Each row of the tables in Easyflow's document "Create pixel", by its name there, and what newer pages add."""

from collections.abc import Callable
from typing import Any

import pytest

from pixels.events import EVENTS
from pixels.providers.base import Provider
from pixels.providers.easyflow.vocabulary import NEWER, OLDER, PLATFORMS
from pixels.providers.errors import BadAnswer, BadCredentials, Forbidden, ProviderError, Rejected
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import RemotePixel
from tests.pixels.providers.conftest import ACCOUNT, create
from tests.pixels.providers.loopback import Loopback, says
from tests.pixels.providers.printed import EASYFLOW_PIXEL

OLDER_EVENTS = [
    "checkout-initialized",
    "purchase-completed",
    "purchase-failed",
    "purchase-btn-clicked",
    "pix-selected",
    "pix-generated",
    "pix-expired",
    "pix-copied",
    "credit-card-selected",
    "credit-card-form-completed",
    "bank-slip-selected",
    "bank-slip-form-completed",
    "address-form-completed",
    "delivery-address-completed",
    "coupon-added",
    "coupon-box-clicked",
    "coupon-form-completed",
    "coupon-apply-failed",
    "user-form-completed",
]
NEWER_EVENTS = [
    "credit-card-form-init",
    "coupon-form-init",
    "user-form-init",
    "pre-checkout-form-init",
    "pre-checkout-form-completed",
]


@pytest.mark.parametrize(
    ("header", "value"), [("x-api-key", "planted-key-1f/&"), ("x-api-secret", "planted-secret-2e<")]
)
def test_each_header_of_the_request(
    header: str, value: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"data": {"pixel": EASYFLOW_PIXEL}})]
    create(connect("easyflow"))
    (request,) = loopback.received
    assert (request.method, request.path) == ("POST", "/pixels")
    assert request.headers[header] == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Shoes purchase"),
        ("description", "Shop"),
        ("ownerId", "2"),
        ("externalReferenceId", "ph-1"),
        ("platform", "google"),
        ("code", "AW-123"),
        ("events", ["purchase-completed", "pix-copied"]),
        ("metadata", {"conversion-label": "AbC-D_efG"}),
        ("metadata.conversion-label", "AbC-D_efG"),
    ],
)
def test_each_field_of_the_request(
    field: str, value: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"data": {"pixel": EASYFLOW_PIXEL}})]
    create(connect("easyflow"))
    sent = loopback.received[0].json()
    for name in field.split("."):
        sent = sent[name]
    assert sent == value


@pytest.mark.parametrize("event", OLDER_EVENTS + NEWER_EVENTS)
def test_each_event_is_sent_and_read_as_it_is_written(
    event: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    easyflow = connect("easyflow")
    loopback.script = [says({"data": {"pixel": {"id": "px_1", "events": [event]}}})]
    pixel = easyflow.create_pixel(ACCOUNT, "Shop", (event,), {"platform": "meta"}, "ph-1")
    assert loopback.received[0].json()["events"] == [event]
    assert pixel.events == (event,)
    word = easyflow.provider_event(event)
    assert word is not None
    assert word.source == (OLDER if event in OLDER_EVENTS else NEWER)
    assert ("From a newer page" in word.note) == (event in NEWER_EVENTS)


READ: dict[str, Callable[[RemotePixel], Any]] = {
    "data.pixel": lambda pixel: dict(pixel.raw),
    "data.pixel.events": lambda pixel: list(pixel.events or ()),
    "data.pixel.id": lambda pixel: pixel.remote_id,
    "data.pixel.createdAt": lambda pixel: pixel.raw["createdAt"],
    "data.pixel.updatedAt": lambda pixel: pixel.raw["updatedAt"],
    "data.pixel.ownerId": lambda pixel: pixel.raw["ownerId"],
    "data.pixel.externalReferenceId": lambda pixel: (pixel.options or {})["external_reference"],
    "data.pixel.platform": lambda pixel: (pixel.options or {})["platform"],
    "data.pixel.status": lambda pixel: pixel.state,
    "data.pixel.code": lambda pixel: (pixel.options or {})["code"],
    "data.pixel.name": lambda pixel: pixel.name,
    "data.pixel.description": lambda pixel: (pixel.options or {})["description"],
    "data.pixel.metadata": lambda pixel: {"conversion-label": (pixel.options or {})["conversion_label"]},
    "data.pixel.metadata.conversion-label": lambda pixel: (pixel.options or {})["conversion_label"],
}


@pytest.mark.parametrize("field", READ)
def test_each_field_of_a_200(field: str, connect: Callable[..., Provider], loopback: Loopback) -> None:
    body: dict[str, Any] = {"statusCode": 200, "data": {"pixel": EASYFLOW_PIXEL}}
    loopback.script = [says(body)]
    value: Any = body
    for name in field.split("."):
        value = value[name]
    assert READ[field](create(connect("easyflow"))) == value


@pytest.mark.parametrize(
    ("status", "message", "error", "expected"),
    [
        (400, "Invalid param: []", "Bad Request", Rejected),
        (401, "Unauthorized", "Unauthorized", BadCredentials),
        (403, "Forbidden resource", "Forbidden", Forbidden),
        (500, "Internal server error", "Internal Server Error", BadAnswer),
    ],
)
@pytest.mark.parametrize("by", ["the status", "the field statusCode"])
def test_each_documented_error_with_its_message_error_and_status_code(
    status: int,
    message: str,
    error: str,
    expected: type[ProviderError],
    by: str,
    connect: Callable[..., Provider],
    loopback: Loopback,
) -> None:
    body = {"message": message, "error": error, "statusCode": status}
    loopback.script = [says(body, status if by == "the status" else 200)]
    with pytest.raises(ProviderError) as caught:
        create(connect("easyflow"))
    assert type(caught.value) is expected
    assert message in caught.value.provider_message
    assert caught.value.status == status


# Data


def test_platforms_by_document() -> None:
    assert [value for value, _, source in PLATFORMS if source == OLDER] == ["google", "meta"]
    assert [value for value, _, source in PLATFORMS if source == NEWER] == ["gtm", "tiktok"]
    choices = PROVIDERS["easyflow"].pixel_form.base_fields["platform"].choices  # type: ignore[attr-defined]
    assert [value for value, _ in choices] == ["", "google", "meta", "gtm", "tiktok"]


NONE_THERE = {"page_view", "landing_page", "view_item", "add_to_cart", "registration", "custom"}


@pytest.mark.parametrize("event", EVENTS)
def test_how_well_an_easyflow_event_fits_each_event(event: str) -> None:
    word, grade, sentence = PROVIDERS["easyflow"].provider_event_for(event)
    assert (grade, word is None) == (
        ("none", True) if event in NONE_THERE else ("close" if event == "lead" else "exact", False)
    )
    assert grade != "close" or sentence.endswith(".")


@pytest.mark.parametrize(
    ("value", "event", "grade"),
    [
        ("credit-card-form-init", "custom", "none"),
        ("coupon-form-init", "custom", "none"),
        ("user-form-init", "custom", "none"),
        ("pre-checkout-form-init", "custom", "none"),
        ("pre-checkout-form-completed", "lead", "close"),
    ],
)
def test_what_the_newer_events_stand_for(value: str, event: str, grade: str) -> None:
    word = PROVIDERS["easyflow"].provider_event(value)
    assert word is not None
    assert (word.event, word.grade) == (event, grade)


def test_the_lifecycle_notice_is_active_with_source_and_date() -> None:
    lifecycle_notice = PROVIDERS["easyflow"].lifecycle_notice
    assert (lifecycle_notice.status, lifecycle_notice.source) == (
        "active",
        "https://docs.easyflow.digital/openapi/pixel",
    )
    assert lifecycle_notice.as_of == "2026-11-21"
