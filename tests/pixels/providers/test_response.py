"""A provider's texts are made safe to show, and its waits are bounded."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pixels.models import Pixel
from pixels.providers.coerce import MAX_ID, object_id
from pixels.providers.errors import Throttled
from pixels.providers.secret import DOTS, Secret
from pixels.providers.transport.response import Answer

SECRET = 'p&q/r "s" <t>'


def answer(content: str = "", **headers: str) -> Answer:
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("Xandr", 429, found, content.encode(), (Secret(SECRET),))


def test_a_secret_becomes_dots_in_what_a_client_picked_and_in_the_body_itself() -> None:
    """Its spellings: test_redaction.py."""
    assert answer().provider_message(f"bad key {SECRET} used") == f"bad key {DOTS} used"
    assert answer(json.dumps({"error": f"bad key {SECRET} used"})).provider_message() == f"bad key {DOTS} used"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": "No such pixel", "code": 7, "ok": false, "more": null}', "No such pixel"),
        ('{"errors": [{"name": ["is taken", "is long"]}]}', "is taken is long"),
        ('"No"', "No"),
        ('{"error": "N\\u00e3o\\/n\\u00e3o"}', "Não/não"),
        ('\ufeff{"error": "No"}', "No"),
        ("<html><title>502</title><h1>Bad gateway</h1></html>", "502 Bad gateway"),
        ("\n <p>Sorry", "Sorry"),
        ('{"error": "No such', ""),
        ('{"error": "No such"} trailing', ""),
        ("{'error': 'No such'}", ""),
        ("No such pixel", ""),
        ("error=No+such+pixel", ""),
        ("", ""),
        ("[" * 60 + '"No"' + "]" * 60, ""),
        ("7", ""),
    ],
)
def test_words_come_from_the_parsed_body_and_one_that_cannot_be_parsed_gives_none(body: str, words: str) -> None:
    assert answer(body).provider_message() == words


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<h1>Bad   gateway</h1>\n<hr>nginx", "Bad gateway nginx"),
        ("<style>b{}</style><script>var a = 1;</script>Sorry<!-- hidden -->", "Sorry"),
        ("see https://api.example/x?token=1 or try", "see … or try"),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("x" * 300, "x" * 199 + "…"),
        ("Ação &amp; mais", "Ação & mais"),
    ],
)
def test_words_are_plain_and_short(said: str, shown: str) -> None:
    assert answer().provider_message(said) == shown


def wait(header: str, **more: str) -> float | None:
    error = answer(Retry_After=header, **more).fault("the token")
    assert isinstance(error, Throttled)
    return error.retry_after


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("86400", 86400), ("9, 24", 24)])
def test_a_wait_in_seconds_is_believed(header: str, seconds: float) -> None:
    assert wait(header) == seconds


@pytest.mark.parametrize(
    "header", ["", "0", "-1", "1000000000", "soon", "1.5e3", "\u0667", "Wed, 99 Foo 2026 07:28:00 GMT"]
)
def test_an_absurd_wait_is_no_wait(header: str) -> None:
    assert wait(header) is None


def test_a_date_is_read_by_the_providers_own_clock() -> None:
    theirs = datetime.now(UTC) + timedelta(hours=3)
    then = format_datetime(theirs + timedelta(seconds=90), usegmt=True)
    assert wait(then, Date=format_datetime(theirs, usegmt=True)) == 90
    past = format_datetime(theirs - timedelta(seconds=90), usegmt=True)
    assert wait(past, Date=format_datetime(theirs, usegmt=True)) is None


def test_a_date_without_their_clock_is_read_by_ours() -> None:
    seconds = wait(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert seconds is not None
    assert 85 < seconds <= 90


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (37, "37"),
        ("px_1", "px_1"),
        ("x" * 64, "x" * 64),
        (10**63, str(10**63)),
        ("x" * 65, None),
        (10**64, None),
        ("", None),
        ("a b", None),
        (True, None),
        (3.0, None),
        (None, None),
        ([1], None),
    ],
)
def test_an_id_is_a_number_or_a_short_word(value: object, read: str | None) -> None:
    assert object_id(value) == read


def test_no_id_is_longer_than_its_column() -> None:
    assert Pixel._meta.get_field("remote_id").max_length == MAX_ID


def test_an_answer_does_not_show_itself() -> None:
    assert "planted" not in repr(answer("planted", X="planted"))


@pytest.mark.parametrize(
    ("status", "shown"), [(200, ""), (201, ""), (302, ""), (502, "bad gateway"), (404, "bad gateway")]
)
def test_only_an_errors_body_is_quoted_as_that_of_a_success_is_data(status: int, shown: str) -> None:
    assert Answer("Xandr", status, {}, b'{"said": "bad gateway"}', ()).unusable().provider_message == shown
