"""A team with one of everything that a page can show, and a walk over all pages as several people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils import timezone

from accounts.activity import VERBS, record
from accounts.models import Invitation, Role, Team, User
from pixelhub import views as error_pages
from pixels.models import AvailableAdAccount, Connection, Operation, Pixel, SyncRun, Website
from tests.conftest import join
from tests.pixels.activity_codes import VALUES, parameters_of

CONNECTION_PAGES = ("connection", "connection_credentials", "ad_account_new", "connection_disconnect")
PIXEL_PAGES = ("pixel", "pixel_edit", "pixel_state", "pixel_drift", "pixel_delete", "pixel_tag_values")
TEAM_PAGES = (
    "overview",
    "pixel_list",
    "pixel_new",
    "website_list",
    "website_new",
    "connection_list",
    "connection_new",
    "people",
    "invitation_new",
    "activity",
)
PLAIN_PAGES = (
    "home",
    "account",
    "account_login",
    "account_signup",
    "account_logout",
    "account_inactive",
    "account_set_password",
    "account_reauthenticate",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
    "invitation_answer",
)
NO_ANSWER = {"error_message": "provider.no_answer", "error_params": {"provider": "Xandr", "seconds": 10}}
MANY_MISSING = {
    "error_message": "sync.too_many_missing",
    "error_params": {"provider": "PitchTarget", "missing": 9, "known": 12},
}


@dataclass(frozen=True)
class Seen:
    """One response: the name of the address, the person, and the page."""

    name: str
    address: str
    html: str


@dataclass
class Scene:
    team: Team
    owner: User
    viewer: User
    invited: str = ""
    paths: list[str] = field(default_factory=list)


def build(team: Team, owner: User, viewer: User, connect: Callable[..., Connection], live: Callable[..., Pixel],
          promise: Callable[..., Pixel], carry_out: Callable[[], None]) -> Scene:  # fmt: skip
    """Connections, pixels, websites, syncs and invitations in every state for which a page has a text."""
    scene = Scene(team, owner, viewer)
    adam = join(team, "adam", Role.ADMIN)
    scene.invited = _invitations(team, owner, adam)
    kvasir = Website.objects.create(team=team, name="Kvasir", url="https://kvasir.example")
    Website.objects.create(team=team, name="Bragi", url="https://bragi.example", archived_at=timezone.now())
    works = connect("xandr")
    carry_out()
    for number, state in enumerate((None, "failed", "unknown", "deleted", "draft"), 1):
        pixel = live(works, f"Mjolnir {number}", website=kvasir)
        if state:
            Pixel.objects.filter(pk=pixel.pk).update(lifecycle=state)
        if state in (Operation.State.FAILED, Operation.State.UNKNOWN):
            Operation.objects.filter(pixel=pixel).update(state=state)
            Pixel.objects.filter(pk=pixel.pk).update(remote_id="", remote_status="not_seen")
    for number, remote in enumerate(("drifted", "absent", "gone", "duplicate"), 6):
        pixel = live(works, f"Mjolnir {number}")
        Pixel.objects.filter(pk=pixel.pk).update(remote_status=remote)
    _syncs(works, owner)
    second = connect("xandr")
    Connection.objects.filter(pk=second.pk).update(ad_accounts_listed_at=timezone.now())
    AvailableAdAccount.objects.create(connection=second, remote_id="77", name="Gungnir", code="gg")
    untested = connect("easyflow")
    promise(untested, "Sleipnir")
    _troubles(connect, promise)
    _activity(scene)
    _addresses(scene)
    return scene


def _invitations(team: Team, owner: User, adam: User) -> str:
    """Two that nobody has answered, one of them too late; the token of the open one."""
    dora = Invitation(team=team, email="dora@shop.example", role=Role.EDITOR, invited_by=owner)
    token = dora.draw_token()
    dora.save()
    late = Invitation(team=team, email="late@shop.example", role=Role.ADMIN)
    late.draw_token()
    late.expires_at = timezone.now() - timedelta(days=1)
    late.save()
    return token


def _syncs(connection: Connection, owner: User) -> None:
    """One that is done, one that failed, one that stopped, and the newest that waits."""
    now = timezone.now()
    ended = {"started_at": now - timedelta(minutes=7), "finished_at": now - timedelta(minutes=3)}
    rows: list[dict[str, Any]] = [
        {"state": "done", "seen": 1204, "pages": 13, "waits": 2, "waited": 61.0, "requested_by": owner, **ended},
        {"state": "failed", "full": False, **NO_ANSWER, "pages": 1, **ended},
        {"state": "stopped", "lacking": 9, **MANY_MISSING, **ended},
        {"state": "queued", "seen": 40, "total": 120, "not_before": now + timedelta(minutes=3),
         "error_message": "provider.throttled", "error_params": {"provider": "Xandr"},
         "error_provider_message": "slow down"},
    ]  # fmt: skip
    SyncRun.objects.filter(connection=connection, finished_at=None).update(state="done", **ended)
    for row in rows:
        SyncRun.objects.create(connection=connection, team=connection.team, **row)


def _troubles(connect: Callable[..., Connection], promise: Callable[..., Pixel]) -> None:
    """Connections that are paused, down, disconnected, refused, not yet tested, and one whose sync stopped."""
    now = timezone.now()
    states: list[tuple[str, dict[str, Any]]] = [
        ("pitchtarget", {"paused_at": now, "test": "refused", "test_message": "pitchtarget.token_refused",
                         "test_provider_message": "bad token", "tested_at": now}),
        ("pitchtarget", {"down_since": now, "test": "works", "tested_at": now, "failures": 5}),
        ("pitchtarget", {"disconnected_at": now, "test": "works", "tested_at": now}),
        ("easyflow", {"paused_at": now, "test": "untestable", "test_message": "test.failed"}),
        ("xandr", {"test": "refused", "test_message": "xandr.log_in_refused", "tested_at": now}),
        ("xandr", {"test": "testing", "test_requested_at": now - timedelta(minutes=5)}),
        ("xandr", {"test": "works", "tested_at": now}),
        ("xandr", {"test": "works", "tested_at": now, "ad_accounts_error": "xandr.list_short"}),
        ("xandr", {"test": "never"}),
    ]  # fmt: skip
    for number, (provider, state) in enumerate(states):
        more = {} if provider != "xandr" else {"ad_account": None}
        connection = connect(provider, **more)
        if number < 4:
            promise(connection, f"Draupnir {number}")
        Connection.objects.filter(pk=connection.pk).update(**state)
    stopped = connect("pitchtarget", environment="live")
    Connection.objects.filter(pk=stopped.pk).update(test="works", tested_at=now)
    SyncRun.objects.create(
        connection=stopped, team=stopped.team, state="stopped", lacking=9, started_at=now, finished_at=now,
        **MANY_MISSING, error_provider_message="Mjolnir 1, Mjolnir 2",
    )  # fmt: skip


def _activity(scene: Scene) -> None:
    """A line of each code there is."""
    for code in VERBS:
        record(scene.team, scene.owner, code, scene.team, **{name: VALUES[name] for name in parameters_of(code)})


def _addresses(scene: Scene) -> None:
    team = scene.team
    scene.paths = [reverse(name, args=[team.slug]) for name in TEAM_PAGES]
    scene.paths += [reverse(name) for name in PLAIN_PAGES]
    for connection in Connection.objects.for_team(team):
        scene.paths += [reverse(name, args=[team.slug, connection.pk]) for name in CONNECTION_PAGES]
    for pixel in Pixel.objects.for_team(team):
        scene.paths += [reverse(name, args=[team.slug, pixel.pk]) for name in PIXEL_PAGES]
    for website in Website.objects.for_team(team):
        scene.paths.append(reverse("website_edit", args=[team.slug, website.pk]))
    for membership in team.memberships.all():
        scene.paths += [
            reverse(name, args=[team.slug, membership.pk]) for name in ("membership_role", "membership_remove")
        ]
    asked = {
        "connection_new": [f"provider={slug}" for slug in ("easyflow", "pitchtarget", "xandr")],
        "pixel_new": [f"connection={connection.pk}" for connection in Connection.objects.for_team(team)],
        "website_list": ["archived=1"],
        "pixel_list": ["q=nothing-is-called-so", "state=live"],
        "activity": ["person=alice@shop.example", "person=adam@shop.example&kind=member"],
    }
    for name, questions in asked.items():
        scene.paths += [f"{reverse(name, args=[team.slug])}?{question}" for question in questions]


def named_addresses(
    patterns: list[URLPattern | URLResolver] | None = None, route: str = "/"
) -> Iterator[tuple[str, str]]:
    """(name, route) of every address outside the admin."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        whole = route + str(entry.pattern)
        if whole.startswith("/admin/"):
            continue
        if isinstance(entry, URLResolver):
            yield from named_addresses(entry.url_patterns, whole)
        elif entry.name:
            yield entry.name, whole


