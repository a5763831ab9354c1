"""Nothing of a password is shown, not even its end: on no page, in no attribute, in no page of the admin, in no log."""

import logging
import re

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.contrib.admin import site
from django.urls import reverse

from accounts.models import User
from pixels.models import Connection, Credential
from pixels.providers.fields import PasswordField, PrivateKeyField
from pixels.providers.registry import PROVIDERS
from tests.pixels.conftest import AD_ACCOUNTS
from tests.pixels.leaks import forms_of

PASSWORD, ANOTHER = "Pl4nted pass/word & Qx7Z", "An0ther pass=word < Wy8K"


def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


# Written by hand: provider -> its passwords, each with the rest of a form that asks for it.
PASSWORDS = {
    "easyflow": {},
    "pitchtarget": {"password": {"way": "password", "username": "someone", "client_id": "client"}},
    "xandr": {
        "password": {"username": "someone"},
        "private_key": {"way": "key", "key_username": "someone", "key_name": "mine"},
    },
}
CASES = [(slug, name) for slug, names in PASSWORDS.items() for name in names]
each_password = pytest.mark.parametrize(("provider", "name"), CASES)


def secret(name: str, password: str) -> str:
    return private_key() if name == "private_key" else password


def leaks(sink: bytes, value: str) -> list[bytes]:
    """What must not be shown: the value in any encoding, each line of a key, and its end."""
    lines = [line for line in value.splitlines() if not line.startswith("-----")]
    parts = [form for line in lines for form in forms_of(line)]
    return [part for part in [*parts, *(line[-4:].encode() for line in lines[:1])] if part in sink]


def values_shown(page: bytes, name: str) -> list[bytes]:
    """What the page's field of this name holds."""
    inputs = re.findall(rb'<input[^>]*name="%s"[^>]*>' % name.encode(), page)
    areas = re.findall(rb'<textarea[^>]*name="%s"[^>]*>(.*?)</textarea>' % name.encode(), page, re.S)
    held = [re.search(rb'value="([^"]*)"', tag) for tag in inputs]
    assert inputs or areas
    return [value for value in [*(one[1] for one in held if one), *areas] if value.strip()]


def test_the_table_names_every_password():
    assert {slug: set(names) for slug, names in PASSWORDS.items()} == {
        slug: set(provider.password_fields) for slug, provider in PROVIDERS.items()
    }
    for slug, provider in PROVIDERS.items():
        fields = provider.connection_form.base_fields
        kinds = {name for name, field in fields.items() if isinstance(field, PasswordField | PrivateKeyField)}
        assert kinds == set(PASSWORDS[slug])


def test_the_search_finds_what_is_there():
    key = private_key()
    assert leaks(b"ends in Qx7Z", PASSWORD) and leaks(PASSWORD.encode(), PASSWORD)
    assert leaks(b"x " + key.splitlines()[5].encode(), key)
    assert values_shown(b'<input name="password" value="x">', "password") == [b"x"]


@pytest.fixture
def pages(browser_of, alice, vera, at):
    """All that a person and the people who run PixelHub can look at of a connection."""

    def look(connection):
        owner, viewer = browser_of(alice), browser_of(vera)
        found = [owner.get(at(name)) for name in ("overview", "activity", "connection_list", "connection_new")]
        found += [owner.get(at(name, connection)) for name in ("connection", "connection_credentials")]
        found.append(viewer.get(at("connection", connection)))
        root = User.objects.filter(email="root@shop.example").first()
        root = root or User.objects.create_user("root@shop.example", is_staff=True, is_superuser=True)
        admin = browser_of(root)
        for model in (one for one in site._registry if one._meta.app_label in ("pixels", "accounts")):
            names = (model._meta.app_label, model._meta.model_name)
            found.append(admin.get(reverse("admin:{}_{}_changelist".format(*names))))
            found += [
                admin.get(reverse("admin:{}_{}_change".format(*names), args=[row.pk])) for row in model.objects.all()
            ]
        assert {response.status_code for response in found} == {200}
        return [response.content for response in found]

    return look


@each_password
def test_no_password_is_shown_whatever_becomes_of_it(
    browser_of, alice, at, sandbox, carry_out, pages, caplog, provider, name
):
    caplog.set_level(logging.DEBUG)
    window, values = browser_of(alice), [secret(name, PASSWORD), secret(name, ANOTHER)]
    account = AD_ACCOUNTS[provider].id
    form = {"provider": provider, "environment": "sandbox", "ad_account": account, **PASSWORDS[provider][name]}
    seen = []

    def sends(path, value, **typed):
        response = window.post(path, {**form, name: value, **typed})
        seen.append(response.content)
        return response

    # The form comes back because of another field: it has to be typed again.
    for wrong in ({"ad_account": "no such id " * 9}, {"environment": "nowhere"}):
        page = sends(at("connection_new"), values[0], **wrong)
        assert page.status_code == 200
        assert values_shown(page.content, name) == []
    assert not Connection.objects.exists()

    # Stored, and refused by a provider that repeats all that it received.
    assert sends(at("connection_new"), values[0]).status_code == 302
    connection = Connection.objects.get()
    stored = Credential.objects.get()
    assert values[0].strip() in stored.open()[name].reveal()
    assert stored.hints[name] == {"kind": "set"}
    for code in (400, 401, 403, 500):
        sandbox.ask("POST", "faults", json={"provider": provider, "operation": "*", "fault": "echo", "code": code})
        window.post(at("connection_test", connection))
        carry_out()
        connection.refresh_from_db()
        assert connection.test in ("refused", "unreachable")
        sandbox.ask("DELETE", "faults")
        seen += pages(connection)

    # Replaced, at first with a field missing.
    path = at("connection_credentials", connection)
    user = next(field for field in PASSWORDS[provider][name] if field.endswith("username"))
    page = sends(path, values[1], **{user: ""})
    assert page.status_code == 200
    assert values_shown(page.content, name) == []
    assert sends(path, values[1]).status_code == 302
    assert values[1].strip() in Credential.objects.get().open()[name].reveal()
    carry_out()
    assert values_shown(window.get(path).content, name) == []
    seen += pages(connection)

    logged = "".join(f"{caplog.handler.format(record)} {record.__dict__!r}" for record in caplog.records).encode()
    assert len(caplog.records) > 10
    for value in values:
        for sink in (*seen, logged):
            assert leaks(sink, value) == []
