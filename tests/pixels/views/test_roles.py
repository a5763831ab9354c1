"""Every address of a team, requested as a browser does: a person with the role gets the page and its effect, anybody
else gets nothing and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from accounts.models import Activity, Invitation, Membership, Role, Team, User
from pixels.models import AdAccount, Connection, Operation, Pixel, SyncRun, Website
from tests.access import ROLES, may
from tests.conftest import join
from tests.pixels.actions import all_rows
from tests.pixels.page import Page
from tests.pixels.said import literal

PEOPLE = {Role.OWNER: "alice", Role.ADMIN: "adam", Role.EDITOR: "bob", Role.VIEWER: "vera"}
NOW = timezone.now()


@dataclass
class Scene:
    """A team with a connection, made of rows alone: no page of the product waits for a provider."""

    team: Team
    owner: User
    connect: Callable[..., Connection]
    promise: Callable[..., Pixel]
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = self.connect("xandr")
        Connection.objects.update(test=Connection.Test.WORKS)

    def xandr(self) -> list[Any]:
        return [self.connection.pk]

    def stopped(self) -> list[Any]:
        run = SyncRun.objects.create(
            team=self.team, connection=self.connection, state="stopped", finished_at=NOW, lacking=3
        )
        return [self.connection.pk, run.pk]

    def queued(self, **fields: Any) -> list[Any]:
        """A pixel whose create waits; with `fields`, one whose create has ended with these values."""
        pixel = self.promise(self.connection, "Ours")
        if fields:
            state = fields.pop("operation", "done")
            Operation.objects.update(state=state, finished_at=NOW)
            Pixel.objects.update(**fields)
        return [pixel.pk]

    def live(self, **fields: Any) -> list[Any]:
        values = {"name": "Ours", "events": ["7"]}
        return self.queued(**{"lifecycle": "live", "remote_id": "60143", "remote_values": values, **fields})

    def drifted(self) -> list[Any]:
        return self.live(drift=["name"], remote_status="drifted", remote_values={"name": "Theirs", "events": ["7"]})

    def failed(self) -> list[Any]:
        return self.queued(lifecycle="failed", error_code="refused", operation="failed")

    def unknown(self) -> list[Any]:
        return self.queued(lifecycle="unknown", error_code="no_answer", operation="unknown")

    def refused(self) -> list[Any]:
        return self.live(error_code="refused", **literal("No."))

    def archived(self) -> list[Any]:
        return self.live(archived_at=NOW)

    def at_easyflow(self) -> list[Any]:
        self.connection = self.connect("easyflow")
        return self.live()

    def website(self, **fields: Any) -> list[Any]:
        return [Website.objects.create(team=self.team, name="Garden", url="https://garden.example", **fields).pk]

    def website_put_away(self) -> list[Any]:
        return self.website(archived_at=NOW)

    def live_beside_a_website(self) -> list[Any]:
        self.website()
        return self.live()

    def dora(self) -> list[Any]:
        return [join(self.team, "dora", Role.VIEWER).memberships.get().pk]

    def invited(self) -> list[Any]:
        made = Invitation(team=self.team, email="emil@shop.example", role=Role.EDITOR, invited_by=self.owner)
        made.draw_token()
        made.save()
        return [made.pk]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request, the objects in its address, and the result for a person with the role: a page's heading, or an
    effect and the page it leads to."""

    view: str
    there: Callable[[Scene], list[Any]]
    typed: dict[str, Any] | None = None  # for a POST; a function gives a value that is known once all is there
    form: str = ""  # a field of the form at the same address: what that form holds is sent along
    heading: str = ""
    leads_to: str = ""
    effect: Callable[[], QuerySet[Any]] = Pixel.objects.none

    def __str__(self) -> str:
        return f"{self.view} {'GET' if self.typed is None else 'POST'}"

    def sent(self, owner: Client, path: str) -> dict[str, Any]:
        shown = Page.of(owner.get(path)).form_with(self.form).values if self.form else {}
        typed = {name: value() if callable(value) else value for name, value in (self.typed or {}).items()}
        return {**shown, **typed}


def nothing(scene: Scene) -> list[Any]:
    return []


