"""People pick ad accounts from the provider's list, need not copy ids, and are warned of an id that is not in the
list."""

import pytest

from pixels.models import AdAccount, Connection
from pixels.providers.errors import BadAnswer
from pixels.providers.values import AdAccountRef
from pixels.providers.xandr.client import Xandr
from pixels.reconcile import ad_accounts, connection_test, runs
from pixels.services import connections
from tests.pixels.page import Page


@pytest.fixture
def alices(browser_of, alice):
    return browser_of(alice)


@pytest.fixture
def offered(connect, sandbox, carry_out):
    """A tested connection without an ad account, whose provider's list was read."""

    def make(provider: str) -> Connection:
        connection = connect(provider, ad_account=None)
        carry_out()
        connection.refresh_from_db()
        assert connection.test == "works"
        return connection

    return make


@pytest.mark.parametrize("provider", ["pitchtarget", "xandr"])
def test_the_first_ad_account_may_be_left_open(alices, at, provider, sandbox):
    page = Page.of(alices.get(at("connection_new"), {"provider": provider}))
    assert "Leave it empty to pick from" in page.text
    secrets = {"pitchtarget": {"token": "sandbox-token"}, "xandr": {"username": "sandbox", "password": "sandbox"}}
    values = {"provider": provider, "environment": "sandbox", "ad_account": "", **secrets[provider]}
    response = alices.post(at("connection_new"), values)
    assert response.status_code == 302
    assert AdAccount.objects.count() == 0


def test_without_a_list_of_ad_accounts_the_id_has_to_be_typed(alices, at):
    values = {"provider": "easyflow", "environment": "sandbox", "api_key": "k", "api_secret": "s", "ad_account": ""}
    response = alices.post(at("connection_new"), values)
    assert response.status_code == 200
    assert not Connection.objects.exists()


@pytest.mark.parametrize(("provider", "ids"), [("pitchtarget", {"8", "9"}), ("xandr", {"2", "8"})])
def test_what_the_credentials_reach_is_offered_with_its_name_and_picked(alices, at, offered, provider, ids):
    connection = offered(provider)
    assert set(connection.available_ad_accounts.values_list("remote_id", flat=True)) == ids
    page = Page.of(alices.get(at("ad_account_new", connection)))
    for one in connection.available_ad_accounts.all():
        assert one.name and one.name in page.text
    response = alices.post(at("ad_account_new", connection), {"pick": ["8"]})
    assert response.url == at("connection", connection)
    account = connection.ad_accounts.get()
    assert (account.remote_id, account.name) == ("8", connection.available_ad_accounts.get(remote_id="8").name)
    again = alices.get(at("ad_account_new", connection)).content.decode()
    assert 'name="pick" value="8"' not in again  # what is on the connection is not offered again
    assert 'name="pick" value=' in again


def test_the_advertisers_own_code_comes_with_it(alices, at, offered):
    connection = offered("xandr")
    alices.post(at("ad_account_new", connection), {"pick": ["2"]})
    assert connection.ad_accounts.get().ref == AdAccountRef(id="2", code="adv-2")


def test_a_search_finds_by_name_id_and_code(alices, at, offered):
    connection = offered("xandr")
    for text in ("adv-8", "8", connection.available_ad_accounts.get(remote_id="8").name[:6]):
        page = Page.of(alices.get(at("ad_account_new", connection), {"q": text}))
        assert "adv-8" in page.text
    page = Page.of(alices.get(at("ad_account_new", connection), {"q": "no such thing"}))
    assert "Nothing there is called “no such thing”" in page.text


@pytest.mark.parametrize("picked", [[], ["77"], ["8", "x"]])
def test_nothing_and_what_is_not_in_the_list_cannot_be_picked(alices, at, offered, picked):
    connection = offered("xandr")
    response = alices.post(at("ad_account_new", connection), {"pick": picked})
    assert response.status_code == 200
    assert not connection.ad_accounts.exists()


def test_an_id_can_still_be_typed_and_one_that_is_not_in_the_list_is_pointed_out(alices, at, offered):
    connection = offered("xandr")
    alices.post(at("ad_account_new", connection), {"ad_account": "77"})
    page = Page.of(alices.get(at("connection", connection)))
    assert "Not in Xandr’s list" in page.text
    alices.post(at("ad_account_new", connection), {"pick": ["2"]})
    assert Page.of(alices.get(at("connection", connection))).text.count("Not in Xandr’s list") == 1


def test_without_an_ad_account_no_pixel_can_be_started_and_the_way_is_shown(alices, at, offered):
    connection = offered("xandr")
    page = Page.of(alices.get(at("pixel_new")))
    assert "Pick an ad account first" in page.text
    assert at("ad_account_new", connection) in page.html


def test_a_list_that_cannot_be_read_leaves_the_credentials_as_good_as_they_are(
    connect, sandbox, carry_out, monkeypatch
):

    def broken(self):
        raise BadAnswer("xandr.list_short")

    connection = connect("xandr")
    monkeypatch.setattr(Xandr, "list_ad_accounts", broken)
    carry_out()
    connection.refresh_from_db()
    assert (connection.test, connection.ad_accounts_listed_at) == ("works", None)


@pytest.mark.parametrize("then", ["replaced", "disconnected"])
def test_a_list_that_comes_after_its_credentials_were_replaced_is_not_stored(
    connect, sandbox, alice, meanwhile, carry_out, then
):
    """The old credentials may have reached other ad accounts."""
    connection = connect("xandr")
    connection_test.check(connection.pk)

    def replace_credentials():
        current = Connection.objects.get()
        if then == "replaced":
            connections.replace_credentials(current, alice, {"username": "sandbox", "password": "another"})
        else:
            connections.disconnect(current, alice)

    meanwhile("xandr", "list_ad_accounts", after=replace_credentials)
    ad_accounts.read_ad_accounts(connection.pk)
    connection.refresh_from_db()
    assert connection.ad_accounts_listed_at is None
    assert not connection.available_ad_accounts.exists()


def test_only_those_who_manage_connections_pick(browser_of, bob, vera, charlie, at, offered):
    connection = offered("xandr")
    for person, status in ((bob, 403), (vera, 403), (charlie, 404)):
        assert browser_of(person).post(at("ad_account_new", connection), {"pick": ["2"]}).status_code == status
    assert not connection.ad_accounts.exists()


def test_what_a_picked_ad_account_holds_is_read_at_once(alices, at, offered, carry_out, sandbox):
    connection = offered("pitchtarget")
    assert runs.schedule(10) == []  # nothing to read yet
    alices.post(at("connection_sync", connection))
    assert not connection.sync_runs.exists()
    alices.post(at("ad_account_new", connection), {"pick": ["9"]})
    carry_out()
    assert connection.sync_runs.get().state == "done"
