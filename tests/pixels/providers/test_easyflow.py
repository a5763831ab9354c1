"""Easyflow's answers, and what PixelHub makes of them."""

from collections.abc import Callable
from typing import Any

import pytest

from pixels.providers.base import Provider
from pixels.providers.errors import BadAnswer, BadCredentials, Forbidden, ProviderError, Rejected, Throttled
from tests.pixels.providers.conftest import create
from tests.pixels.providers.loopback import Loopback, says
from tests.pixels.said import advised, said


def test_a_meta_pixel_without_extras_sends_only_what_was_chosen(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({"data": {"pixel": {"id": "px_1"}}})]
    create(connect("easyflow"), platform="meta", conversion_label=None, code=None, description=None)
    assert loopback.received[0].json() == {
        "name": "Shoes purchase",
        "ownerId": "2",
        "externalReferenceId": "ph-1",
        "platform": "meta",
        "events": ["purchase-completed", "pix-copied"],
    }


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("said", [{"statusCode": 200}, {"statusCode": 201}, {"statusCode": 0}, {}])
def test_an_id_in_a_positive_answer_is_a_pixel(
    status: int, said: dict[str, Any], connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says({**said, "data": {"pixel": {"id": "px_1", "new": [1]}}}, status)]
    pixel = create(connect("easyflow"))
    assert pixel.remote_id == "px_1"
    assert pixel.name is None
    assert pixel.events is None


@pytest.mark.parametrize(
    ("status", "body", "expected", "words"),
    [
        (400, {"message": "Invalid param: []", "error": "Bad Request", "statusCode": 400}, Rejected, "Invalid"),
        (401, {"message": "Unauthorized", "error": "Unauthorized", "statusCode": 401}, BadCredentials, "Unauthorized"),
        (403, {"message": "Forbidden resource", "error": "Forbidden"}, Forbidden, "Forbidden resource"),
        (403, {"message": "Forbidden"}, Forbidden, "Forbidden"),
        (429, {"message": "Too Many Requests"}, Throttled, "Too Many Requests"),
        (500, {"message": "Internal server error", "statusCode": 500}, BadAnswer, "Internal server error"),
        (200, {"message": "Invalid param: []", "statusCode": 400}, Rejected, "Invalid param: []"),
        (200, {"message": "Unauthorized", "statusCode": 401}, BadCredentials, "Unauthorized"),
        (200, {"message": "Internal server error", "statusCode": 500}, BadAnswer, "Internal server error"),
    ],
)  # fmt: skip
def test_a_refusal_keeps_easyflows_message(
    status: int,
    body: dict[str, Any],
    expected: type[ProviderError],
    words: str,
    connect: Callable[..., Provider],
    loopback: Loopback,
) -> None:
    loopback.script = [says(body, status)]
    with pytest.raises(ProviderError) as caught:
        create(connect("easyflow"))
    assert type(caught.value) is expected
    assert words in caught.value.provider_message
    assert caught.value.maybe_done == (expected is BadAnswer)
    assert len(loopback.received) == 1


def test_a_value_of_a_wrong_type_counts_as_missing(connect: Callable[..., Provider], loopback: Loopback) -> None:
    odd = {"platform": ["google"], "code": 7, "description": None, "metadata": {"conversion-label": {}}}
    more = {"name": [], "status": {}, "events": ["pix-copied", 7], "externalReferenceId": "ph-1"}
    loopback.script = [says({"data": {"pixel": {"id": "px_1", **odd, **more}}})]
    pixel = create(connect("easyflow"))
    assert pixel.options == {"description": None, "external_reference": "ph-1"}
    assert connect("easyflow").is_active({"status": {}})
    assert (pixel.name, pixel.state, pixel.events) == (None, None, None)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"pixel": {}}}, {"data": {"pixel": {"id": ""}}}, []])
def test_a_success_without_an_id_may_have_made_the_pixel(
    body: Any, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    loopback.script = [says(body)]
    with pytest.raises(BadAnswer) as caught:
        create(connect("easyflow"))
    assert caught.value.maybe_done


@pytest.mark.parametrize(
    ("status", "message"), [(403, "Forbidden"), (403, "Missing Authentication Token"), (429, "Too Many Requests")]
)
def test_the_gateway_before_easyflow_is_told_from_easyflow(
    status: int, message: str, connect: Callable[..., Provider], loopback: Loopback
) -> None:
    """AWS's own bodies have no "error" and no "statusCode"; its 403 may mean a missing key or a missing call."""
    loopback.script = [says({"message": message}, status)]
    with pytest.raises(ProviderError) as caught:
        create(connect("easyflow"))
    error = caught.value
    assert error.provider_message == message
    assert not error.maybe_done
    if status == 429:
        assert type(error) is Throttled
        return
    assert type(error) is Forbidden
    assert said(error) == "The gateway in front of Easyflow turned this away."
    assert "Either the API key is unknown there, or Easyflow has no such call" in advised(error)
    assert "credentials" not in said(error)


def test_easyflows_own_403_is_about_a_right(connect: Callable[..., Provider], loopback: Loopback) -> None:
    loopback.script = [says({"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}, 403)]
    with pytest.raises(Forbidden, match=r"provider.forbidden"):
        create(connect("easyflow"))


def test_platforms_events_and_states_of_other_versions_are_kept_as_they_come(
    connect: Callable[..., Provider], loopback: Loopback
) -> None:
    pixel = {"id": "px_1", "platform": "Pinterest", "status": "Suspended", "events": ["pix-refunded", "pix-copied"]}
    loopback.script = [says({"data": {"pixel": pixel}})]
    read = create(connect("easyflow"))
    assert read.events == ("pix-refunded", "pix-copied")
    assert read.options == {"platform": "pinterest", "status": "suspended"}
    assert read.state == "Suspended"
