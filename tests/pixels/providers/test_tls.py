"""The same promises over TLS, where the socket with the deadline is wrapped into another one."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pixels.providers.base import Provider
from pixels.providers.errors import NoAnswer, NotSent
from tests.pixels.providers.conftest import create
from tests.pixels.providers.loopback import Loopback, drips, says


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for the loopback address, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "loopback.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls(certificate: Path) -> Iterator[Loopback]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Loopback(context)
    yield server
    server.stop()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))


@pytest.mark.usefixtures("trusted")
def test_a_call_over_tls_works(connect: Callable[..., Provider], tls: Loopback) -> None:
    tls.script = [says({"id": "77"})]
    assert create(connect("pitchtarget", tls.url)).remote_id == "77"


def test_a_certificate_nobody_vouches_for_gets_no_request(connect: Callable[..., Provider], tls: Loopback) -> None:
    tls.script = [says({"id": "77"})]
    with pytest.raises(NotSent, match=r"provider.no_secure_connection"):
        create(connect("pitchtarget", tls.url))
    assert tls.received == []


@pytest.mark.usefixtures("trusted", "hurried")
@pytest.mark.parametrize("start", [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_drip_over_tls_ends_with_the_deadline(start: bytes, connect: Callable[..., Provider], tls: Loopback) -> None:
    tls.script = [drips(start, b" ")]
    started = time.monotonic()
    with pytest.raises(NoAnswer):
        create(connect("pitchtarget", tls.url))
    assert time.monotonic() - started < 9


@pytest.mark.usefixtures("hurried")
def test_a_handshake_that_drips_ends_with_the_deadline_and_nothing_was_sent(
    connect: Callable[..., Provider],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB is announced
                try:
                    for _ in range(300):
                        connection.sendall(b"\x02")
                        time.sleep(0.05)
                except OSError:
                    pass  # the caller hung up, as it should

        threading.Thread(target=drip, daemon=True).start()
        started = time.monotonic()
        with pytest.raises(NotSent):
            create(connect("pitchtarget", f"https://127.0.0.1:{listener.getsockname()[1]}"))
        assert time.monotonic() - started < 9
