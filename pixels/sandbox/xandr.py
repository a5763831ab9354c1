"""Xandr: `POST /auth` and the twelve rows of `/pixel` (its document "Conversion Pixel Service")."""

import secrets
from typing import Any
from urllib.parse import quote, unquote

from . import members, xandr_pixels
from .store import Store
from .wire import BadJson, Request, Response, json_response, read_json
from .xandr_envelope import UNREADABLE_STATUS, Envelope, Refused

SLUG = xandr_pixels.SLUG

COOKIE = "HBFAPI_SESSID"  # the name in recorded answers; the value is the token, percent-encoded

# inferred: the service's documents say NOAUTH for a wrong password, the vendor's own client is tested
# against UNAUTH
WRONG_PASSWORD_ERROR = "NOAUTH"
# inferred: "because thats what the service responds with", says that client's test
WRONG_PASSWORD_STATUS = 200
# inferred: 401 since 2016 for an expired session at the sister API; clients take it for NOAUTH
NO_SESSION_STATUS = 401
NO_SESSION_TEXT = "Authentication failed - not logged in"  # inferred: seen by one client, in no document
UNKNOWN_SERVICE_STATUS = 404  # inferred: unknown addresses of the live host answered 404 to a probe in 2026
# inferred: not 405, which this API once used for its rate limit and clients still wait on
WRONG_METHOD_STATUS = 400


def operation(request: Request) -> str:
    match request.path, request.method:
        case "/auth", "POST":
            return "auth"
        case "/pixel/meta", "GET":
            return "meta"
        case "/pixel", "GET":
            one = xandr_pixels.names_one(request.query)
            return "read" if one else "list"
        case "/pixel", "POST":
            return "create"
        case "/pixel", "PUT":
            return "update"
        case "/pixel", "DELETE":
            return "delete"
    return "other"


def failure(status: int, message: str) -> Response:
    """For what went wrong before the request could be read, or inside the sandbox."""
    error_id = "SYSTEM" if status >= 500 else "SYNTAX"
    return json_response(Envelope(service="pixel", method="").error(error_id, message), status=status)


def answer(request: Request, store: Store) -> Response:
    service = request.path.strip("/").partition("/")[0]
    envelope = Envelope(service=service, method=request.method, form_2010=store.switch("xandr_2010"))
    try:
        if request.path == "/auth":
            return _auth(request, store, envelope)
        token = _session(request, store)
        body = _routed(request, store, envelope)
    except Refused as refused:
        return json_response(envelope.refused(refused), status=refused.status)
    return json_response(body, headers=_cookie(token))


def _routed(request: Request, store: Store, envelope: Envelope) -> dict[str, Any]:
    match operation(request):
        case "list" | "read":
            return xandr_pixels.get(request.query, store, envelope)
        case "create":
            return xandr_pixels.create(request.query, _fields(request), store, envelope)
        case "update":
            return xandr_pixels.update(request.query, _fields(request), store, envelope)
        case "delete":
            return xandr_pixels.delete(request.query, store, envelope)
        case "meta":
            return xandr_pixels.meta(envelope)
    if request.path in ("/pixel", "/pixel/meta"):
        raise Refused(f"method {request.method} is not supported", status=WRONG_METHOD_STATUS)
    raise Refused("invalid service", status=UNKNOWN_SERVICE_STATUS)


def _auth(request: Request, store: Store, envelope: Envelope) -> Response:
    if request.method != "POST":
        raise Refused(f"method {request.method} is not supported", status=WRONG_METHOD_STATUS)
    given = _wrapped(request, "auth")
    if (given.get("username"), given.get("password")) != (members.XANDR_USER, members.XANDR_PASSWORD):
        raise Refused("No match found for user/pass", error_id=WRONG_PASSWORD_ERROR, status=WRONG_PASSWORD_STATUS)
    token = f"hbapi:1:{secrets.token_hex(13)}:sandbox"  # opaque, but with the colons of the recorded ones
    store.open_session(token)
    return json_response(envelope.token(token), headers=_cookie(token))


def _session(request: Request, store: Store) -> str:
    """The token, raw in the header (no "Bearer") or in the session cookie."""
    token = request.headers.get("authorization") or _cookie_token(request)
    age = store.session_age(token)
    lifetime = store.switch("xandr_token_seconds")
    if age is None or (lifetime is not None and age > lifetime):
        raise Refused(NO_SESSION_TEXT, error_id="NOAUTH", status=NO_SESSION_STATUS)
    return token


def _cookie_token(request: Request) -> str:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return unquote(value)
    return ""


def _cookie(token: str) -> dict[str, str]:
    # recorded: sent again with every answer
    return {"Set-Cookie": f"{COOKIE}={quote(token, safe='')}; Path=/"}


def _fields(request: Request) -> dict[str, Any]:
    return _wrapped(request, "pixel")


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
    """Load pixels as they are given, then `line_items`. KeyError or TypeError where one is neither."""
    for pixel in body.get("objects", []):
        xandr_pixels.load(pixel, store)
    for line_item in body.get("line_items", []):
        xandr_pixels.load_line_item(line_item, store)
