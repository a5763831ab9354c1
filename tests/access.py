"""Who may open which address: written by hand from what the product promises, never read from its views."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Role

HIGHEST_FIRST = [Role.OWNER, Role.ADMIN, Role.EDITOR, Role.VIEWER]

# Below /t/<team>/: the name of the address -> the lowest role that may ask for it.
ROLES: dict[str, Role] = {
    "overview": Role.VIEWER,
    "activity": Role.VIEWER,
    "people": Role.VIEWER,
    "invitation_new": Role.ADMIN,
    "invitation_revoke": Role.ADMIN,
    "membership_role": Role.ADMIN,
    "membership_remove": Role.ADMIN,
    "pixel_list": Role.VIEWER,
    "pixel": Role.VIEWER,
    "pixel_new": Role.EDITOR,
    "pixel_plan": Role.EDITOR,
    "pixel_edit": Role.EDITOR,
    "pixel_state": Role.EDITOR,
    "pixel_retry": Role.EDITOR,
    "pixel_cancel": Role.EDITOR,
    "pixel_drift": Role.EDITOR,
    "pixel_confirm_exists": Role.EDITOR,
    "pixel_confirm_absent": Role.EDITOR,
    "pixel_dismiss": Role.EDITOR,
    "pixel_delete": Role.EDITOR,
    "pixel_archive": Role.EDITOR,
    "pixel_restore": Role.EDITOR,
    "pixel_website": Role.EDITOR,
    "pixel_tag_values": Role.EDITOR,
    "website_list": Role.VIEWER,
    "website_new": Role.EDITOR,
    "website_edit": Role.EDITOR,
    "website_archive": Role.EDITOR,
    "website_restore": Role.EDITOR,
    "connection_list": Role.VIEWER,
    "connection": Role.VIEWER,
    "connection_new": Role.ADMIN,
    "connection_test": Role.ADMIN,
    "connection_sync": Role.EDITOR,
    "connection_gone": Role.EDITOR,
    "connection_credentials": Role.ADMIN,
    "ad_account_new": Role.ADMIN,
    "connection_disconnect": Role.ADMIN,
}

# Everywhere else: the route -> who gets further than the sign-in page. "staff" is said of the whole admin at once.
STAFF = "/admin/"
ANYBODY, SIGNED_IN = "anybody", "signed in"
ELSEWHERE: dict[str, str] = {
    "/": ANYBODY,
    "/healthz": ANYBODY,
    "/favicon.ico": ANYBODY,
    "/invitations/": ANYBODY,
    "/invitations/<str:token>/": ANYBODY,
    "/account/": SIGNED_IN,
    "/accounts/login/": ANYBODY,
    "/accounts/login/code/confirm/": ANYBODY,
    "/accounts/logout/": ANYBODY,
    "/accounts/signup/": ANYBODY,
    "/accounts/inactive/": ANYBODY,
    "/accounts/confirm-email/": ANYBODY,
    r"/accounts/^confirm-email/(?P<key>[-:\w]+)/$": ANYBODY,
    "/accounts/password/reset/": ANYBODY,
    "/accounts/password/reset/done/": ANYBODY,
    "/accounts/password/reset/key/done/": ANYBODY,
    r"/accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": ANYBODY,
    "/accounts/email/": SIGNED_IN,
    "/accounts/reauthenticate/": SIGNED_IN,
    "/accounts/password/change/": SIGNED_IN,
    "/accounts/password/set/": SIGNED_IN,
}


def may(role: Role, view: str) -> bool:
    return HIGHEST_FIRST.index(role) <= HIGHEST_FIRST.index(ROLES[view])


SAMPLES = {
    "uuid": "6f1c1b1e-3c52-4d5e-9b57-0d9a3d1f7a10",
    "int": "1",
    "str": "sample",
    "path": "1",
    r"[-:\w]+": "sample",
    "[0-9A-Za-z]+": "1",
    ".+": "sample",
    ".*": "sample",
}


def patterns(
    entries: list[URLPattern | URLResolver] | None = None, route: str = "/"
) -> Iterator[tuple[str, URLPattern]]:
    """(route, pattern) of every address that the product answers."""
    for entry in get_resolver().url_patterns if entries is None else entries:
        whole = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns, whole)
        else:
            yield whole, entry


TEAM_PATTERNS = {route: pattern for route, pattern in patterns() if route.startswith("/t/")}
ADMIN_ROUTES = [route for route, _ in patterns() if route.startswith(STAFF)]


def path_of(route: str, team: str = "shop") -> str:
    """An address of this route with made-up values: nothing is there."""
    path = route.replace("<slug:team_slug>", team)
    path = re.sub(r"<(\w+):\w+>", lambda found: SAMPLES[found[1]], path)
    path = re.sub(r"\(\?P<\w+>([^)|]+)(\|[^)]*)?\)", lambda found: SAMPLES.get(found[1], found[1]), path)
    return re.sub(r"[$^]", "", path).replace("<id>", "1")


def body(response: Any) -> bytes:
    """Without what differs from request to request: its own address, its id, the CSRF token."""
    whole = response.content.replace(response.wsgi_request.get_full_path().encode(), b"")
    whole = whole.replace(response.wsgi_request.path.encode(), b"")
    for changing in (response.get("X-Request-Id", ""), response.wsgi_request.META.get("CSRF_COOKIE", "")):
        whole = whole.replace(changing.encode(), b"") if changing else whole
    return re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", whole)
