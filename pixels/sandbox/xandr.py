"""Xandr: who answers what. `/pixel` is that of its document "Conversion Pixel Service"; the others are named there."""

from typing import Any

from . import (
    members,
    xandr_advertisers,
    xandr_auth,
    xandr_keys,
    xandr_pixels,
    xandr_reports,
    xandr_services,
)
from .store import Store
from .wire import BadJson, Request, Response, json_bytes, json_response, read_json
from .xandr_envelope import UNREADABLE_STATUS, Envelope, Refused
from .xandr_index import PixelIndex

SLUG = xandr_pixels.SLUG

UNKNOWN_SERVICE_STATUS = 404  # inferred: unknown addresses of the live host answered 404 to a probe in 2026
# inferred: not 405, which this API once used for its rate limit and clients still wait on
WRONG_METHOD_STATUS = 400


# inferred: of /line-item, /user and /advertiser the sandbox has the reading only, and says so
READ_ONLY_SERVICE = "The sandbox's /{} is read only"

ROUTES = {
    ("POST", "/auth"): "auth",
    ("POST", "/v2/auth/jwt"): "auth",
    ("GET", "/public-key"): "keys",
    ("POST", "/public-key"): "register_key",
    ("PUT", "/public-key"): "change_key",
    ("GET", "/user"): "user",
    ("GET", "/advertiser"): "advertisers",
    ("GET", "/advertiser/meta"): "meta",
    ("GET", "/line-item"): "line_items",
    ("POST", "/report"): "report",
    ("GET", "/report"): "report_status",
    ("GET", "/report-download"): "report_download",
    ("GET", "/pixel/meta"): "meta",
    ("GET", "/pixel"): "list",  # or "read"
    ("POST", "/pixel"): "create",
    ("PUT", "/pixel"): "update",
    ("DELETE", "/pixel"): "delete",
}
WRITES = ("create", "update", "delete", "register_key", "change_key")
SERVICES = {path for _, path in ROUTES}
OPERATIONS = tuple(sorted({*ROUTES.values(), "read", "other"}))  # all that operation() may answer


def operation(request: Request) -> str:
    found = ROUTES.get((request.method, request.path), "other")
    if found == "list" and xandr_pixels.names_one(request.query):
        return "read"
    return found


def failure(status: int, message: str) -> Response:
    """An error before the request could be read, or inside the sandbox."""
    error_id = "SYSTEM" if status >= 500 else "SYNTAX"
    return json_response(Envelope(service="pixel", method="").error(error_id, message), status=status)


def answer(request: Request, store: Store) -> Response:
    service = request.path.strip("/").removeprefix("v2/").partition("/")[0]
    envelope = Envelope(service=service, method=request.method, form_2010=store.switch("xandr_2010"))
    try:
        _not_too_many(request, store)
        if request.path in ("/auth", "/v2/auth/jwt"):
            return _log_in(request, store, envelope)
        token, user = xandr_auth.caller(request, store)
        xandr_auth.spend(request, user, store)
        return _routed(request, user, store, envelope, xandr_auth.cookie(token))
    except Refused as refused:
        return json_response(envelope.refused(refused), status=refused.status, headers=refused.headers)


def _not_too_many(request: Request, store: Store) -> None:
    limit = store.switch("xandr_at_once")
    if limit is not None and request.at_once > limit:
        raise Refused(**xandr_auth.TOO_MANY_AT_ONCE)


def _log_in(request: Request, store: Store, envelope: Envelope) -> Response:
    if request.method != "POST":
        raise _wrong_method(request)
    if request.path == "/auth":
        return xandr_auth.log_in(_wrapped(request, "auth"), store, envelope)
    return xandr_keys.log_in(request, store)


def _routed(
    request: Request, user: members.XandrUser, store: Store, envelope: Envelope, cookie: dict[str, str]
) -> Response:
    asked = operation(request)
    if asked in WRITES:
        xandr_auth.may_write(user)
    if asked == "report_download":
        return xandr_reports.download(request.query, user, store, cookie)
    if asked in ("list", "read"):
        return json_bytes(xandr_pixels.get(request.query, store, envelope), headers=cookie)
    return json_response(_body(asked, request, user, store, envelope), headers=cookie)


def _body(asked: str, request: Request, user: members.XandrUser, store: Store, envelope: Envelope) -> dict[str, Any]:
    query = request.query
    match asked:
        case "create":
            return xandr_pixels.create(query, _wrapped(request, "pixel"), store, envelope)
        case "update":
            return xandr_pixels.update(query, _wrapped(request, "pixel"), store, envelope)
        case "delete":
            return xandr_pixels.delete(query, store, envelope)
        case "meta":
            return (xandr_pixels if request.path == "/pixel/meta" else xandr_advertisers).meta(envelope)
        case "user":
            return xandr_services.users(query, user.username, store, envelope)
        case "advertisers":
            return xandr_advertisers.get(query, store, envelope)
        case "line_items":
            return xandr_services.line_items(query, store, envelope)
        case "report":
            return xandr_reports.request(query, _wrapped(request, "report"), user, store, envelope)
        case "report_status":
            return xandr_reports.status(query, user, store, envelope)
        case "keys":
            return xandr_keys.keys(query, user, store)
        case "register_key":
            return xandr_keys.register(query, _wrapped(request, "public-key"), user, store)
        case "change_key":
            return xandr_keys.change(query, _wrapped(request, "public-key"), user, store)
    if request.path in SERVICES:
        raise _wrong_method(request)
    raise Refused("invalid service", status=UNKNOWN_SERVICE_STATUS)


def _wrong_method(request: Request) -> Refused:
    text = f"method {request.method} is not supported"
    if request.path in ("/line-item", "/user", "/advertiser"):
        text = READ_ONLY_SERVICE.format(request.path.strip("/"))
    return Refused(text, status=WRONG_METHOD_STATUS)


def _wrapped(request: Request, key: str) -> dict[str, Any]:
    """The object under the service's name, of any content type: the document's `curl -d` sends a form's."""
    try:
        body = read_json(request.body)
    except BadJson:
        raise Refused("The body is not valid JSON", status=UNREADABLE_STATUS) from None
    inner = body.get(key) if isinstance(body, dict) else None
    if not isinstance(inner, dict):
        raise Refused(f"The body must be an object with the key '{key}'", status=UNREADABLE_STATUS)
    return inner


def seed(body: dict[str, Any], store: Store) -> None:
    """Load pixels as they are given, then the rest. KeyError, TypeError or ValueError where one is none.

    `objects`: pixels; `line_items`; `advertisers`: {id, name, …}; `last_fired`: {pixel's id: timestamp};
    `password_expires_on`: {user: timestamp}; `pass_seconds`: sessions and limits are so much older.
    """
    numbers = [xandr_pixels.load(pixel, store) for pixel in body.get("objects", [])]
    store.seen_id(SLUG, max(numbers, default=0))
    for line_item in body.get("line_items", []):
        xandr_pixels.load_line_item(line_item, store)
    store.view(PixelIndex).refresh()
    for advertiser in body.get("advertisers", []):
        xandr_advertisers.load(advertiser, store)
    xandr_reports.load_fires(body.get("last_fired", {}), store)
    for username, expires_on in body.get("password_expires_on", {}).items():
        xandr_services.load_expiry(username, expires_on, store)
    store.let_time_pass(float(body.get("pass_seconds", 0)))
