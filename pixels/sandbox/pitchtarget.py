"""PitchTarget: `POST|GET /offsitepixels` (its document "Working with Offsite Conversion Pixels"), and what its other
documents of 2014 have beside it: the second generation of these paths, one pixel, ad accounts, the password grant.

https://github.com/pitchtarget/pitchtarget.github.io, branches with-api (April 2014) and api-docs (May 2014).
"""

import hashlib
import re
import secrets
import uuid
from typing import Any
from urllib.parse import parse_qsl

from . import members
from .store import Store
from .wire import BadJson, Request, Response, read_json, write_json

SLUG = "pitchtarget"

TAGS = ("CHECKOUT", "REGISTRATION", "LEAD", "KEY_PAGE_VIEW", "ADD_TO_CART", "OTHER")
KEYS = ("id", "name", "tag", "status", "creator", "js_pixel")
PARAMETERS = ("fb_ad_account_id", "name", "tag")

STATUS_AT_CREATION = "Inactive"  # the only status the document shows
CREATOR = "100000000000000001 (Sandbox User)"  # the form of the sample: a Facebook user id and a name
FIRST_ID = 6014360342905  # 13 digits, right after the sample's

# The sample's `js_pixel`, byte for byte. The name goes in unescaped, as it does there.
JS_PIXEL = (
    "<!-- Facebook Conversion Code for %(name)s -->\n"
    '<script type="text/javascript">\n'
    "var fb_param = {};\n"
    "fb_param.pixel_id = '%(id)s';\n"
    "fb_param.value = '0.01';\n"
    "fb_param.currency = 'GBP';\n"
    "(function(){\n"
    "  var fpw = document.createElement('script');\n"
    "  fpw.async = true;\n"
    "  fpw.src = '//connect.facebook.net/en_US/fp.js';\n"
    "  var ref = document.getElementsByTagName('script')[0];\n"
    "  ref.parentNode.insertBefore(fpw, ref);\n"
    "})();\n"
    "</script>\n"
    '<noscript><img height="1" width="1" alt="" style="display:none" '
    'src="https://www.facebook.com/offsite_event.php?id=%(id)s&amp;value=0.01&amp;currency=GBP" /></noscript>'
)

# The document shows no error at all; the sample's headers (X-Runtime, X-Request-Id) are those of Ruby on
# Rails.
ERROR_STATUS = 422  # inferred: what Rails applications answer to a record that does not validate
# inferred: Rails' own words for a value that must be unique
DUPLICATE_NAME = {"name": ["has already been taken"]}
BLANK = ["can't be blank"]  # inferred: Rails' own words for a required value that is missing
WRONG_TAG = {"tag": ["is not included in the list"]}  # inferred: Rails' own words for a value outside a list
# inferred: refused, so that a misspelt name shows at once
UNKNOWN_PARAMETER = ["is not a parameter of this request"]
UNKNOWN_AD_ACCOUNT_STATUS = 404  # inferred: Rails answers so to a record that is not there, or not yours
UNAUTHORIZED = {"error": "Unauthorized"}  # inferred: the document gives no text for a wrong token
UNKNOWN_PIXEL_STATUS = 404  # inferred: as of an ad account that is not there
# inferred: "OAuth 2.0 draft 10", says the document; these are that draft's codes and its status for all of them
GRANT_STATUS = 400
GRANT_ERRORS = {
    "request": "invalid_request",
    "grant_type": "unsupported_grant_type",
    "client_id": "invalid_client",
    "password": "invalid_grant",
}
NAMES_DIFFER_BY_CASE = True  # inferred: Rails compares exactly unless told otherwise
NOT_FOUND_STATUS = 404  # inferred: Rails has no route for another path or method, and answers 404 to both

SAMPLE_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-XSS-Protection": "1; mode=block",
    "X-Content-Type-Options": "nosniff",
    "X-UA-Compatible": "chrome=1",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, PUT, DELETE, GET, OPTIONS",
    "Access-Control-Request-Method": "*",
    "Access-Control-Allow-Headers": (
        "Origin, X-Requested-With, Content-Type, Accept, Authorization, Content-Disposition"
    ),
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "max-age=0, private, must-revalidate",
    "X-Runtime": "0.009078",
}


# The two documented generations of the same calls, and whether the answer of a create is {"id": {"id": …}}
FIRST, SECOND = "/offsitepixels", "/offsite_pixels"
NESTED = {FIRST: False, SECOND: True}  # the first: until 2014-04-15, and then as the second (a switch)
ONE = re.compile(rf"(?:{FIRST}|{SECOND})/([^/]+)")

ROUTES = {
    ("POST", FIRST): "create",
    ("POST", SECOND): "create",
    ("GET", FIRST): "list",
    ("GET", SECOND): "list",
    ("GET", "/fb_ad_accounts"): "ad_accounts",
    ("PUT", "/fb_ad_accounts"): "ad_accounts",  # reads them from Facebook again
    ("POST", "/oauth/authorize"): "auth",
}
OPERATIONS = tuple(sorted({*ROUTES.values(), "read", "other"}))  # all that operation() may answer


def operation(request: Request) -> str:
    if request.method == "GET" and ONE.fullmatch(request.path):
        return "read"
    return ROUTES.get((request.method, request.path), "other")


def failure(status: int, message: str) -> Response:
    return _json({"error": message}, status=status)


def answer(request: Request, store: Store) -> Response:
    asked = operation(request)
    if asked == "other":
        return failure(NOT_FOUND_STATUS, "Not Found")
    if asked == "auth":
        return _grant(request, store)
    if not _known(request, store):
        return _json(UNAUTHORIZED, status=401)
    return {"create": _create, "list": _list, "read": _read, "ad_accounts": _ad_accounts}[asked](request, store)


