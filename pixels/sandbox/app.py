"""Request in, Response out: the whole sandbox but for the sockets."""

import ipaddress
import logging
import traceback
from dataclasses import replace
from types import ModuleType
from urllib.parse import urlsplit

from . import control, easyflow, page, pitchtarget, xandr
from .store import Store
from .wire import Request, Response

logger = logging.getLogger(__name__)

# Each has operation(request), answer(request, store) and failure(status, message), and sees paths without
# its prefix.
APIS: dict[str, ModuleType] = {api.SLUG: api for api in (easyflow, pitchtarget, xandr)}


def answer(request: Request, store: Store) -> Response:
    api, inner = _api(request)
    try:
        with store.transaction():
            response: Response = api.answer(inner, store) if api else _own(request, store)
    except Exception as error:
        _log_bug(error)
        return refuse(request, store, 500, "Internal server error")
    _count(store, api, inner, response)
    return response


def refuse(request: Request, store: Store, status: int, message: str) -> Response:
    """A failure in the words of the API that the request was for."""
    api, inner = _api(request)
    response: Response = api.failure(status, message) if api else control.refusal(status, message)
    _count(store, api, inner, response)
    return response


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _api(request: Request) -> tuple[ModuleType | None, Request]:
    """The API by the first part of the path, and the request as that API sees it."""
    slug, slash, rest = request.path.removeprefix("/").partition("/")
    return APIS.get(slug), replace(request, path=slash + rest)


def _own(request: Request, store: Store) -> Response:
    if not _from_this_machine(request):
        return control.refusal(403, "Only for this machine")
    if request.path == "/" and request.method in ("GET", "HEAD"):
        return page.answer(store)
    if request.path.startswith(control.PREFIX):
        return control.answer(request, store)
    return control.refusal(404, "The sandbox has no such address")


def _from_this_machine(request: Request) -> bool:
    """Not from a web page of elsewhere, nor through a name that somebody else's DNS points here."""
    origin = request.headers.get("origin")
    addresses = ["//" + request.headers.get("host", ""), *([] if origin is None else [origin])]
    return all(is_loopback(urlsplit(address).hostname or "") for address in addresses)


def _count(store: Store, api: ModuleType | None, request: Request, response: Response) -> None:
    if api is None:
        return
    operation = api.operation(request)
    with store.transaction():
        store.count("requests", api.SLUG, operation)
        store.count("answers", api.SLUG, f"{operation} {response.status}")


def _log_bug(error: Exception) -> None:
    """Where, not with what: the message of an exception may hold what was sent."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("bug in the sandbox: %s at %s:%s", type(error).__name__, last.filename, last.lineno)
