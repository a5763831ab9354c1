"""Alice adds a connection: it is stored sealed, tested by a worker, and kept whatever the test's result."""

import pytest
from django.test import Client

from accounts.models import Activity
from pixels.models import AdAccount, Connection, Credential
from tests.pixels.page import Page

FORMS = {
    "easyflow": {"api_key": "planted-key-0001", "api_secret": "planted-secret-0002", "ad_account": "owner-7"},
    "pitchtarget": {"token": "planted-token-0003", "ad_account": "9"},
    "xandr": {
        "username": "someone",
        "password": " planted password ",
        "ad_account": "2",
        "ad_account_code": "adv-2",
    },
}
WAYS = {"pitchtarget": {"way": "token"}, "xandr": {"way": "password"}}  # the usual one, where there are several
SECRETS = {
    "easyflow": ["api_key", "api_secret"],
    "pitchtarget": ["token"],
    "xandr": ["password"],
}
LABELS = {
    "easyflow": ["API key", "API secret", "Owner id"],
    "pitchtarget": ["Token", "Ad account"],
    "xandr": ["Username", "Password", "Advertiser"],
}
PROVIDERS = list(FORMS)


@pytest.fixture
def alices(browser_of, alice) -> Client:
    return browser_of(alice)


@pytest.fixture
def add(alices, at):
    def post(provider, **typed):
        values = {"provider": provider, "environment": "sandbox", **FORMS[provider], **typed}
        return alices.post(at("connection_new"), values)

    return post


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_form_has_the_providers_own_fields_and_the_sandbox_selected(alices, at, provider):
    page = Page.of(alices.get(at("connection_new"), {"provider": provider}))
    values = page.form_with("environment").values
    assert set(FORMS[provider]) <= values.keys()
    assert values["environment"] == ["sandbox"]
    for label in LABELS[provider]:
        assert label in page.text


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_was_typed_is_stored_and_a_test_is_asked_for(add, at, alice, provider):
    response = add(provider)
    connection = Connection.objects.get()
    assert response.url == at("connection", connection)
    assert (connection.provider, connection.environment, connection.test) == (provider, "sandbox", "testing")
    stored = {
        name: getattr(value, "reveal", lambda v=value: v)() for name, value in connection.credential.open().items()
    }
    account = AdAccount.objects.get()
    stored |= {"ad_account": account.remote_id} | ({"ad_account_code": account.code} if account.code else {})
    assert stored == FORMS[provider] | WAYS.get(provider, {})
    assert connection.credential.set_by == alice
    assert Activity.objects.get(kind="connection").code == "connection.added"


def test_white_space_around_a_pasted_key_goes_but_a_password_keeps_it(add):
    add("pitchtarget", token="  pasted-token\n")
    add("xandr", password=" two spaces ")
    token, password = (Credential.objects.get(connection__provider=p).open() for p in ("pitchtarget", "xandr"))
    assert token["token"].reveal() == "pasted-token"
    assert password["password"].reveal() == " two spaces "


@pytest.mark.parametrize(
    ("provider", "typed", "field"),
    [
        ("easyflow", {"api_key": ""}, "api_key"),
        ("easyflow", {"api_secret": "two words"}, "api_secret"),
        ("easyflow", {"api_key": "kéy"}, "api_key"),
        ("easyflow", {"ad_account": ""}, "ad_account"),
        ("pitchtarget", {"token": "a\r\nX-Evil: 1"}, "token"),
        ("pitchtarget", {"ad_account": "act_9"}, "ad_account"),
        ("xandr", {"ad_account": "two"}, "ad_account"),
        ("xandr", {"ad_account": "2" * 65}, "ad_account"),
        ("xandr", {"username": "a\x00b"}, "username"),
        ("xandr", {"password": ""}, "password"),
    ],
)
def test_bad_input_is_said_at_the_field_and_nothing_is_stored(add, provider, typed, field):
    response = add(provider, **typed)
    assert list(response.context["form"].errors) == [field]
    assert not Connection.objects.exists()


@pytest.mark.parametrize("environment", ["", "production"])
def test_the_environment_is_one_of_two(add, environment):
    response = add("xandr", environment=environment)
    assert list(response.context["environment_form"].errors) == ["environment"]
    assert not Connection.objects.exists()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_after_an_error_secrets_come_back_empty_with_a_note_and_the_rest_is_kept(add, provider):
    response = add(provider, ad_account="\x00")
    page = Page.of(response)
    values = page.form_with("environment").values
    for field, typed in FORMS[provider].items():
        if field in SECRETS[provider]:
            assert values[field] == [""]
            assert typed.strip() not in page.html
        elif field != "ad_account":
            assert values[field] == [typed]
    assert values["environment"] == ["sandbox"]
    assert "are not sent back to your browser" in page.text


def test_a_provider_nobody_knows_is_asked_for_again(alices, at):
    for slug in ("", "nobody", "a\x00"):
        response = alices.post(at("connection_new"), {"provider": slug})
        assert response.status_code == 200
        assert "Provider" in Page.of(response).text
    assert not Connection.objects.exists()


def test_live_is_offered_but_not_the_sandbox_where_it_is_switched_off(add, alices, at, settings):
    settings.SANDBOX_ENABLED = False
    values = Page.of(alices.get(at("connection_new"), {"provider": "xandr"})).form_with("environment").values
    assert values["environment"] in (["live"], [])
    assert list(add("xandr").context["environment_form"].errors) == ["environment"]
    assert add("xandr", environment="live").status_code == 302


def test_more_ad_accounts_can_be_added_each_once(alices, at, xandr, sandbox):
    url = at("ad_account_new", xandr)
    assert alices.post(url, {"ad_account": "8", "ad_account_code": "adv-8"}).url == at("connection", xandr)
    assert [str(account) for account in xandr.ad_accounts.all()] == ["2 (adv-2)", "8 (adv-8)"]
    again = alices.post(url, {"ad_account": "8"})
    assert list(again.context["form"].errors) == ["ad_account"]
    assert xandr.ad_accounts.count() == 2
    assert list(alices.post(url, {"ad_account": "x"}).context["form"].errors) == ["ad_account"]
    assert Activity.objects.filter(code="connection.ad_account_added", actor__isnull=False).count() == 1


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("vera", 403), ("charlie", 404)])
def test_only_owners_and_admins_manage_connections(request, browser_of, at, xandr, sandbox, name, status):
    alices = browser_of(request.getfixturevalue(name))
    before = list(Connection.objects.values()) + list(AdAccount.objects.values())
    for address in (
        at("connection_new"),
        at("connection_test", xandr),
        at("connection_credentials", xandr),
        at("ad_account_new", xandr),
        at("connection_disconnect", xandr),
    ):
        assert alices.post(address, FORMS["xandr"] | {"provider": "xandr"}).status_code == status
    assert list(Connection.objects.values()) + list(AdAccount.objects.values()) == before


def test_an_outsiders_team_does_not_open_the_connection_either(browser_of, charlie, xandr, sandbox):
    rival = charlie.memberships.get().team
    alices = browser_of(charlie)
    for end in ("", "test/", "sync/", "credentials/", "ad-accounts/", "disconnect/"):
        address = f"/t/{rival.slug}/connections/{xandr.pk}/{end}"
        assert alices.post(address).status_code in (404, 405)
        assert alices.get(address).status_code in (404, 405)
    xandr.refresh_from_db()
    assert xandr.disconnected_at is None