def walk(scene: Scene, browser_of: Callable[[User], Client]) -> Iterator[Seen]:
    """Every page as its owner, as a viewer, as somebody of an empty team, of no team, and as a stranger."""
    founder = join(Team.objects.create(name="Hollow", slug="hollow"), "founder", Role.OWNER)
    guest = join(Team.objects.get(slug="hollow"), "guest", Role.VIEWER)
    drifter = User.objects.create_user("drifter@shop.example")
    for browser in (browser_of(scene.owner), browser_of(scene.viewer), Client()):
        yield from _look(browser, [*scene.paths, reverse("invitation", args=[scene.invited])])
    for browser in (browser_of(founder), browser_of(guest)):
        yield from _look(browser, [reverse(name, args=["hollow"]) for name in TEAM_PAGES])
    yield from _look(browser_of(drifter), ["/", "/account/", reverse("invitation", args=[scene.invited])])
    yield from _look(Client(), [reverse("invitation", args=["no-such-token"]), "/nowhere/"])
    yield from _passwords_and_addresses(founder, browser_of(founder))
    yield from _refused(scene, browser_of(scene.owner))
    yield from _errors()


def _passwords_and_addresses(person: User, browser: Client) -> Iterator[Seen]:
    """The pages behind links in mails, fresh and used up; and what only somebody with a password sees."""
    address = EmailAddress.objects.create(user=person, email=person.email)
    yield from _look(browser, [reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])])
    yield from _look(browser, [reverse("account_confirm_email", args=["no-such-key"])])
    person.set_password("horse-7-battery")
    person.save()
    Client().post(reverse("account_reset_password"), {"email": person.email})
    found = re.search(r"https?://[^/]+(/\S+)", mail.outbox[-1].body)
    assert found, mail.outbox[-1].body
    yield from _look(Client(), [found[1], reverse("account_reset_password_from_key", args=["0", "no-such-key"])])
    browser.force_login(person)
    path = reverse("account_change_password")
    yield from _look(browser, [path])
    yield from _answer(browser, path, {"oldpassword": "wrong", "password1": "1", "password2": "2"})
    right = {"oldpassword": "horse-7-battery", "password1": "horse-8-battery", "password2": "horse-8-battery"}
    yield from _answer(browser, path, right)


