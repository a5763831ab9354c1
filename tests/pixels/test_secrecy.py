"""Planted secrets are found in no page, no log line, no table, no message and no exception."""

import base64
import html
import json
import logging
import pickle
import traceback
from urllib.parse import quote

import pytest
import redis
from django.conf import settings as django_settings
from django.contrib.admin import site
from django.urls import reverse

from accounts.models import User
from pixels.limits.provider_session import StoredTokens, open_provider
from pixels.models import Connection, Credential, Pixel
from pixels.outbox import claim, deliver
from pixels.reconcile import connection_test, pull
from pixels.services import connections
from tests.pixels.conftest import EVENT, OPTIONS
from tests.pixels.leaks import forms_of, tables
from tests.pixels.page import Page
from tests.pixels.providers.loopback import Received, says
from tests.pixels.pseudo_language import speak

PLANTED = {
    "easyflow": {"api_key": "pl4nted/Key+0001&<", "api_secret": "pl4nted=Secret%0002"},
    "pitchtarget": {"token": "pl4nted~Token'0003"},
    "xandr": {"username": "someone", "password": 'pl4nted "Password" é 0004'},
}
SESSION = "pl4nted:Session:0005"
SECRETS = [value for values in PLANTED.values() for name, value in values.items() if name != "username"] + [SESSION]


def leaks(sink: bytes) -> list[str]:
    return [secret for secret in SECRETS if any(form in sink for form in forms_of(secret))]


def test_the_search_finds_what_is_there():
    """Shows that the search used below can find a secret at all."""
    for secret in SECRETS:
        for wrapped in (secret, quote(secret), html.escape(secret), json.dumps({"a": secret})):
            assert leaks(b"... " + wrapped.encode() + b" ...") == [secret]
        for start in range(6):
            assert leaks(base64.b64encode(b"y" * start + secret.encode() + b"zz")) == [secret]


@pytest.fixture
def echoing(misbehaving):
    """A provider that answers every request, also with errors, by repeating what it received."""

    def answer(status):
        def behave(connection):
            received: Received = misbehaving.received[-1]
            echo = f"{received.headers} {received.body.decode()} {received.query}"
            if received.path.endswith("/auth"):
                says({"response": {"status": "OK", "token": SESSION}})(connection)
            else:
                body = {
                    "message": echo,
                    "error": echo,
                    "errors": {"name": [echo]},
                    "response": {"error_id": "SYNTAX", "error": echo},
                }
                says(body, status, {"X-Told": "told"})(connection)

        return behave

    misbehaving.answer = answer
    misbehaving.script = [answer(400)]
    return misbehaving


@pytest.fixture
def worked(connect, promise, echoing, caplog, alice):
    """A day's work with planted credentials at a provider that repeats them: refusals, lost answers, syncs, tests."""
    caplog.set_level(logging.DEBUG)
    for provider, credentials in PLANTED.items():
        connection = connect(provider, credentials=credentials)
        for status in (400, 401, 403, 500, 200):
            echoing.script = [echoing.answer(status)]
            Connection.objects.update(paused_at=None, circuit_open_until=None)
            promise(connection, f"{provider} {status}", options={"code": None})
            for due in claim.due(10):
                deliver.deliver(due)
            Connection.objects.filter(pk=connection.pk).update(test="testing")
            connection_test.check(connection.pk)
            if connection.can_sync:
                run = connections.sync_now(connection, alice)
                pull.pull(run.pk)
    assert any(SESSION in one.headers.get("authorization", "") for one in echoing.received)
    assert StoredTokens(Credential.objects.filter(connection__provider="xandr")).load().reveal() == SESSION
    assert Pixel.objects.exclude(error_provider_message="").count() > 3


def test_no_page_shows_a_secret(worked, browser_of, alice, at):
    window = browser_of(alice)
    pages = [at("overview"), at("pixel_list"), at("connection_list"), at("activity"), at("pixel_new"), at("people")]
    for connection in Connection.objects.all():
        for name in ("connection", "connection_credentials", "ad_account_new", "connection_disconnect"):
            pages.append(at(name, connection))
    pages += [at("pixel", pixel) for pixel in Pixel.objects.all()]
    for page in pages:
        response = window.get(page)
        assert response.status_code == 200
        assert leaks(response.content) == [], page
        assert leaks(str(response.headers).encode()) == [], page


