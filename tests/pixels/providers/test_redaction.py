"""A secret is replaced by dots in every encoding in which a server may repeat it; everything else stays."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from pixels.providers.secret import DOTS, Secret
from pixels.providers.transport.redaction import redact

SECRET = 'pl4nt/ed "Key" é+&<0001\'\\~'
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n"


def php(text: str) -> str:
    """JSON as PHP writes it."""
    return json.dumps(text)[1:-1].replace("/", "\\/")


def rails(text: str) -> str:
    """JSON as Rails writes it: for pages."""
    escaped = json.dumps(text, ensure_ascii=False)[1:-1]
    return escaped.replace("&", "\\u0026").replace("<", "\\u003c").replace("'", "\\u0027")


SPELLINGS = {
    "raw": lambda s: s,
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON of PHP": php,
    "JSON of Rails": rails,
    "JSON within JSON": lambda s: php(php(s)),
    "each sign as \\u": lambda s: "".join(f"\\u{ord(sign):04x}" for sign in s),
    "each sign as \\u, capitals": lambda s: "".join(f"\\u{ord(sign):04X}" for sign in s),
    "each sign as \\x": lambda s: "".join(f"\\x{ord(sign):02x}" for sign in s),
    "URL": lambda s: quote(s, safe=""),
    "URL, small letters": lambda s: quote(s, safe="").replace("%2F", "%2f").replace("%3C", "%3c"),
    "URL with plus": quote_plus,
    "URL twice": lambda s: quote(quote(s, safe=""), safe=""),
    "HTML": html.escape,
    "HTML twice": lambda s: html.escape(html.escape(s)),
    "HTML by number": lambda s: "".join(f"&#{ord(sign)};" for sign in s),
    "HTML by hexadecimal number": lambda s: "".join(f"&#x{ord(sign):X};" for sign in s),
    "HTML by other names": lambda s: s.replace("/", "&sol;").replace("+", "&plus;").replace("&<", "&AMP;&LT;"),
    "other case": str.swapcase,
    "hexadecimal": lambda s: s.encode().hex(),
    "hexadecimal, capitals": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 in JSON of PHP": lambda s: php(base64.b64encode(s.encode()).decode()),
    "base64 after 1": lambda s: base64.b64encode(b"u" + s.encode()).decode(),
    "base64 of user:secret": lambda s: base64.b64encode(b"user:" + s.encode()).decode(),
    "base64 with more behind": lambda s: base64.b64encode(b"a user:" + s.encode() + b" and more").decode(),
}


@pytest.mark.table("spelling")
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [SECRET, "0123456789abcdef", "pl4nted~Token'0003"])
def test_a_secret_becomes_dots_and_its_surroundings_stay(spelling: str, secret: str) -> None:
    said = SPELLINGS[spelling](secret)
    assert redact(f"a {said} b", (Secret(secret),)) == f"a {DOTS} b"
    assert redact(f"({said}) and ({said})", (Secret(secret),)) == f"({DOTS}) and ({DOTS})"


@pytest.mark.parametrize("key_text", [PEM.strip(), PEM.replace("\n", " "), PEM.replace("\n", "\\n"), quote(PEM)])
def test_a_key_of_several_lines_is_found_however_they_are_joined(key_text: str) -> None:
    assert redact(key_text, (Secret(PEM),)).strip() == DOTS


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert redact("key-1-more key-1", (Secret("key-1"), Secret("key-1-more"))) == f"{DOTS} {DOTS}"


@pytest.mark.parametrize("secret", ["a", "ab", "pw", "", " ", " \n\t", "\udc80x9"])
def test_a_short_or_odd_secret_does_not_eat_ordinary_words(secret: str) -> None:
    text = "The fold is 6162 mild."
    assert redact(text, (Secret(secret),)) == text


@pytest.mark.parametrize("secret", [" padded key ", "two  blanks", "a \t b", "back\\slash", "two\\\\of them", "\\\\"])
def test_blanks_and_backslashes_are_found_as_they_are_and_escaped(secret: str) -> None:
    for said in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), html.escape(secret)):
        assert redact(f"<{said}>", (Secret(secret),)).replace(" ", "") == f"<{DOTS}>"


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("a" + 30 * " " + "b", "a" + 5_000 * " " + "c"),
        ("a" + 30 * "\\" + "b", "a" + 5_000 * "\\" + "c"),
        (40 * "/", 5_000 * "\\/"),
        (40 * "&", 5_000 * "&amp;"),
        (40 * "a ", 2_500 * "a "),
        (40 * "\\ ", 2_500 * "\\ "),
    ],
)
def test_an_answer_made_to_be_slow_is_read_all_the_same(secret: str, text: str) -> None:
    """Exponential time would never end here; there is no bound on the seconds."""
    redact(text, (Secret(secret),))


def test_what_holds_no_secret_stays_as_it_is() -> None:
    text = 'Name "Shop" is taken (\\/ & %2F é 70 6c 34) – see field «code».'
    assert redact(text, (Secret(SECRET), Secret(PEM))) == text
