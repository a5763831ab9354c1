"""Mail when a connection stops working and when it works again: one each, to those who can do something about it."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection as database
from django.utils import timezone

from accounts.models import Role
from pixels import tasks
from pixels.models import Connection, Operation, Pixel
from pixels.notices import connection_state
from pixels.outbox import claim
from pixels.reconcile import connection_test
from pixels.services import connections
from tests.at_once import at_once
from tests.conftest import join
from tests.pixels.conftest import CREDENTIALS
from tests.pixels.held_up import HeldUpRows
from tests.pixels.providers.loopback import says

WRONG = {"username": "sandbox", "password": "planted-password"}


@pytest.fixture
def ada(team):
    return join(team, "ada", Role.ADMIN)


@pytest.fixture
def notify():
    """A function that sends the mails that the dispatcher finds due."""

    def run():
        for connection in connection_state.due(100):
            connection_state.notify(connection)

    return run


@pytest.fixture
def xandr(connect, sandbox, carry_out, alice, bob, vera, ada, notify):
    """A connection that has worked; alice and ada manage it, bob and vera use it."""
    connection = connect("xandr")
    carry_out()
    notify()
    return Connection.objects.get(pk=connection.pk)


@pytest.fixture
def pause(alice, carry_out):
    """A function that pauses the connection: its password was changed at Xandr."""

    def run(connection):
        connections.replace_credentials(connection, alice, WRONG)
        carry_out()

    return run


@pytest.fixture
def resume(alice, carry_out):
    def run(connection):
        connections.replace_credentials(connection, alice, CREDENTIALS["xandr"])
        carry_out()

    return run


def go_away(connection, **length):
    since = timezone.now() - timedelta(**length)
    Connection.objects.filter(pk=connection.pk).update(failures=5, down_since=since, circuit_open_until=timezone.now())


def come_back(connection):
    Connection.objects.filter(pk=connection.pk).update(failures=0, down_since=None, circuit_open_until=None)


def addresses(outbox):
    return sorted(address for mail in outbox for address in mail.to)


MANAGERS = ["ada@shop.example", "alice@shop.example"]


# -- What is mailed, and to whom ---------------------------------------------------------------------------------


def test_a_pause_is_mailed_once_to_owners_and_admins_only(xandr, pause, promise, notify, mailoutbox, settings):
    settings.PUBLIC_URL = "https://pixelhub.example"
    assert mailoutbox == []
    promise(xandr)
    pause(xandr)
    for _ in range(3):
        notify()
    assert addresses(mailoutbox) == MANAGERS
    assert all(len(mail.to) == 1 and not mail.cc and not mail.bcc for mail in mailoutbox)
    mail = mailoutbox[0]
    assert mail.subject == "Xandr · 2 (sandbox): paused, please look at its credentials"
    assert "Xandr · 2 (sandbox) in the team Shop is paused." in mail.body
    assert "Xandr refused the username or the password." in mail.body
    assert "1 change waits" in mail.body
    assert f"https://pixelhub.example/t/shop/connections/{xandr.pk}/" in mail.body


def test_that_it_works_again_is_mailed_once(xandr, pause, resume, notify, mailoutbox):
    pause(xandr)
    notify()
    mailoutbox.clear()
    resume(xandr)
    for _ in range(3):
        notify()
    assert addresses(mailoutbox) == MANAGERS
    assert mailoutbox[0].subject == "Xandr · 2 (sandbox): works again"


def test_each_change_of_state_is_mailed(xandr, pause, resume, notify, mailoutbox):
    for _ in range(2):
        pause(xandr)
        notify()
        resume(xandr)
        notify()
    subjects = [mail.subject.split(": ")[1] for mail in mailoutbox if mail.to == ["ada@shop.example"]]
    assert subjects == ["paused, please look at its credentials", "works again"] * 2


def test_an_outage_of_minutes_is_mailed_and_so_is_its_end(xandr, notify, mailoutbox, time, settings):
    settings.NOTIFY_DOWN_AFTER = 300
    go_away(xandr, seconds=0)
    notify()
    assert mailoutbox == []
    time.pass_by(299 - 60)
    notify()
    assert mailoutbox == []
    time.pass_by(62)
    for _ in range(2):
        notify()
    assert addresses(mailoutbox) == MANAGERS
    assert mailoutbox[0].subject == "Xandr · 2 (sandbox): not reachable"
    since = Connection.objects.get(pk=xandr.pk).down_since
    assert f"since {since:%Y-%m-%d %H:%M} UTC" in mailoutbox[0].body
    mailoutbox.clear()
    come_back(xandr)
    for _ in range(2):
        notify()
    assert addresses(mailoutbox) == MANAGERS
    assert "works again" in mailoutbox[0].subject


def test_a_state_that_ended_before_the_dispatcher_looked_is_not_mailed(xandr, pause, resume, notify, mailoutbox):
    pause(xandr)
    resume(xandr)
    go_away(xandr, minutes=2)
    notify()
    come_back(xandr)
    notify()
    assert mailoutbox == []


def test_a_test_that_somebody_makes_while_it_is_away_does_not_silence_what_follows(
    xandr, notify, mailoutbox, settings, free_address
):
    """It ends as "could not be tested", and nobody tests again when it is back."""
    go_away(xandr, minutes=10)
    notify()
    here, settings.SANDBOX_URL = settings.SANDBOX_URL, free_address
    connections.test_connection(Connection.objects.get(pk=xandr.pk))
    connection_test.check(xandr.pk)
    settings.SANDBOX_URL = here
    assert Connection.objects.get(pk=xandr.pk).test == "unreachable"
    come_back(xandr)
    notify()
    go_away(xandr, minutes=10)
    notify()
    subjects = [mail.subject.split(": ")[1] for mail in mailoutbox if mail.to == ["ada@shop.example"]]
    assert subjects == ["not reachable", "works again", "not reachable"]


# -- What causes no mail -----------------------------------------------------------------------------------------


def test_a_connection_that_never_worked_causes_no_mail(connect, sandbox, carry_out, resume, notify, mailoutbox):
    """The person who has just made it sees its page; and when it first works, it does not work *again*."""
    connection = connect("xandr", credentials=WRONG)
    carry_out()
    for _ in range(2):
        notify()
    assert Connection.objects.get().paused_at
    resume(connection)
    notify()
    assert mailoutbox == []


def test_a_connection_that_worked_once_causes_mail(connect, sandbox, carry_out, resume, pause, notify, mailoutbox):
    connection = connect("xandr", credentials=WRONG)
    carry_out(), notify()
    resume(connection), notify()
    pause(connection), notify()
    assert [mail.subject.split(": ")[1] for mail in mailoutbox] == ["paused, please look at its credentials"]


def test_a_disconnected_connection_causes_no_mail(xandr, pause, alice, notify, mailoutbox):
    pause(xandr)
    connections.disconnect(Connection.objects.get(pk=xandr.pk), alice)
    go_away(xandr, minutes=10)
    notify()
    assert mailoutbox == []


def test_other_teams_and_former_members_get_no_mail(xandr, pause, ada, charlie, notify, mailoutbox):
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    pause(xandr)
    notify()
    assert addresses(mailoutbox) == ["alice@shop.example"]


def test_a_mail_holds_no_secret_and_no_provider_message(connect, misbehaving, alice, notify, mailoutbox):
    connection = connect("pitchtarget", credentials={"token": "planted-token"})
    Connection.objects.update(test="works")
    notify()
    misbehaving.script = [says({"errors": ["planted-token is not valid, says PitchTarget"]}, 401)]
    connections.test_connection(connection)
    connection_test.check(connection.pk)
    notify()
    [mail] = mailoutbox
    assert "PitchTarget refused" in mail.body
    assert "planted" not in mail.body + mail.subject
    assert "says PitchTarget" not in mail.body


# -- Where nothing tests the credentials ----------------------------------------------------------------------


def test_easyflows_pause_is_mailed_and_new_credentials_are_not_reported_as_working(
    connect, promise, live, sandbox, alice, carry_out, notify, mailoutbox, no_wait
):
    easyflow = connect("easyflow")
    carry_out(), notify()
    live(easyflow)
    for round_ in (1, 2):
        connections.replace_credentials(easyflow, alice, {"api_key": "sandbox-key", "api_secret": "wrong"})
        carry_out()
        promise(easyflow, f"Pixel {round_}")
        carry_out()
        assert Connection.objects.get().paused_at
        notify()
        assert [mail.subject.split(": ")[1] for mail in mailoutbox] == [
            "paused, please look at its credentials"
        ] * round_
        connections.replace_credentials(easyflow, alice, CREDENTIALS["easyflow"])
        carry_out(), notify()  # nothing tests them; the change that waits will
        no_wait(), carry_out()
    assert set(Pixel.objects.values_list("lifecycle", flat=True)) == {"live"}


# -- Whatever happens to the mail -----------------------------------------------------------------------------


class Dead(EmailBackend):
    def open(self):
        raise ConnectionRefusedError("no server at mail.example with user planted-user")


class RefusesOne(EmailBackend):
    """A mail server that refuses one address."""

    def send_messages(self, messages):
        if messages[0].to == ["alice@shop.example"]:
            raise SMTPRecipientsRefused({"alice@shop.example": (550, b"no such user")})
        return super().send_messages(messages)


def test_a_mail_server_that_is_away_loses_nothing_else(
    xandr, promise, pause, resume, notify, settings, sandbox, caplog, carry_out
):
    settings.EMAIL_BACKEND = f"{__name__}.Dead"
    promise(xandr)
    pause(xandr)
    notify()
    assert "planted" not in caplog.text
    assert "ConnectionRefusedError" in caplog.text
    assert connection_state.due(10) == []  # and it is not tried again and again
    resume(xandr)
    notify()
    carry_out()
    assert Pixel.objects.get().lifecycle == "live"
    assert set(Operation.objects.values_list("state", flat=True)) == {"done"}
    assert claim.due(10) == []


def test_an_address_that_does_not_exist_does_not_keep_it_from_the_others(xandr, pause, notify, settings, mailoutbox):
    settings.EMAIL_BACKEND = f"{__name__}.RefusesOne"
    pause(xandr)
    notify()
    assert addresses(mailoutbox) == ["ada@shop.example"]


def test_two_workers_with_the_same_message_send_it_once(xandr, pause, mailoutbox, monkeypatch):
    pause(xandr)
    real = connection_state.render_to_string

    def meanwhile(*args):
        monkeypatch.setattr(connection_state, "render_to_string", real)
        tasks.notify(str(xandr.pk))
        return real(*args)

    monkeypatch.setattr(connection_state, "render_to_string", meanwhile)
    tasks.notify(str(xandr.pk))
    tasks.notify(str(xandr.pk))
    assert addresses(mailoutbox) == MANAGERS


def test_a_delayed_worker_sends_no_second_mail(xandr, pause, mailoutbox, monkeypatch):
    pause(xandr)
    real = connection_state._due

    def tell_first():
        monkeypatch.setattr(connection_state, "_due", real)
        connection_state.notify(xandr.pk)

    monkeypatch.setattr(connection_state, "_due", lambda: HeldUpRows(real(), tell_first))
    connection_state.notify(xandr.pk)
    assert addresses(mailoutbox) == MANAGERS


@pytest.mark.skipif(database.vendor == "sqlite", reason="SQLite lets one writer in at a time")
@pytest.mark.django_db(transaction=True)
def test_many_workers_at_the_same_moment_send_it_once(xandr, pause, mailoutbox):
    pause(xandr)
    assert at_once(*[lambda: connection_state.notify(xandr.pk)] * 5) == ["done"] * 5
    assert addresses(mailoutbox) == MANAGERS
