"""Easyflow: `POST /pixels`, `PATCH /pixels/{id}` and, switched on, `GET /pixels/list`.

Two documents, both "version 1.0": the older one ("Create pixel") and a newer one with more platforms, more events
and the PATCH (https://docs.easyflow.digital/openapi/pixel/post-pixels and .../patch-pixels-id).
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import members
from .store import Store
from .wire import BadJson, Request, Response, json_response, read_json

SLUG = "easyflow"

OLDER_EVENTS = (
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

NEWER_EVENTS = (
    "credit-card-form-init",
    "coupon-form-init",
    "user-form-init",
    "pre-checkout-form-init",
    "pre-checkout-form-completed",
)


@dataclass(frozen=True, kw_only=True)
class Document:
    platforms: tuple[str, ...]
    events: tuple[str, ...]
    newer: bool  # with PATCH and serverSideMetadata


# The older list of platforms breaks off ("available platforms: and"); the provider's page of the same version
# names these two.
OLDER = Document(platforms=("google", "meta"), events=OLDER_EVENTS, newer=False)
NEWER = Document(platforms=("google", "meta", "gtm", "tiktok"), events=OLDER_EVENTS + NEWER_EVENTS, newer=True)

REQUIRED_TEXTS = ("name", "ownerId", "externalReferenceId")
OPTIONAL_TEXTS = ("description", "code")
FIELDS = {*REQUIRED_TEXTS, *OPTIONAL_TEXTS, "platform", "events", "metadata"}
PATCH_FIELDS = {"name", "description", "status", "platform", "code", "events"}
STATUSES = ("active", "inactive")
CONVERSION_LABEL = "conversion-label"
SERVER_SIDE = "serverSideMetadata"
CAPI_TOKEN = "capi-access-token"
# Both documented as strings. inferred: any; "true" and "false" are likely of the second
SERVER_SIDE_FIELDS = (CAPI_TOKEN, "enable-capi-access-token")

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


ONE = re.compile(r"/pixels/([0-9A-Za-z-]{1,64})")
OPERATIONS = ("create", "list", "other", "update")  # all that operation() may return

# All of `GET /pixels/list` is inferred: the path from the name of its page, "get-pixels-list"; limit and page,
# both required, and the keys of the answer from the provider's list of webhooks; the filter from a pixel's field.
LIST_PATH = "/pixels/list"
LIST_PARAMETERS = ("limit", "page")
LIST_FILTERS = ("ownerId",)
MAX_LIMIT = 100


def operation(request: Request) -> str:
    if (request.method, request.path) == ("POST", "/pixels"):
        return "create"
    if (request.method, request.path) == ("GET", LIST_PATH):
        return "list"
    return "update" if request.method == "PATCH" and ONE.fullmatch(request.path) else "other"


def failure(status: int, message: str) -> Response:
    """The document's error form: message, error, statusCode."""
    return json_response(
        {"message": message, "error": REASONS.get(status, "Error"), "statusCode": status}, status=status
    )


def answer(request: Request, store: Store) -> Response:
    document = OLDER if store.switch("easyflow_older") else NEWER
    asked = operation(request)
    known = {"create": True, "update": document.newer, "list": store.switch("easyflow_list")}
    if not known.get(asked, False):
        return failure(NOT_FOUND_STATUS, f"Cannot {request.method} {request.path}")
    if not _known(request):
        return failure(401, "Unauthorized")
    if asked == "list":
        return _list(request, store)
    if request.content_type != "application/json":
        return failure(400, INVALID_PARAM.format("content-type"))
    try:
        fields = read_json(request.body)
    except BadJson:
        return failure(400, INVALID_PARAM.format("body"))
    if not isinstance(fields, dict):
        return failure(400, INVALID_PARAM.format("body"))
    return (_create if asked == "create" else _update)(request, fields, document, store)


def _known(request: Request) -> bool:
    return (request.headers.get("x-api-key"), request.headers.get("x-api-secret")) == (
        members.EASYFLOW_KEY,
        members.EASYFLOW_SECRET,
    )


def _invalid(fields: dict[str, Any], document: Document) -> list[str]:
    """The names of fields whose values the document does not allow."""
    found = [name for name in REQUIRED_TEXTS if not _filled(fields.get(name))]
    found += [name for name in OPTIONAL_TEXTS if not isinstance(fields.get(name, ""), str)]
    if fields.get("platform") not in document.platforms:
        found.append("platform")
    if not _valid_events(fields.get("events"), document):
        found.append("events")
    found += _invalid_metadata(fields) + _invalid_server_side(fields)
    return found + _unknown(fields, FIELDS, document)


def _invalid_in_patch(fields: dict[str, Any], pixel: dict[str, Any], document: Document) -> list[str]:
    """All fields are optional; `ownerId`, `externalReferenceId` and `metadata` are none of them."""
    found = ["name"] if not _filled(fields.get("name", "x")) else []
    found += [name for name in OPTIONAL_TEXTS if not isinstance(fields.get(name, ""), str)]
    if fields.get("status", "active") not in STATUSES:
        found.append("status")
    platform = fields.get("platform", pixel["platform"])
    # inferred: the conversion label, which a google pixel must have, cannot be sent along
    if "platform" in fields and (platform not in document.platforms or (platform == "google" and not _label(pixel))):
        found.append("platform")
    if "events" in fields and not _valid_events(fields["events"], document):
        found.append("events")
    return found + _invalid_server_side(fields) + _unknown(fields, PATCH_FIELDS, document)