def test_no_page_of_the_admin_shows_a_secret(worked, browser_of):
    person = User.objects.create_user("root@shop.example", is_staff=True, is_superuser=True)
    window = browser_of(person)
    for model in site._registry:
        names = (model._meta.app_label, model._meta.model_name)
        assert leaks(window.get(reverse("admin:{}_{}_changelist".format(*names))).content) == []
        if model._meta.app_label == "pixels":
            for row in model.objects.all():
                page = window.get(reverse("admin:{}_{}_change".format(*names), args=[row.pk]))
                assert page.status_code == 200
                assert leaks(page.content) == []


def test_no_table_holds_a_secret(worked):
    dump = tables()
    assert b"someone" in dump  # a user name is no secret
    assert leaks(dump) == []


def test_no_log_line_holds_a_secret(worked, caplog):
    records = caplog.get_records("setup")
    assert len(records) > 30
    everything = "".join(f"{caplog.handler.format(record)} {record.__dict__!r}" for record in records)
    assert "Xandr" in everything
    assert leaks(everything.encode()) == []


@pytest.mark.django_db(transaction=True)
def test_no_message_in_the_broker_holds_a_secret(worked):
    broker = redis.Redis.from_url(f"unix://{django_settings.BROKER_SOCKET}")
    found = b"".join(key + (broker.dump(key) or b"") for key in broker.scan_iter())
    queue = b"\n".join(broker.lrange("celery", 0, -1))
    assert b"push_connection" in queue
    bodies = b"\n".join(base64.b64decode(json.loads(line)["body"]) for line in broker.lrange("celery", 0, -1))
    assert leaks(found + queue + bodies) == []


def test_no_object_prints_a_secret(connect, sandbox):
    for provider, credentials in PLANTED.items():
        connection = connect(provider, credentials=credentials)
        credential = Credential.objects.get(connection=connection)
        opened = credential.open()
        with open_provider(connection) as client:
            pass
        shown = [
            f"{one!r} {one} {one:}" if not isinstance(one, dict) else f"{one!r} {one}"
            for one in (connection, credential, opened, client, client.http, client.credentials, client.tokens)
        ]
        shown += [repr(vars(one)) for one in (connection, credential, client, client.http)]
        assert leaks(" ".join(shown).encode()) == []
        for name, value in opened.items():
            if name != "username":
                with pytest.raises(TypeError):
                    pickle.dumps(value)
                with pytest.raises(TypeError):
                    json.dumps(value)


@pytest.mark.parametrize("provider", PLANTED)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
def test_no_exception_holds_a_secret(connect, echoing, provider, status):
    connection = connect(provider, credentials=PLANTED[provider])
    echoing.script = [echoing.answer(status)]
    with pytest.raises(Exception) as caught, open_provider(connection) as client:
        client.create_pixel(connection.ad_accounts.get().ref, "x", (EVENT[provider],), OPTIONS[provider], "ph-1")
    error = caught.value
    echo = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + repr(vars(error))
    assert leaks(echo.encode()) == []
    assert error.__context__ is None or error.__suppress_context__


def test_a_page_says_of_a_long_key_how_it_ends_and_of_a_password_nothing(browser_of, vera, at, connect, sandbox):
    window = browser_of(vera)
    easyflow = connect("easyflow", credentials={"api_key": "0123456789abcdef", "api_secret": "short"})
    text = Page.of(window.get(at("connection", easyflow))).text
    assert "ends in cdef" in text
    assert "short" not in text
    xandr = connect("xandr", credentials={"username": "someone", "password": "a long password indeed"})
    text = Page.of(window.get(at("connection", xandr))).text
    assert "someone" in text
    assert "deed" not in text


def test_what_a_page_says_of_a_secret_is_translated_and_what_was_stored_before_is_shown_as_it_is(
    browser_of, vera, at, connect, sandbox, monkeypatch
):
    window = browser_of(vera)
    connection = connect("easyflow", credentials={"api_key": "0123456789abcdef", "api_secret": "short"})
    credential = Credential.objects.get(connection=connection)
    assert credential.hints == {"api_key": {"ends": "cdef"}, "api_secret": {"kind": "set"}}
    speak(monkeypatch)
    text = Page.of(window.get(at("connection", connection))).text
    assert "⟦ends in cdef⟧" in text
    assert "⟦set⟧" in text
    credential.hints = {"api_key": "ends in cdef", "api_secret": "set"}  # as earlier versions stored them
    credential.save()
    text = Page.of(window.get(at("connection", connection))).text
    assert "⟧ ends in cdef ⟦" in text
    assert "⟧ set ⟦" in text