def _known(request: Request, store: Store) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "OAuth":
        return False
    return token == members.PITCHTARGET_TOKEN or store.session(SLUG, token) is not None


def _grant(request: Request, store: Store) -> Response:
    """A token for a user name and a password. No document says that a token ever ends."""
    if request.content_type != "application/json":
        return failure(415, "The body must be application/json")
    try:
        given = read_json(request.body)
    except BadJson:
        given = None
    names = ("username", "password", "grant_type", "client_id")
    if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in names):
        return _grant_error("request")
    if given["grant_type"] != "password":
        return _grant_error("grant_type")
    if given["client_id"] != members.PITCHTARGET_CLIENT_ID:
        return _grant_error("client_id")
    if (given["username"], given["password"]) != (members.PITCHTARGET_USER, members.PITCHTARGET_PASSWORD):
        return _grant_error("password")
    token = secrets.token_hex(16)[:31]  # the samples': 31 small letters and digits
    store.open_session(SLUG, given["username"], token)
    return _json({"access_token": token})


def _grant_error(what: str) -> Response:
    return _json({"error": GRANT_ERRORS[what]}, status=GRANT_STATUS)


def _ad_accounts(request: Request, store: Store) -> Response:
    """What other calls name `fb_ad_account_id` is the `fb_id` of these."""
    if request.query:
        return _errors(dict.fromkeys(request.query, UNKNOWN_PARAMETER))
    accounts = [
        {"id": account.id, "name": account.name, "currency": account.currency, "fb_id": account.fb_id}
        for account in members.PITCHTARGET_ACCOUNTS
    ]
    return _json({"fb_ad_accounts": accounts})


def _read(request: Request, store: Store) -> Response:
    """Documented without parameters. The answer is one object of the list."""
    if request.query:
        return _errors(dict.fromkeys(request.query, UNKNOWN_PARAMETER))
    pixel_id = request.path.rpartition("/")[2]
    for pixel in store.objects(SLUG):
        if pixel["id"] == pixel_id:
            return _json({key: pixel[key] for key in KEYS})
    return failure(UNKNOWN_PIXEL_STATUS, "Not Found")


def _list(request: Request, store: Store) -> Response:
    refusal = _refusal(dict(request.query), ("fb_ad_account_id",))
    if refusal:
        return refusal
    pixels = store.objects(SLUG, account=request.query["fb_ad_account_id"])
    return _json([{key: pixel[key] for key in KEYS} for pixel in pixels])


def _create(request: Request, store: Store) -> Response:
    if request.content_type != "application/x-www-form-urlencoded":
        return failure(415, "The body must be application/x-www-form-urlencoded")
    try:
        form = dict(parse_qsl(request.body.decode("utf-8"), True, errors="strict", max_num_fields=100))
    except ValueError:
        return failure(400, "The body is not a form in UTF-8")
    refusal = _refusal(form, PARAMETERS)
    if refusal:
        return refusal
    if form["tag"] not in TAGS:
        return _errors(WRONG_TAG)
    namesakes = store.objects(SLUG, account=form["fb_ad_account_id"])
    if any(_same_name(pixel["name"], form["name"]) for pixel in namesakes):
        return _errors(DUPLICATE_NAME)
    pixel_id = str(store.next_id(SLUG, FIRST_ID))
    pixel = {
        "id": pixel_id,
        "name": form["name"],
        "tag": form["tag"].lower(),  # the list shows "registration"
        "status": STATUS_AT_CREATION,
        "creator": CREATOR,
        "js_pixel": JS_PIXEL % {"name": form["name"], "id": pixel_id},
    }
    store.put(SLUG, form["fb_ad_account_id"], pixel_id, pixel)
    store.count("objects", SLUG, "created")
    nested = NESTED[request.path] or store.switch("pitchtarget_nested")
    return _json({"id": {"id": pixel_id} if nested else pixel_id})


def _refusal(given: dict[str, str], wanted: tuple[str, ...]) -> Response | None:
    """Parameters missing or unknown, or an ad account that is not this token's."""
    missing = {name: BLANK for name in wanted if not given.get(name, "").strip()}
    unknown = {name: UNKNOWN_PARAMETER for name in given if name not in wanted}
    if missing or unknown:
        return _errors({**missing, **unknown})
    if given["fb_ad_account_id"] not in members.PITCHTARGET_AD_ACCOUNTS:
        return failure(UNKNOWN_AD_ACCOUNT_STATUS, "Ad account not found")
    return None


def _same_name(one: str, other: str) -> bool:
    return one == other if NAMES_DIFFER_BY_CASE else one.casefold() == other.casefold()


def _errors(errors: dict[str, list[str]]) -> Response:
    return _json({"errors": errors}, status=ERROR_STATUS)


def _json(value: Any, status: int = 200) -> Response:
    body = write_json(value)
    for sign, code in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
        # inferred: Rails writes them so, and only so is the sample's Content-Length near
        body = body.replace(sign, code)
    own = {"ETag": f'"{hashlib.md5(body).hexdigest()}"', "X-Request-Id": str(uuid.uuid4())}
    return Response(status=status, body=body, headers={**SAMPLE_HEADERS, **own})


def seed(body: dict[str, Any], store: Store) -> None:
    """Load pixels as they are given. They do not name their ad account, so `ad_account` does."""
    if body["ad_account"] not in members.PITCHTARGET_AD_ACCOUNTS:
        raise ValueError("ad_account")
    for pixel in body["objects"]:
        store.put(SLUG, body["ad_account"], pixel["id"], {key: pixel[key] for key in KEYS})
        store.seen_id(SLUG, int(pixel["id"]))
