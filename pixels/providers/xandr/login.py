"""The two ways to log in, which open the same kind of session.

Sources: the Authentication Service page, and for keys
https://learn.microsoft.com/en-us/xandr/digital-platform-api/token-based-api-authentication
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

from ..errors import BadCredentials
from ..secret import Secret
from ..transport.http import Http
from ..transport.response import Answer


class LogIn(Protocol):
    """`refused`: the code of the message for refused credentials, which names them."""

    @property
    def refused(self) -> str: ...

    def send(self, http: Http) -> Answer: ...


@dataclass(frozen=True)
class PasswordLogIn:
    username: str
    password: Secret
    refused: str = "xandr.password_refused"

    def send(self, http: Http) -> Answer:
        auth = {"username": self.username, "password": self.password.reveal()}
        return http.call("read", "POST", "/auth", json={"auth": auth})


@dataclass(frozen=True)
class KeyLogIn:
    """Signs a JSON web token with the private key. Xandr has the public key, under the name `key_name`."""

    username: str
    key_name: str
    private_key: Secret = field(repr=False)
    refused: str = "xandr.key_refused"

    def send(self, http: Http) -> Answer:
        note = self._signed()
        # Whoever has this token can log in with it, so it must be redacted, each of its parts too.
        hide = (note, *(Secret(part) for part in note.reveal().split(".")))
        return http.call(
            "read",
            "POST",
            "/v2/auth/jwt",
            headers={"Content-Type": "text/plain"},
            text=note.reveal(),
            hide=hide,
        )

    def _signed(self) -> Secret:
        """The signed token (RS256) with the two claims of Xandr's example."""
        try:
            return Secret(
                jwt.encode(
                    {"sub": self.username, "iat": int(time.time())},
                    self.private_key.reveal(),
                    algorithm="RS256",
                    headers={"kid": self.key_name, "alg": "RS256", "typ": "JWT"},
                )
            )
        except (ValueError, TypeError, UnsupportedAlgorithm, jwt.PyJWTError):
            pass  # raised below: the library's exceptions may quote the key
        raise BadCredentials("xandr.key_unusable")
