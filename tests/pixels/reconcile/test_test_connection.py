"""Testing the credentials: a worker asks the provider, and the page shows the verdict."""

import pytest

from pixels.models import Connection
from pixels.providers.values import AdAccountRef
from pixels.reconcile import connection_test
from pixels.services import connections
from tests.pixels.page import Page
from tests.pixels.providers.loopback import hangs_up, says

WRONG = {
    "pitchtarget": {"token": "wrong"},
    "xandr": {"username": "sandbox", "password": "wrong"},
}


@pytest.fixture
def shown(browser_of, alice, at):
    """What Alice reads on the connection's page."""
    browser = browser_of(alice)
    return lambda connection: Page.of(browser.get(at("connection", connection))).text


@pytest.fixture
def verdict(carry_out):
    def ask(connection):
        carry_out()
        connection.refresh_from_db()
        return connection.test

    return ask


@pytest.mark.parametrize("provider", WRONG)
def test_good_credentials_work(connect, sandbox, verdict, shown, provider):
    connection = connect(provider)
    assert "Testing…" in shown(connection)
    assert sandbox.ask("GET", "requests")["requests"] == {}  # the page waited for nobody
    assert verdict(connection) == "works"
    assert connection.tested_at is not None
    assert "Works" in shown(connection)


@pytest.mark.parametrize("provider", WRONG)
def test_wrong_ones_are_refused_and_stay_stored(connect, sandbox, verdict, shown, provider):
    connection = connect(provider, credentials=WRONG[provider])
    assert verdict(connection) == "refused"
    assert "Refused: " in shown(connection)
    assert connection.credential.open().keys() == WRONG[provider].keys()


def test_an_ad_account_that_is_not_ours_is_refused_at_pitchtarget(connect, sandbox, verdict):
    assert verdict(connect("pitchtarget", ad_account=AdAccountRef(id="77"))) == "refused"


def test_easyflow_cannot_be_tested(easyflow, sandbox, verdict, shown):
    assert verdict(easyflow) == "untestable"
    assert "without creating a pixel" in shown(easyflow)
    assert sandbox.held("easyflow") == []
    assert sandbox.ask("GET", "requests")["requests"] == {}


@pytest.mark.parametrize("provider", WRONG)
def test_an_unreachable_provider_is_no_verdict_on_the_credentials(connect, unreachable, verdict, shown, provider):
    connection = connect(provider)
    assert verdict(connection) == "unreachable"
    assert "is not reachable" in shown(connection)


@pytest.mark.parametrize(
    "behaviour",
    [says("<html>Bad gateway</html>", 502), says("{"), says({"a": 1}, 500), hangs_up, says("", 302, {"Location": "http://127.0.0.1:1/"})],
    ids=["html", "garbage", "500", "hangs up", "redirect"],
)  # fmt: skip
def test_an_answer_that_says_nothing_is_no_verdict_either(connect, misbehaving, verdict, behaviour):
    misbehaving.script = [behaviour]
    assert verdict(connect("pitchtarget")) == "unreachable"
    assert verdict(connect("xandr")) == "unreachable"


def test_a_test_of_credentials_can_be_repeated(browser_of, alice, at, connect, sandbox, verdict):
    connection = connect("pitchtarget", credentials={"token": "wrong"})
    assert verdict(connection) == "refused"
    browser_of(alice).post(at("connection_credentials", connection), {"token": "sandbox-token"})
    assert verdict(connection) == "works"
    response = browser_of(alice).post(at("connection_test", connection))
    assert response.url == at("connection", connection)
    connection.refresh_from_db()
    assert connection.test == "testing"
    assert verdict(connection) == "works"


def test_the_verdict_on_old_credentials_does_not_stick_to_new_ones(connect, alice, misbehaving, meanwhile):
    connection = connect("pitchtarget")
    misbehaving.script = [says({"error": "no"}, 401)]

    def replaced():
        connections.replace_credentials(Connection.objects.get(), alice, {"token": "another"})

    meanwhile("pitchtarget", "check_credentials", before=replaced)
    connection_test.check(connection.pk)
    assert len(misbehaving.received) == 1
    connection.refresh_from_db()
    assert connection.test == "testing"


def test_a_test_whose_message_got_lost_is_found_by_the_dispatcher(xandr, sandbox, settings):
    settings.DISPATCH_INTERVAL = 15
    assert connection_test.due(10) == []  # its message may still be on the way
    settings.DISPATCH_INTERVAL = 0
    assert connection_test.due(10) == [xandr.pk]
    connection_test.check(xandr.pk)
    assert connection_test.due(10) == []


def test_refused_credentials_are_said_on_the_overview(browser_of, vera, at, connect, sandbox, verdict):
    assert verdict(connect("xandr", credentials=WRONG["xandr"])) == "refused"
    assert "Needs you" in Page.of(browser_of(vera).get(at("overview"))).text
