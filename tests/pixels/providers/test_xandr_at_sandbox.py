"""The Xandr client against the sandbox, which shares no code with it, beyond the round trip of pixels."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pixels.providers.errors import BadCredentials, Rejected
from pixels.providers.secret import Secret
from pixels.providers.values import AdAccountRef, Remark
from pixels.providers.xandr.client import Xandr
from pixels.providers.xandr.pixels import PixelService, Which
from pixels.sandbox.server import SandboxServer
from tests.pixels.providers.conftest import CHOSEN, Tokens
from tests.pixels.said import advised

ACCOUNT = AdAccountRef(id="8", code="adv-8")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with SandboxServer(tmp_path_factory.mktemp("xandr") / "state.sqlite3") as server:
        yield server


def member(sandbox: SandboxServer, **credentials: Any) -> Xandr:
    known = credentials or {"username": "sandbox", "password": "sandbox"}
    return Xandr(known, f"{sandbox.url}/xandr", lambda call, wanted=1: wanted, Tokens(None))


def make(provider: Xandr, name: str, **more: Any) -> str:
    events, options = CHOSEN["xandr"]
    return provider.create_pixel(ACCOUNT, name, events, {**options, "code": name, **more}, name).remote_id


def seed(sandbox: SandboxServer, **body: Any) -> None:
    requests.post(f"{sandbox.url}/_sandbox/seed", json={"provider": "xandr", **body}, timeout=10).raise_for_status()


def test_a_log_in_reports_what_users_should_know(sandbox: SandboxServer) -> None:
    assert member(sandbox).check_credentials(None) == Remark()
    reader = member(sandbox, username="reader", password="sandbox")
    assert reader.check_credentials(ACCOUNT) == Remark.of("xandr.read_only")
    for name in ("expired", "disabled"):
        with pytest.raises(BadCredentials):
            member(sandbox, username=name, password="sandbox").check_credentials(None)


def test_a_registered_key_logs_in(sandbox: SandboxServer) -> None:
    key = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    base = f"{sandbox.url}/xandr"
    log_in = {"auth": {"username": "sandbox", "password": "sandbox"}}
    token = requests.post(f"{base}/auth", json=log_in, timeout=10).json()["response"]["token"]
    said = requests.post(
        f"{base}/public-key?user_id=1",
        json={"public-key": {"active": True, "name": "my-api-key", "user_id": 1, "encoded_value": public.decode()}},
        headers={"Authorization": token},
        timeout=10,
    ).json()
    assert said["response"]["status"] == "OK"

    credentials = {"way": "key", "key_username": "sandbox", "key_name": "my-api-key"}
    by_key = member(sandbox, **credentials, private_key=Secret(private))
    assert by_key.check_credentials(None) == Remark()
    assert make(by_key, "by key")
    other = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(BadCredentials):
        member(sandbox, **credentials, private_key=Secret(other.decode())).check_credentials(None)


def test_advertisers_are_listed(sandbox: SandboxServer) -> None:
    found = member(sandbox).list_ad_accounts()
    assert [(one.id, one.code) for one in found] == [("2", "adv-2"), ("8", "adv-8")]
    assert all(one.name for one in found)


def test_a_refused_delete_names_the_line_item(sandbox: SandboxServer) -> None:
    provider = member(sandbox)
    remote_id = make(provider, "in use")
    item = {"id": 382, "name": "Shoes", "state": "active", "advertiser_id": 8, "pixel_ids": [int(remote_id)]}
    seed(sandbox, line_items=[item])
    with pytest.raises(Rejected) as caught:
        provider.delete_pixel(ACCOUNT, remote_id)
    assert "Line Item 382 “Shoes” (active)" in advised(caught.value)
    seed(sandbox, line_items=[{**item, "pixel_ids": []}])
    provider.delete_pixel(ACCOUNT, remote_id)


def test_the_last_fires_are_read(sandbox: SandboxServer) -> None:
    provider = member(sandbox)
    fired, silent = make(provider, "fired"), make(provider, "silent")
    seed(sandbox, last_fired={fired: "2023-01-27 18:58:49"})
    report_id = provider.order_last_fired(ACCOUNT)
    assert provider.last_fired(ACCOUNT, report_id) is None  # not ready at the first look
    fires = provider.last_fired(ACCOUNT, report_id)
    assert fires[fired] == datetime(2023, 1, 27, 18, 58, 49, tzinfo=UTC)
    assert fires[silent] is None


def test_the_rest_of_the_service_is_spoken(sandbox: SandboxServer) -> None:
    provider = member(sandbox)
    service = PixelService(provider._session())
    one, two = make(provider, "shoe shop"), make(provider, "hat shop", state="inactive")

    assert set(service.all(Which(advertiser_code="adv-8", filters={"like_name": "shop"}))) == {one, two}
    assert set(service.all(Which(filters={"like_name": "shop", "not_state": "active"}, fields=("name",)))) == {two}
    assert list(service.all(Which(filters={"like_name": "shop"}, sort="name.asc"))) == [two, one]
    assert list(service.by_ids([two, "999999", one])) == [two, one]
    assert service.meta()
    by_code = Which(advertiser_code="adv-8", code="shoe shop")
    more = {"piggyback_pixels": [{"pixel_type": "js", "url": "https://a.example"}]}
    service.modify(by_code, more)
    service.modify(by_code, {"piggyback_pixels": [{"pixel_type": "js", "url": "https://b.example"}]}, append=True)
    rows, _ = service.particular(by_code)
    assert [each["url"] for each in rows.by_id[one]["piggyback_pixels"]] == ["https://a.example", "https://b.example"]
    found = provider.find_pixels(AdAccountRef(id="8"), "hat shop", "Any")
    assert [pixel.remote_id for pixel in found] == [two]
