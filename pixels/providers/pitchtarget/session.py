"""PitchTarget's two ways to sign in: a token of one's own, or a user name and password that draw one.

Both end in the header `Authorization: OAuth <token>`. The password grant is that of its documents of 2014
(github.com/pitchtarget/pitchtarget.github.io, branch api-docs, "users_api"): "OAuth 2.0 draft 10". They say nothing of
how long a token lives, so only a 401 tells that it has run out.
"""

from __future__ import annotations

from typing import Any

from ..errors import BadAnswer, BadCredentials
from ..protocols import CallKind, Tokens
from ..secret import Secret
from ..token import SharedToken
from ..transport.http import Http
from ..transport.response import Answer

LOG_IN_PATH = "/oauth/authorize"
# inferred: no refusal is documented. OAuth says 400 or 401; 403 and 422 are what Rails applications say as well.
LOG_IN_REFUSED = {400, 401, 403, 422}


class Session:
    """Signs the calls of one connection; subclasses know the token."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def call(self, kind: CallKind, method: str, path: str, **request: Any) -> Answer:
        """One request; raises BadCredentials when the token was refused, and returns any other answer."""
        raise NotImplementedError

    def sign_in(self) -> None:
        """Make sure that there is a token, perhaps one that has run out."""

    def log_in_afresh(self) -> None:
        """Tries the user name and the password, where there are any; raises when they are refused."""

    def _send(self, token: Secret, kind: CallKind, method: str, path: str, request: dict[str, Any]) -> Answer:
        headers = {"Authorization": f"OAuth {token.reveal()}"}
        return self._http.call(kind, method, path, headers=headers, hide=(token,), **request)


class TokenSession(Session):
    """With a token that people typed."""

    def __init__(self, http: Http, token: Secret) -> None:
        super().__init__(http)
        self._token = token

    def call(self, kind: CallKind, method: str, path: str, **request: Any) -> Answer:
        answer = self._send(self._token, kind, method, path, request)
        if answer.status == 401:
            raise answer.fault("the token", error_text(answer))
        return answer


class PasswordSession(Session):
    """Draws the token itself and shares it with all workers through `tokens`."""

    def __init__(self, http: Http, tokens: Tokens, username: str, password: Secret, client_id: str) -> None:
        super().__init__(http)
        self._token = SharedToken("PitchTarget", tokens, self._authorize)
        self._username = username
        self._password = password
        self._client_id = client_id

    def call(self, kind: CallKind, method: str, path: str, **request: Any) -> Answer:
        """A token that has run out is drawn anew, once: what PitchTarget refused was not carried out."""
        token = self._token.get()
        answer = self._send(token, kind, method, path, request)
        if answer.status == 401:
            answer = self._send(self._token.another(instead_of=token), kind, method, path, request)
        if answer.status == 401:
            raise answer.fault("a token that it had just given", error_text(answer))
        return answer

    def sign_in(self) -> None:
        self._token.get()

    def log_in_afresh(self) -> None:
        self._token.afresh()

    def _authorize(self) -> Any:
        """What the answer to a log-in, one request, holds for a token."""
        answer = self._http.call(
            "read",
            "POST",
            LOG_IN_PATH,
            json={
                "username": self._username,
                "password": self._password.reveal(),
                "grant_type": "password",
                "client_id": self._client_id,
            },
        )
        if answer.status in LOG_IN_REFUSED:
            raise BadCredentials(
                "PitchTarget refused the username, the password or the client id.",
                provider_message=answer.provider_message(error_text(answer)),
                status=answer.status,
            )
        body = read(answer)
        return body.get("access_token") if isinstance(body, dict) else None


def read(answer: Answer) -> Any:
    """The JSON of a positive answer; otherwise the error that the answer stands for."""
    if answer.ok:
        return answer.json()
    raise answer.fault("the token", error_text(answer))


def error_text(answer: Answer) -> str | None:
    """The texts of an error; None, so that the body speaks for itself, when it is no JSON: no error is documented."""
    try:
        return _texts(answer.json())
    except BadAnswer:
        return None


def _texts(body: Any) -> str:
    """The texts of an error of unknown form: {"errors": {"name": ["is taken"]}} reads "name is taken"."""
    if isinstance(body, dict):
        silent = ("error", "errors", "message", "base")
        return "; ".join(_texts(value) if key in silent else f"{key} {_texts(value)}" for key, value in body.items())
    if isinstance(body, list):
        return ", ".join(_texts(item) for item in body)
    return str(body)