def shows(view: str, heading: str, there: Callable[[Scene], list[Any]] = nothing) -> Ask:
    return Ask(view=view, there=there, heading=heading)


def does(
    view: str,
    there: Callable[[Scene], list[Any]],
    effect: Callable[[], QuerySet[Any]],
    leads_to: str,
    form: str = "",
    **typed: Any,
) -> Ask:
    return Ask(view=view, there=there, typed=typed, form=form, effect=effect, leads_to=leads_to)


def recorded(code: str) -> Callable[[], QuerySet[Any]]:
    return lambda: Activity.objects.filter(code=code)


def promised(kind: str) -> Callable[[], QuerySet[Any]]:
    return lambda: Operation.objects.filter(kind=kind, state="pending")


def is_now(**fields: Any) -> Callable[[], QuerySet[Any]]:
    return lambda: Pixel.objects.filter(**fields)


ASKS = [
    shows("overview", "Overview"),
    shows("activity", "Activity"),
    shows("people", "People"),
    shows("invitation_new", "Invite someone to Shop"),
    does(
        "invitation_new", nothing, lambda: Invitation.objects.filter(email="emil@shop.example", role="viewer"),
        "people", email="emil@shop.example", role="viewer",
    ),
    does("invitation_revoke", Scene.invited, lambda: Invitation.objects.exclude(revoked_at=None), "people"),
    shows("membership_role", "Change role of Dora", Scene.dora),
    does(
        "membership_role", Scene.dora, lambda: Membership.objects.filter(user__name="Dora", role="editor"), "people",
        role="editor",
    ),
    shows("membership_remove", "Remove Dora", Scene.dora),
    does("membership_remove", Scene.dora, recorded("member.removed"), "people"),
    shows("pixel_list", "Pixels"),
    shows("pixel", "Ours", Scene.live),
    shows("pixel_new", "New pixel"),
    does("pixel_new", nothing, is_now(name="New", lifecycle="queued"), "pixel", "token", name="New", events=["7"]),
    Ask(view="pixel_plan", there=nothing, typed={"name": "New", "events": ["7", "2"]}, heading="This creates 2 pixels"),
    shows("pixel_edit", "Edit pixel", Scene.live),
    does("pixel_edit", Scene.live, promised("update"), "pixel", "name", name="New"),
    does("pixel_state", Scene.live, promised("update"), "pixel", state="inactive"),
    does("pixel_retry", Scene.failed, promised("create"), "pixel"),
    does("pixel_cancel", Scene.queued, is_now(lifecycle="draft"), "pixel"),
    does("pixel_drift", Scene.drifted, is_now(name="Theirs", drift=[]), "pixel", action="adopt", field="name"),
    does("pixel_confirm_exists", Scene.unknown, is_now(lifecycle="live", remote_id="99"), "pixel", remote_id="99"),
    does("pixel_confirm_absent", Scene.unknown, promised("create"), "pixel"),
    does("pixel_dismiss", Scene.refused, is_now(error_code=""), "pixel"),
    shows("pixel_delete", "Delete pixel", Scene.live),
    does("pixel_delete", Scene.live, promised("delete"), "pixel", confirm="Ours"),
    does("pixel_archive", Scene.live, is_now(archived_at__isnull=False), "pixel"),
    does("pixel_restore", Scene.archived, is_now(archived_at=None), "pixel"),
    does("pixel_website", Scene.live_beside_a_website, is_now(website__name="Garden"), "pixel",
         website=lambda: Website.objects.get().pk),
    does(
        "pixel_tag_values", Scene.at_easyflow, is_now(tag_values__business_id="b-1"), "pixel", business_id="b-1",
    ),
    shows("website_list", "Websites"),
    shows("website_new", "Add website"),
    does(
        "website_new", nothing, lambda: Website.objects.filter(name="Meadow"), "website_list", name="Meadow",
        url="https://meadow.example",
    ),
    shows("website_edit", "Edit website", Scene.website),
    does("website_edit", Scene.website, lambda: Website.objects.filter(name="Meadow"), "website_list", "name",
         name="Meadow"),
    does("website_archive", Scene.website, lambda: Website.objects.exclude(archived_at=None), "website_list"),
    does("website_restore", Scene.website_put_away, lambda: Website.objects.filter(archived_at=None), "website_list"),
    shows("connection_list", "Connections"),
    shows("connection", "Xandr · 2 (sandbox)", Scene.xandr),
    shows("connection_new", "Add connection"),
    does(
        "connection_new", nothing, lambda: Connection.objects.filter(provider="pitchtarget"), "connection",
        provider="pitchtarget", environment="sandbox", token="sandbox-token", ad_account="9",
    ),
    does("connection_test", Scene.xandr, lambda: Connection.objects.filter(test="testing"), "connection"),
    does("connection_sync", Scene.xandr, lambda: SyncRun.objects.filter(state="queued"), "connection"),
    does("connection_gone", Scene.stopped, lambda: SyncRun.objects.filter(confirmed=3), "connection"),
    shows("connection_credentials", "Replace credentials", Scene.xandr),
    does(
        "connection_credentials", Scene.xandr, recorded("connection.credentials_replaced"), "connection", "username",
        password="another",
    ),
    shows("ad_account_new", "Add ad account", Scene.xandr),
    does("ad_account_new", Scene.xandr, lambda: AdAccount.objects.filter(remote_id="8"), "connection", ad_account="8"),
    shows("connection_disconnect", "Disconnect Xandr · 2 (sandbox)", Scene.xandr),
    does("connection_disconnect", Scene.xandr, lambda: Connection.objects.exclude(disconnected_at=None), "connection"),
]  # fmt: skip

