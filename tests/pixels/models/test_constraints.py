"""What the database itself refuses, whatever the code does."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from pixels.models import AdAccount, Operation, Pixel, Snippet, SyncRun, Website


@pytest.fixture
def refused():
    """A function that checks that an action breaks a constraint of the database."""

    def check(action):
        with pytest.raises(IntegrityError), transaction.atomic():
            action()

    return check


@pytest.fixture
def pixel(xandr):
    return Pixel.objects.create(
        team=xandr.team, connection=xandr, ad_account=xandr.ad_accounts.get(), name="One",
        lifecycle="live", remote_id="5",
    )  # fmt: skip


def another(pixel, **fields):
    values = {"team": pixel.team, "connection": pixel.connection, "ad_account": pixel.ad_account, "name": "Two"}
    return lambda: Pixel.objects.create(**(values | fields))


def test_a_remote_id_is_unique_in_an_ad_account(pixel, refused):
    refused(another(pixel, remote_id="5"))
    elsewhere = AdAccount.objects.create(connection=pixel.connection, remote_id="other")
    another(pixel, remote_id="5", ad_account=elsewhere)()
    another(pixel)(), another(pixel)()  # none yet: as many as there are


@pytest.mark.parametrize("lifecycle", ["live", "updating", "deleting"])
def test_a_live_pixel_has_a_remote_id(pixel, refused, lifecycle):
    refused(another(pixel, lifecycle=lifecycle))


def ended(state):
    return None if state in ("pending", "in_flight", "queued", "running") else timezone.now()


def test_a_pixel_has_one_open_operation(pixel, refused):
    def operation(state):
        return lambda: Operation.objects.create(
            team=pixel.team, pixel=pixel, kind="update", fingerprint="", state=state, finished_at=ended(state)
        )

    for state in ("done", "failed", "unknown", "cancelled", "done"):
        operation(state)()
    operation("pending")()
    refused(operation("pending"))
    refused(operation("in_flight"))


def test_a_connection_has_one_open_sync(xandr, refused):
    def run(state):
        facts = {"team": xandr.team, "connection": xandr, "state": state, "finished_at": ended(state)}
        return lambda: SyncRun.objects.create(**facts)

    for state in ("done", "failed", "done"):
        run(state)()
    run("running")()
    refused(run("queued"))


def test_an_ad_account_is_unique_on_its_connection(xandr, refused):
    refused(lambda: AdAccount.objects.create(connection=xandr, remote_id="2"))


def test_a_number_of_a_snippet_is_given_once(pixel, refused):
    def snippet(slug, number):
        return lambda: Snippet.objects.create(pixel=pixel, slug=slug, number=number, body="", fingerprint="")

    snippet("image", 1)(), snippet("image", 2)(), snippet("script", 1)()
    refused(snippet("image", 2))


def test_a_website_name_is_unique_in_a_team_whatever_its_case(team, charlie, refused):
    Website.objects.create(team=team, name="Shop", url="https://a.example")
    refused(lambda: Website.objects.create(team=team, name="SHOP", url="https://b.example"))
    Website.objects.create(team=charlie.memberships.get().team, name="Shop", url="https://a.example")


def test_a_connection_or_ad_account_with_pixels_is_not_lost_with_one_click(pixel):
    for row in (pixel.ad_account, pixel.connection):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.delete()
