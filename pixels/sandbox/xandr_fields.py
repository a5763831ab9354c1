"""The JSON fields of a Xandr pixel and what may be written into them (the document's table "JSON Fields")."""

from collections.abc import Callable
from typing import Any

from .xandr_envelope import Refused

STATES = ("active", "inactive")
TRIGGER_TYPES = ("view", "click", "hybrid")
PIGGYBACK_TYPES = ("js", "img")
URL_LENGTH = 255

CONVERSION_EVENTS = {
    2: "LandingPage",
    3: "ItemView",
    4: "AddToCart",
    5: "InitiateCheckout",
    6: "AddPaymentInfo",
    7: "Purchase",
    8: "Lead",
}

MAX_MIN_MINUTES = 32767  # 22 days
MAX_POST_CLICK = 129600  # 90 days; 0 and null mean "the maximum", and are stored as they were sent
MAX_POST_VIEW = 43200  # 30 days; likewise

DEFAULTS: dict[str, Any] = {
    "code": None,
    "min_minutes_per_conv": None,
    "piggyback_pixels": None,
    "pixel_conversion_event_id": None,
    "post_click_expire_mins": None,
    "post_click_value": None,
    "post_view_expire_mins": None,
    "post_view_value": None,
    # inferred: the document states no default; its POST sample sends active, its rows have it
    "state": "active",
    "trigger_type": "click",
}

READ_ONLY = (
    "campaigns",
    "created_on",
    "last_modified",
    "line_items",
    "member_id",
    "pixel_conversion_event",
)

ALL_FIELDS = tuple(sorted({*DEFAULTS, *READ_ONLY, "advertiser_id", "id", "name"}))

READ_ONLY_WARNING = "Field `{}` is read-only"  # inferred: ignored, as recorded of unknown fields
UNKNOWN_WARNING = "Field `{}` is not available"  # recorded: unknown fields are ignored with this warning
# inferred: the document gives only maxima; an interval below nothing has no meaning
NEGATIVE_MINUTES_REFUSED = True
# inferred: "The URL of the pixel to piggyback"; the samples are absolute
URL_SCHEMES = ("http://", "https://")


def accepted(fields: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields to write, checked, and a warning for each that will not be. `id`, `advertiser_id` apart."""
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for name, value in fields.items():
        if name in CHECKS:
            CHECKS[name](name, value)
            values[name] = value
        elif name in READ_ONLY:
            warnings.append(READ_ONLY_WARNING.format(name))
        elif name not in ("id", "advertiser_id"):
            warnings.append(UNKNOWN_WARNING.format(name))
    return values, warnings


def check_piggybacks(name: str, value: Any) -> None:
    """Images only with images, scripts only with scripts, and no more than one image."""
    if value is None:
        return
    if not isinstance(value, list):
        raise Refused(f"{name} must be an array of objects or null")
    for pixel in value:
        _check_piggyback(name, pixel)
    types = [pixel["pixel_type"] for pixel in value]
    if len(set(types)) > 1:
        raise Refused(f"{name}: image pixels can only piggyback image pixels, and js pixels only js pixels")
    if types.count("img") > 1:
        raise Refused(f"{name}: an image pixel can only have one piggyback pixel")


def _check_piggyback(name: str, pixel: Any) -> None:
    if not isinstance(pixel, dict):
        raise Refused(f"{name} must be an array of objects or null")
    if pixel.get("pixel_type") not in PIGGYBACK_TYPES:
        raise Refused(f"{name}: pixel_type must be one of {', '.join(PIGGYBACK_TYPES)}")
    url = pixel.get("url")
    if not isinstance(url, str) or not url.startswith(URL_SCHEMES):
        raise Refused(f"{name}: url must be a URL")
    if len(url) > URL_LENGTH:
        raise Refused(f"{name}: url must not be longer than {URL_LENGTH} characters")
    unknown = sorted(set(pixel) - {"pixel_type", "url"})
    if unknown:
        raise Refused(f"{name}: {unknown[0]} is not a field of a piggyback pixel")


def _name(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} is required and must be a string")


def _text_or_null(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, str):
        raise Refused(f"{name} must be a string or null")


def _one_of(choices: tuple[str, ...]) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if value not in choices:
            raise Refused(f"{name} must be one of {', '.join(choices)}")

    return check


def _minutes(maximum: int) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if value is None:
            return
        if not _is_int(value):
            raise Refused(f"{name} must be an int or null")
        if value > maximum:
            raise Refused(f"{name} must not be greater than {maximum}")
        if value < 0 and NEGATIVE_MINUTES_REFUSED:
            raise Refused(f"{name} must not be negative")

    return check


def _double_or_null(name: str, value: Any) -> None:
    if value is not None and not (_is_int(value) or isinstance(value, float)):
        raise Refused(f"{name} must be a double or null")


def _conversion_event(name: str, value: Any) -> None:
    if value is not None and not (_is_int(value) and value in CONVERSION_EVENTS):
        raise Refused(f"{name} must be null or an int between 2 and 8")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


CHECKS: dict[str, Callable[[str, Any], None]] = {
    "code": _text_or_null,
    "min_minutes_per_conv": _minutes(MAX_MIN_MINUTES),
    "name": _name,
    "piggyback_pixels": check_piggybacks,
    "pixel_conversion_event_id": _conversion_event,
    "post_click_expire_mins": _minutes(MAX_POST_CLICK),
    "post_click_value": _double_or_null,
    "post_view_expire_mins": _minutes(MAX_POST_VIEW),
    "post_view_value": _double_or_null,
    "state": _one_of(STATES),
    "trigger_type": _one_of(TRIGGER_TYPES),
}