def _look(browser: Client, paths: list[str]) -> Iterator[Seen]:
    for path in paths:
        answer = browser.get(path, follow=True)
        if answer.status_code != 405 and "html" in answer.headers.get("Content-Type", ""):
            last = answer.wsgi_request.path  # type: ignore[attr-defined]
            yield Seen(_name(last), path, answer.content.decode())


def _name(path: str) -> str:
    try:
        return resolve(path).url_name or ""
    except Exception:
        return "error"


def _refused(scene: Scene, browser: Client) -> Iterator[Seen]:
    """Every form sent empty, so that it comes back with its errors; then some that go through, for their messages."""
    team = scene.team
    forms = [reverse(name, args=[team.slug]) for name in ("website_new", "invitation_new", "pixel_new")]
    forms += [f"{reverse('connection_new', args=[team.slug])}"]
    forms += [reverse(name) for name in ("account", "account_login", "account_signup", "account_change_password")]
    forms += [reverse("account_reset_password"), reverse("account_reauthenticate")]
    some = Connection.objects.for_team(team)[0]
    forms += [reverse(name, args=[team.slug, some.pk]) for name in ("connection_credentials", "ad_account_new")]
    for path in forms:
        for data in ({"provider": "xandr"}, {"provider": "xandr", "name": "Kvasir", "url": "::", "email": "no"}):
            yield from _answer(browser, path, data)
    bragi, kvasir = Website.objects.get(name="Bragi"), Website.objects.get(name="Kvasir")
    done: list[tuple[str, list[Any], dict[str, Any]]] = [
        ("website_new", [], {"name": "Idun", "url": "https://idun.example"}),
        ("website_edit", [kvasir.pk], {"name": "Kvasir", "url": "https://kvasir.example"}),
        ("website_archive", [kvasir.pk], {}),
        ("website_restore", [bragi.pk], {}),
        ("invitation_new", [], {"email": "nora@shop.example", "role": "viewer"}),
        ("invitation_revoke", [team.invitations.unanswered()[0].pk], {}),
        ("membership_role", [team.memberships.get(user=scene.viewer).pk], {"role": "editor"}),
        ("membership_remove", [team.memberships.get(user=scene.viewer).pk], {}),
        ("connection_disconnect", [Connection.objects.for_team(team).get(test="never", provider="xandr").pk], {}),
    ]
    for name, args, data in done:
        yield from _answer(browser, reverse(name, args=[team.slug, *args]), data)
    yield from _answer(browser, reverse("account"), {"name": "Alice", "theme": "dark", "time_zone": "UTC"})


def _answer(browser: Client, path: str, data: dict[str, Any]) -> Iterator[Seen]:
    answer = browser.post(path, data, follow=True)
    last = answer.wsgi_request.path  # type: ignore[attr-defined]
    yield Seen(_name(last), f"POST {path}", answer.content.decode())


def _errors() -> Iterator[Seen]:
    """The pages of what cannot be asked for: an expired form, a refusal, too much, too often, broken, away."""
    request: Any = RequestFactory().get("/")
    request.request_id, request.user = "0123456789ab", None
    answers: list[HttpResponse] = [
        error_pages.csrf_failure(request),
        error_pages.permission_denied(request, PermissionDenied()),
        error_pages.not_found(request, Exception()),
    ]
    for answer in answers:
        yield Seen("error", str(answer.status_code), answer.content.decode())
    for template in ("413.html", "429.html", "500.html", "503.html", "account/signup_closed.html"):
        yield Seen("error", template, render_to_string(template, {"limit": 2621440, "request_id": "0123456789ab"}))
    for state in ("expired", "revoked", "accepted"):
        context = {"state": state, "invitation": {"expires_at": timezone.now()}}
        yield Seen("invitation", state, render_to_string("accounts/invitation_unusable.html", context))
