"""An id of another team in a query string or a form is answered like an id that does not exist."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.activity import record
from accounts.models import Membership, Role
from pixels.models import AdAccount, AvailableAdAccount, Connection, Pixel, SyncRun, Website
from pixels.providers.values import AdAccountRef
from pixels.services import connections
from tests.access import body
from tests.pixels.actions import all_rows
from tests.pixels.conftest import CREDENTIALS

# Names so long that they are in a page for no other reason, and ids as long as those that do not exist.
SITE, ACCOUNT, RUN, MISSING = 900_000_001, 900_000_002, 900_000_003, 900_000_009
MISSING_UUID = "00000000-0000-4000-8000-000000000009"
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
RIVALS = ["rivalsite", "rivalaccount", "rivalpixel", "rivalremote", "rivaloffer", "charlie", "rival.example"]


@pytest.fixture
def theirs(charlie, bob):
    """What another team has at the same provider; "id" gives an id that no team has."""
    rival = charlie.memberships.get().team
    connection = connections.connect(
        rival, charlie, provider="xandr", environment="sandbox", credentials=CREDENTIALS["xandr"], ad_account=None
    )
    site = Website.objects.create(id=SITE, team=rival, name="rivalsite", url="https://rival.example")
    account = AdAccount.objects.create(id=ACCOUNT, connection=connection, remote_id="rivalaccount")
    AvailableAdAccount.objects.create(connection=connection, remote_id="rivaloffer", name="rivaloffer")
    pixel = Pixel.objects.create(
        team=rival, connection=connection, ad_account=account, website=site, name="rivalpixel",
        lifecycle="live", remote_id="rivalremote", events=["7"],
    )  # fmt: skip
    record(rival, charlie, "created", pixel)
    SyncRun.objects.create(id=RUN, team=rival, connection=connection)
    Connection.objects.filter(pk=connection.pk).update(test=Connection.Test.WORKS)
    assert str(Connection.objects.get(pk=connection.pk)).startswith("Xandr · rivalaccount")
    return {
        "connection": (str(connection.pk), MISSING_UUID),
        "pixel": (str(pixel.pk), MISSING_UUID),
        "website": (str(SITE), str(MISSING)),
        "ad_account": (str(ACCOUNT), str(MISSING)),
        "run": (str(RUN), str(MISSING)),
        "offer": ("rivaloffer", "noneoffers"),
        "person": ("charlie@shop.example", "nothere@shop.example"),
        "remote_id": ("rivalremote", "nobodyremote"),
    }


@pytest.fixture
def ours(xandr, promise, team, alice):
    """Enough rows of our own that a filter leaves some out."""
    xandr.available_ad_accounts.create(remote_id="8", name="Meadow")
    Connection.objects.filter(pk=xandr.pk).update(ad_accounts_listed_at=timezone.now())
    Website.objects.create(team=team, name="Garden", url="https://garden.example")
    Membership.objects.filter(user__name="Bob").update(role=Role.ADMIN)  # sees the pages of every role
    pixel = promise(xandr, "Ours")
    Pixel.objects.filter(pk=pixel.pk).update(lifecycle="live", remote_id="60143", remote_values={"name": "Ours"})
    return {"connection": xandr, "pixel": pixel}


@pytest.fixture
def answer_to(browser_of, bob, ours, team):
    """A function that sends a request as Bob and returns the response, without what differs from request to request."""
    window = browser_of(bob)
    known = {str(row.pk).encode() for row in ours.values()}

    def ask(method, view, sent, given, *objects):
        path = reverse(view, args=[team.slug, *(ours[one].pk for one in objects)])
        response = getattr(window, method)(path, sent)
        assert response.status_code in (200, 302, 404)
        page = UUID.sub(lambda found: found[0] if found[0] in known else b"uuid", body(response))
        page = re.sub(rb"Pixel [0-9a-f]{4}\b", b"Pixel", page).replace(given.encode(), b"given")
        return response.status_code, response.get("Location", "").replace(given, "given"), page

    return ask


FORM = {"name": "New", "events": ["7"], "trigger_type": "hybrid", "state": "active", "token": MISSING_UUID}
ASKED = [
    # Method, address, our objects in it, other parameters, the tested parameter, and the kind of the foreign id.
    ("get", "pixel_list", (), {}, "connection", "connection"),
    ("get", "pixel_list", (), {}, "website", "website"),
    ("get", "pixel_list", (), {}, "q", "pixel"),
    ("get", "pixel_list", (), {}, "q", "remote_id"),
    ("get", "pixel_list", (), {"state": "failed"}, "connection", "connection"),  # nothing found: the filters in words
    ("get", "pixel_list", (), {"state": "failed"}, "website", "website"),
    ("get", "pixel_new", (), {}, "connection", "connection"),
    ("get", "pixel_new", (), {}, "website", "website"),
    ("get", "pixel_new", (), {}, "ad_account", "ad_account"),
    ("get", "pixel_new", (), {"events": ["7"]}, "shown", "connection"),
    ("get", "pixel_new", (), {"name": "New"}, "website", "website"),
    ("get", "activity", (), {}, "person", "person"),
    ("get", "ad_account_new", ("connection",), {}, "q", "offer"),
    ("post", "pixel_plan", (), {"events": ["7"]}, "connection", "connection"),
    ("post", "pixel_plan", (), {"events": ["7", "2"], "name": "New"}, "ad_account", "ad_account"),
    ("post", "pixel_new", (), {"events": ["7"]}, "shown", "connection"),
    ("post", "pixel_new", (), FORM, "connection", "connection"),
    ("post", "pixel_new", (), FORM, "ad_account", "ad_account"),
    ("post", "pixel_new", (), FORM, "website", "website"),
    ("post", "pixel_website", ("pixel",), {}, "website", "website"),
    ("post", "ad_account_new", ("connection",), {}, "pick", "offer"),
]


@pytest.mark.parametrize(
    ("method", "view", "objects", "sent", "parameter", "kind"),
    ASKED,
    ids=[f"{method} {view} {parameter} {number}" for number, (method, view, _, _, parameter, _) in enumerate(ASKED)],
)
def test_an_id_of_another_team_is_answered_as_one_that_does_not_exist(
    answer_to, theirs, ours, method, view, objects, sent, parameter, kind
):
    foreign, missing = theirs[kind]
    if method == "post" and sent is FORM:
        account = ours["connection"].ad_accounts.get()
        sent = {"connection": str(ours["connection"].pk), "ad_account": account.pk, **sent}
    before = all_rows()
    answer = answer_to(method, view, {**sent, parameter: foreign}, foreign, *objects)
    assert answer == answer_to(method, view, {**sent, parameter: missing}, missing, *objects)
    assert [name for name in RIVALS if name in answer[2].decode()] == []
    assert all_rows() == before


def test_a_run_of_another_team_is_answered_as_one_that_does_not_exist(browser_of, bob, ours, theirs, team, charlie):
    """In addresses: our connection with the other team's run, and the other team's connection with its own run."""
    window, (run, missing) = browser_of(bob), theirs["run"]
    before = all_rows()
    for connection in (ours["connection"].pk, theirs["connection"][0], theirs["connection"][1]):
        gone = [window.post(reverse("connection_gone", args=[team.slug, connection, one])) for one in (run, missing)]
        assert [response.status_code for response in gone] == [404, 404]
        assert len({body(response) for response in gone}) == 1
    assert all_rows() == before


def test_the_same_parameters_do_filter_by_what_is_ours(answer_to, ours, xandr, connect, promise):
    """Otherwise a page that ignores all parameters would pass the tests above."""
    promise(connect("xandr", ad_account=AdAccountRef(id="3")), "Zebra")
    all_of_them = answer_to("get", "pixel_list", {}, "none")[2]
    found = answer_to("get", "pixel_list", {"connection": str(xandr.pk)}, "none")[2]
    assert b"Zebra" in all_of_them and b"Ours" in all_of_them
    assert b"Zebra" not in found and b"Ours" in found
    site = Website.objects.get()
    assert b'value="Garden"' in answer_to("get", "pixel_new", {"website": site.pk}, "none")[2]
    assert b'value="Garden"' not in answer_to("get", "pixel_new", {}, "none")[2]
    listed = answer_to("get", "ad_account_new", {"q": "Mead"}, "none", "connection")[2]
    assert b"Meadow" in listed