def test_replacing_credentials_shows_none_of_the_old_ones(browser_of, alice, at, connect, sandbox):
    for provider, credentials in PLANTED.items():
        connection = connect(provider, credentials=credentials)
        page = Page.of(browser_of(alice).get(at("connection_credentials", connection)))
        values = page.form_with(next(iter(credentials))).values
        shown = {name: [value] if name == "username" else [""] for name, value in credentials.items()}
        assert {name: values[name] for name in credentials} == shown  # a user name is no secret
        answer = browser_of(alice).post(at("connection_credentials", connection), dict.fromkeys(credentials, ""))
        assert leaks(answer.content) == []
        assert "type them again" in Page.of(answer).text
        stored = Credential.objects.get(connection=connection).open()
        assert set(map(str, stored.values())) <= {"•••", "someone"}


SPELLED = "pl4nted/Spelled/0007"
IN_BASE64 = base64.b64encode(SPELLED.encode()).decode()
PAIR_IN_BASE64 = base64.b64encode(f"me:{SPELLED}".encode()).decode()
BODIES = {
    "escaped as PHP does": '{"error": "bad key pl4nted\\/Spelled\\/0007"}',
    "escaped by number": '{"error": "bad key pl4nted\\u002fSpelled\\u002f0007"}',
    "escaped twice": '{"error": "bad key pl4nted\\\\/Spelled\\\\/0007"}',
    "base64": f'{{"error": "bad key {IN_BASE64}"}}',
    "base64 of a pair": f'{{"error": "Basic {PAIR_IN_BASE64}"}}',
    "hexadecimal": f'{{"error": "bad key {SPELLED.encode().hex()}"}}',
    "in JSON that is cut off": '{"error": "bad key pl4nted\\/Spelled\\/0007',
    "in plain text": f"bad key {SPELLED}",
    "as the key of an object": '{"error": {"pl4nted\\/Spelled\\/0007": "bad"}}',
}


UNREADABLE = {"in JSON that is cut off", "in plain text"}


def connection_message(connection):
    return Connection.objects.get(pk=connection.pk).test_provider_message


@pytest.mark.parametrize("status", [400, 401, 403, 500])
@pytest.mark.parametrize("body", BODIES)
def test_a_viewer_sees_no_secret_in_any_spelling_and_none_is_stored(
    connect, misbehaving, browser_of, vera, at, caplog, body, status
):
    caplog.set_level(logging.DEBUG)
    connection = connect("pitchtarget", credentials={"token": SPELLED})
    misbehaving.script = [says(BODIES[body], status)]
    connection_test.check(connection.pk)
    page = browser_of(vera).get(at("connection", connection))
    assert page.status_code == 200
    if body not in UNREADABLE:  # an unreadable body could hide a secret
        assert any(part in connection_message(connection) for part in ("bad", "Basic"))
    forms = [form.decode() for form in forms_of(SPELLED)]
    forms += [SPELLED.replace("/", sign) for sign in ("\\/", "\\u002f", "\\\\/")]
    forms += [PAIR_IN_BASE64[6:24]]
    for sink in (page.content, tables(), caplog.text.encode()):
        assert [form for form in forms if form.encode() in sink] == []


OPENED = "pl4nted:Opened:0006"  # a session that nobody knows of before the answer comes
SPOILT = {
    "truncated": lambda body: body[:-3],
    "in a list": lambda body: f"[{body}]",
    "too deep": lambda body: body[:-1] + ', "more": ' + "[" * 60 + "]" * 60 + "}",
    "of another shape": lambda body: body.replace("OK", "FINE").replace("access_token", "token"),
    "in another charset": lambda body: body.encode("utf-16"),
    "with an error of its own": lambda body: body[:-3],
}
LOG_INS = {
    "xandr": ({}, '{"response": {"status": "OK", "token": "%s"}}'),
    "pitchtarget": (
        {"way": "password", "username": "a", "password": "b", "client_id": "c"},
        '{"access_token": "%s"}',
    ),
}


@pytest.mark.parametrize("provider", LOG_INS)
@pytest.mark.parametrize("how", SPOILT)
def test_a_session_in_a_spoilt_answer_to_a_log_in_is_shown_and_kept_nowhere(
    connect, misbehaving, browser_of, alice, at, caplog, provider, how
):
    caplog.set_level("DEBUG")
    credentials, body = LOG_INS[provider]
    connection = connect(provider, **({"credentials": credentials} if credentials else {}))
    status = 500 if how == "with an error of its own" else 200
    misbehaving.script = [says(SPOILT[how](body % OPENED), status)]
    connection_test.check(connection.pk)
    connection.refresh_from_db()
    assert connection.test == "unreachable"
    page = browser_of(alice).get(at("connection", connection)).content
    for sink in (page, tables(), caplog.text.encode()):
        assert OPENED.encode() not in sink
        assert OPENED[:12].encode() not in sink.replace(b"\0", b"").replace(b" ", b"")