every_ask = pytest.mark.parametrize("ask", ASKS, ids=str)


@pytest.fixture
def adam(team: Team) -> User:
    return join(team, "adam", Role.ADMIN)


@pytest.fixture
def scene(team: Team, alice: User, connect: Callable[..., Connection], promise: Callable[..., Pixel]) -> Scene:
    return Scene(team, alice, connect, promise)


def address(ask: Ask, team: str, args: list[Any]) -> str:
    return reverse(ask.view, args=[team, *args])


def send(window: Client, ask: Ask, path: str, values: dict[str, Any]) -> Any:
    return window.get(path) if ask.typed is None else window.post(path, values)


def headings(response: Any) -> list[str]:
    found = re.findall(r"<h[12][^>]*>(.*?)</h[12]>", response.content.decode(), re.S)
    return [Page(one).text for one in found]


def test_every_address_of_a_team_is_asked():
    assert {ask.view for ask in ASKS} == set(ROLES)


@pytest.mark.parametrize(
    ("ask", "role"),
    [(ask, role) for ask in ASKS for role in Role if may(role, ask.view)],
    ids=lambda one: str(one),
)
def test_whoever_may_gets_what_the_page_is_for(request, browser_of, scene, alice, adam, bob, vera, ask, role):
    path = address(ask, "shop", ask.there(scene))
    values = ask.sent(browser_of(alice), path)
    assert not ask.effect().exists()
    response = send(browser_of(request.getfixturevalue(PEOPLE[role])), ask, path, values)
    if ask.heading:
        assert (response.status_code, headings(response)[0]) == (200, ask.heading)
    else:
        assert response.status_code == 302
        assert resolve(response.url).url_name == ask.leads_to
        assert ask.effect().exists()


@every_ask
def test_whoever_may_not_gets_nothing_and_changes_nothing(
    request, browser_of, scene, alice, adam, bob, vera, charlie, ask
):
    args = ask.there(scene)
    path = address(ask, "shop", args)
    values = ask.sent(browser_of(alice), path)
    too_low = [PEOPLE[role] for role in Role if not may(role, ask.view)]
    windows = [(name, browser_of(request.getfixturevalue(name)), 403) for name in too_low]
    windows += [("charlie", browser_of(charlie), 404), ("nobody", Client(), 302)]
    before = all_rows()
    for name, window, status in windows:
        response = send(window, ask, path, values)
        assert (name, response.status_code) == (name, status)
        assert status != 302 or response.url.startswith("/accounts/login/")
        assert b"Ours" not in response.content
    if args:  # as somebody who may do this in a team of their own
        assert send(windows[-2][1], ask, address(ask, "rival", args), values).status_code == 404
    assert all_rows() == before
