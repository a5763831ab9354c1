"""Forms need no files: a large body is refused before it is read, and a file is never stored."""

import contextlib
import http.client
import time

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.stack import Stack

MIB = 1024 * 1024
HEAD = b'--b\r\nContent-Disposition: form-data; name="login"; filename="big"\r\n\r\n'


def send(stack: Stack, path: str, declared: int, sent: int) -> http.client.HTTPConnection:
    """A POST of one file whose body is still on its way: `sent` bytes of the `declared` ones."""
    web = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=20)
    web.putrequest("POST", path)
    web.putheader("Content-Type", "multipart/form-data; boundary=b")
    web.putheader("Content-Length", str(declared))
    web.endheaders()
    with contextlib.suppress(OSError):  # refused already: the answer is on its way
        web.send(HEAD + b"x" * (sent - len(HEAD)))
    return web


@pytest.mark.services
def test_a_strangers_upload_is_refused_before_it_has_arrived(tmp_path):
    temporary = tmp_path / "temporary"  # where Django would put it
    temporary.mkdir()
    stack = Stack("sqlite", TMPDIR=str(temporary))
    try:
        stack.start()
        for path in ("/accounts/login/", "/admin/login/", "/t/shop/pixels/new/", "/nowhere/"):
            web = send(stack, path, declared=400 * MIB, sent=8 * MIB)
            for _ in range(10):  # while the rest is on its way: afterwards Django would have deleted the file
                assert list(temporary.rglob("*.upload*")) == []
                time.sleep(0.05)
            answer = web.getresponse()  # though 392 MiB have not come
            assert answer.status == 413, path
            assert "at most 2.5\xa0MB" in answer.read().decode()
            web.close()
        assert stack.healthy()
    finally:
        stack.clear()


@pytest.mark.django_db
def test_a_file_beside_the_fields_is_thrown_away_and_the_form_read(client):
    sent = {"login": "somebody@shop.example", "password": "wrong", "avatar": SimpleUploadedFile("a.png", b"x" * MIB)}
    answer = client.post("/accounts/login/", sent)
    assert answer.status_code == 200
    assert not answer.wsgi_request.FILES
    assert answer.context["form"]["login"].value() == "somebody@shop.example"


@pytest.mark.django_db
@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 413)])
def test_the_limit_counts_the_whole_body(client, more, status):
    body = b"login=" + b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE - len("login=") + more)
    answer = client.post("/accounts/login/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["", "-1", "many", "9" * 5000])
def test_a_length_that_makes_no_sense_is_no_way_around_it(length):
    answer = Client().generic("POST", "/accounts/login/", b"login=x", CONTENT_LENGTH=length)
    assert answer.status_code in (200, 400, 413)