def _unknown(fields: dict[str, Any], documented: set[str], document: Document) -> list[str]:
    allowed = documented | {SERVER_SIDE} if document.newer else documented
    return sorted(set(fields) - allowed) if REFUSE_UNKNOWN_FIELDS else []


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _valid_events(events: Any, document: Document) -> bool:
    # inferred: "required" means at least one; a pixel that tracks nothing has no use
    return isinstance(events, list) and bool(events) and all(event in document.events for event in events)


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


def _invalid_server_side(fields: dict[str, Any]) -> list[str]:
    given = fields.get(SERVER_SIDE, {})
    if not isinstance(given, dict):
        return [SERVER_SIDE]
    wrong = [name for name in given if name not in SERVER_SIDE_FIELDS or not isinstance(given[name], str)]
    return [f"{SERVER_SIDE}.{name}" for name in sorted(wrong)]


def _label(pixel: dict[str, Any]) -> str:
    return str((pixel.get("metadata") or {}).get(CONVERSION_LABEL, ABSENT_TEXT))


def _create(request: Request, fields: dict[str, Any], document: Document, store: Store) -> Response:
    invalid = _invalid(fields, document)
    if invalid:
        return failure(400, INVALID_PARAM.format(", ".join(invalid)))
    # inferred: the document gives 403 no reason but the two words; an owner that is not the key's own is
    # the likely one
    if fields["ownerId"] not in members.EASYFLOW_OWNERS:
        return failure(403, "Forbidden resource")
    now = _now()
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
        "metadata": {CONVERSION_LABEL: _label(fields)},
    }
    _put({**pixel, **_sealed(fields)}, store)
    store.count("objects", SLUG, "created")
    return json_response({"statusCode": 200, "data": {"pixel": pixel}})


def _update(request: Request, fields: dict[str, Any], document: Document, store: Store) -> Response:
    """Fields that are not sent keep their values. inferred: the answer, not shown on the visible part of the page,
    is POST's."""
    pixel_id = request.path.rpartition("/")[2]
    found = [pixel for pixel in store.objects(SLUG) if pixel["id"] == pixel_id]
    # inferred: NestJS's word for what is not there; another owner's pixel is as good as not there
    if not found or found[0]["ownerId"] not in members.EASYFLOW_OWNERS:
        return failure(404, "Not Found")
    invalid = _invalid_in_patch(fields, found[0], document)
    if invalid:
        return failure(400, INVALID_PARAM.format(", ".join(invalid)))
    before = found[0].get(SERVER_SIDE, {})
    # inferred: within serverSideMetadata too, what is not sent stays
    secret = {SERVER_SIDE: {**before, **_sealed(fields)[SERVER_SIDE]}} if SERVER_SIDE in fields else {}
    pixel = {**found[0], **fields, **secret, "updatedAt": _now()}
    _put(pixel, store)
    store.count("objects", SLUG, "updated")
    return json_response({"statusCode": 200, "data": {"pixel": _shown(pixel)}})


def _list(request: Request, store: Store) -> Response:
    query = request.query
    invalid = [name for name in LIST_PARAMETERS if not re.fullmatch(r"[1-9][0-9]{0,5}", query.get(name, ""))]
    invalid += [name for name in query if name not in (*LIST_PARAMETERS, *LIST_FILTERS)]
    if not invalid and int(query["limit"]) > MAX_LIMIT:
        invalid = ["limit"]
    if invalid:
        return failure(400, INVALID_PARAM.format(", ".join(invalid)))
    owners = (query["ownerId"],) if "ownerId" in query else members.EASYFLOW_OWNERS
    if not set(owners) <= set(members.EASYFLOW_OWNERS):
        return failure(403, "Forbidden resource")
    pixels = [_shown(pixel) for pixel in store.objects(SLUG) if pixel["ownerId"] in owners]
    limit, page = int(query["limit"]), int(query["page"])
    data = {
        "docs": pixels[(page - 1) * limit : page * limit],
        "totalDocs": len(pixels),
        "limit": limit,
        "totalPages": max(1, -(-len(pixels) // limit)),
        "currentPage": page,
    }
    return json_response({"statusCode": 200, "data": data})


def _shown(pixel: dict[str, Any]) -> dict[str, Any]:
    """Documented answers have no serverSideMetadata, and its token is a secret."""
    return {name: value for name, value in pixel.items() if name != SERVER_SIDE}


def _sealed(fields: dict[str, Any]) -> dict[str, Any]:
    """serverSideMetadata as it is stored: with a hash of the token, for comparison, never the token itself."""
    if SERVER_SIDE not in fields:
        return {}
    given = dict(fields[SERVER_SIDE])
    token = given.get(CAPI_TOKEN)
    if token and not re.fullmatch(r"sha256:[0-9a-f]{16}", token):
        given[CAPI_TOKEN] = "sha256:" + hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return {SERVER_SIDE: given}


def _put(pixel: dict[str, Any], store: Store) -> None:
    store.put(SLUG, pixel["ownerId"], pixel["id"], pixel)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seed(body: dict[str, Any], store: Store) -> None:
    """Load pixels as given, but without a token. Raises KeyError or TypeError if one is not a pixel."""
    for pixel in body["objects"]:
        store.put(SLUG, str(pixel["ownerId"]), str(pixel["id"]), {**pixel, **_sealed(pixel)})
