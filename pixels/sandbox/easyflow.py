"""Easyflow: one operation, `POST /pixels` (the provider's document "Create pixel", version 1.0)."""

import uuid
from datetime import UTC, datetime
from typing import Any

from . import members
from .store import Store
from .wire import BadJson, Request, Response, json_response, read_json

SLUG = "easyflow"

# The document's list breaks off ("available platforms: and"); the provider's page of the same version
# names these two.
PLATFORMS = ("google", "meta")

EVENTS = (
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
)

REQUIRED_TEXTS = ("name", "ownerId", "externalReferenceId")
OPTIONAL_TEXTS = ("description", "code")
FIELDS = {*REQUIRED_TEXTS, *OPTIONAL_TEXTS, "platform", "events", "metadata"}
CONVERSION_LABEL = "conversion-label"

# inferred: the newer document knows active and inactive, and no step to activate a new pixel
STATUS_AT_CREATION = "active"
# inferred: the answer lists every field as a string, so one never sent is an empty string, not null
ABSENT_TEXT = ""
# inferred: the document lists all fields; refusing others shows a misspelt name at once
REFUSE_UNKNOWN_FIELDS = True
# inferred: the document shows only empty brackets; the bad fields' names go in
INVALID_PARAM = "Invalid param: [{}]"
# inferred: any other path or method; the error form is that of NestJS, which answers 404 to both
NOT_FOUND_STATUS = 404

REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Payload Too Large",
    500: "Internal Server Error",
}


def operation(request: Request) -> str:
    return "create" if (request.method, request.path) == ("POST", "/pixels") else "other"


def failure(status: int, message: str) -> Response:
    """The document's error form: message, error, statusCode."""
    return json_response(
        {"message": message, "error": REASONS.get(status, "Error"), "statusCode": status}, status=status
    )


def answer(request: Request, store: Store) -> Response:
    if operation(request) != "create":
        return failure(NOT_FOUND_STATUS, f"Cannot {request.method} {request.path}")
    if not _known(request):
        return failure(401, "Unauthorized")
    if request.content_type != "application/json":
        return failure(400, INVALID_PARAM.format("content-type"))
    try:
        fields = read_json(request.body)
    except BadJson:
        return failure(400, INVALID_PARAM.format("body"))
    invalid = _invalid(fields)
    if invalid:
        return failure(400, INVALID_PARAM.format(", ".join(invalid)))
    # inferred: the document gives 403 no reason but the two words; an owner that is not the key's own is
    # the likely one
    if fields["ownerId"] not in members.EASYFLOW_OWNERS:
        return failure(403, "Forbidden resource")
    return json_response({"statusCode": 200, "data": {"pixel": _create(fields, store)}})


def _known(request: Request) -> bool:
    return (request.headers.get("x-api-key"), request.headers.get("x-api-secret")) == (
        members.EASYFLOW_KEY,
        members.EASYFLOW_SECRET,
    )


def _invalid(fields: Any) -> list[str]:
    """The names of the fields that the document does not allow so."""
    if not isinstance(fields, dict):
        return ["body"]
    found = [name for name in REQUIRED_TEXTS if not _filled(fields.get(name))]
    found += [name for name in OPTIONAL_TEXTS if not isinstance(fields.get(name, ""), str)]
    if fields.get("platform") not in PLATFORMS:
        found.append("platform")
    if not _valid_events(fields.get("events")):
        found.append("events")
    found += _invalid_metadata(fields)
    if REFUSE_UNKNOWN_FIELDS:
        found += sorted(set(fields) - FIELDS)
    return found


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _valid_events(events: Any) -> bool:
    # inferred: "required" means at least one; a pixel that tracks nothing has no use
    return isinstance(events, list) and bool(events) and all(event in EVENTS for event in events)


def _invalid_metadata(fields: dict[str, Any]) -> list[str]:
    metadata = fields.get("metadata", {})
    if not isinstance(metadata, dict):
        return ["metadata"]
    label = metadata.get(CONVERSION_LABEL, "")
    needed = fields.get("platform") == "google"
    found = []
    if not isinstance(label, str) or (needed and not _filled(label)):
        found.append(f"metadata.{CONVERSION_LABEL}")
    if REFUSE_UNKNOWN_FIELDS:
        found += [f"metadata.{name}" for name in sorted(set(metadata) - {CONVERSION_LABEL})]
    return found


def _create(fields: dict[str, Any], store: Store) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    pixel = {
        "events": fields["events"],
        "id": str(uuid.uuid4()),
        "createdAt": now,
        "updatedAt": now,
        "ownerId": fields["ownerId"],
        "externalReferenceId": fields["externalReferenceId"],
        "platform": fields["platform"],
        "status": STATUS_AT_CREATION,
        "code": fields.get("code", ABSENT_TEXT),
        "name": fields["name"],
        "description": fields.get("description", ABSENT_TEXT),
        "metadata": {CONVERSION_LABEL: fields.get("metadata", {}).get(CONVERSION_LABEL, ABSENT_TEXT)},
    }
    store.put(SLUG, pixel["ownerId"], pixel["id"], pixel)
    store.count("objects", SLUG, "created")
    return pixel


def seed(body: dict[str, Any], store: Store) -> None:
    """Load pixels as they are given. KeyError or TypeError where one is no pixel."""
    for pixel in body["objects"]:
        store.put(SLUG, str(pixel["ownerId"]), str(pixel["id"]), pixel)
