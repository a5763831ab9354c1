"""Encryption at rest: AES-256-GCM, bound to the row and field it belongs to.

The associated data names team, row, field and key, so that a sealed value copied into another row does not open.
Keys come from settings.CREDENTIAL_KEYS: the first seals, all open.
"""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE = 12
KEY_ID = 8


class CannotOpen(Exception):
    """The key is no longer in CREDENTIAL_KEYS, or the value was sealed for another row."""


def keys() -> dict[bytes, bytes]:
    """The keys by their ids, in the order of the settings. Raises ImproperlyConfigured."""
    found = {}
    for text in settings.CREDENTIAL_KEYS:
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ImproperlyConfigured("Each of CREDENTIAL_KEYS must be base64 of 32 random bytes.") from None
        found[hashlib.sha256(key).digest()[:KEY_ID]] = key
    if not found:
        raise ImproperlyConfigured("CREDENTIAL_KEYS is empty: credentials can be neither stored nor read.")
    return found


def seal(plaintext: bytes, *, aad: str) -> bytes:
    """Encrypt: key id (8 bytes) + nonce (12) + ciphertext. `aad` says where the value belongs: team, row, field."""
    key_id, key = next(iter(keys().items()))
    nonce = os.urandom(NONCE)
    return key_id + nonce + AESGCM(key).encrypt(nonce, plaintext, key_id + aad.encode())


def unseal(sealed: bytes | memoryview, *, aad: str) -> bytes:
    sealed = bytes(sealed)
    key_id, nonce, ciphertext = sealed[:KEY_ID], sealed[KEY_ID : KEY_ID + NONCE], sealed[KEY_ID + NONCE :]
    key = keys().get(key_id)
    if key is None:
        raise CannotOpen("the key that sealed this value is not in CREDENTIAL_KEYS")
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, key_id + aad.encode())
    except InvalidTag:
        raise CannotOpen("this value was not sealed for this row") from None
