"""PitchTarget's two ways to sign in: with a token, or with a user name and a password, for which it gives a token.

Both lead to the header `Authorization: OAuth <token>`. The password grant is that of its documents of 2014
(github.com/pitchtarget/pitchtarget.github.io, branch api-docs, "users_api"): "OAuth 2.0 draft 10". They do not say how
long a token is valid, so only a 401 tells that it has expired.
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
# inferred: no refusal is documented. OAuth uses 400 and 401; Rails applications also use 403 and 422.
LOG_IN_REFUSED = {400, 401, 403, 422}


class Session:
    """Sends the calls of one connection with its token, which the subclasses provide."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def call(self, kind: CallKind, method: str, path: str, **request: Any) -> Answer:
        """Send one request and return its answer. Raises BadCredentials if the token is refused."""
        raise NotImplementedError

    def sign_in(self) -> None:
        """Get a token, if there is none. One that is stored may have expired."""

    def log_in_afresh(self) -> None:
        """Log in with the user name and the password, if this session has them. Raises if they are refused."""

    def _send(self, token: Secret, kind: CallKind, method: str, path: str, request: dict[str, Any]) -> Answer:
        headers = {"Authorization": f"OAuth {token.reveal()}"}
        return self._http.call(kind, method, path, headers=headers, hide=(token,), **request)


class TokenSession(Session):
    """With a token that somebody typed."""

    def __init__(self, http: Http, token: Secret) -> None:
        super().__init__(http)
        self._token = token

    def call(self, kind: CallKind, method: str, path: str, **request: Any) -> Answer:
        answer = self._send(self._token, kind, method, path, request)
        if answer.status == 401:
            raise answer.fault("pitchtarget.token_refused", error_text(answer))
        return answer


class PasswordSession(Session):
    """Logs in for a token, and shares it with all workers through `tokens`."""

    def __init__(self, http: Http, tokens: Tokens, username: str, password: Secret, client_id: str) -> None:
        super().__init__(http)
        self._token = SharedToken("PitchTarget", tokens, self._authorize)
        self._username = username
        self._password = password
        self._client_id = client_id

    def call(self, kind: CallKind, method: str, path: str, **request: Any) -> Answer:
        """Send the request; once more with a new token if the old one is refused, as nothing was carried out then."""
        token = self._token.get()
        answer = self._send(token, kind, method, path, request)
        if answer.status == 401:
            answer = self._send(self._token.another(instead_of=token), kind, method, path, request)
        if answer.status == 401:
            raise answer.fault("pitchtarget.new_token_refused", error_text(answer))
        return answer

    def sign_in(self) -> None:
        self._token.get()

    def log_in_afresh(self) -> None:
        self._token.afresh()

    def _authorize(self) -> Any:
        """Log in with one request, and return what its answer has as the token."""
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
                "pitchtarget.log_in_refused",
                provider_message=answer.provider_message(error_text(answer)),
                status=answer.status,
            )
        body = read(answer)
        return body.get("access_token") if isinstance(body, dict) else None


def read(answer: Answer) -> Any:
    """The JSON of a success; otherwise raises the error that the answer stands for."""
    if answer.ok:
        return answer.json()
    raise answer.fault("pitchtarget.token_refused", error_text(answer))


def error_text(answer: Answer) -> str | None:
    """The texts of an error, whose form is not documented; None if it is not JSON, so that the whole body is shown."""
    try:
        return _texts(answer.json())
    except BadAnswer:
        return None


def _texts(body: Any) -> str:
    """Each text with the keys before it: {"errors": {"name": ["is taken"]}} gives "name is taken"."""
    if isinstance(body, dict):
        silent = ("error", "errors", "message", "base")
        return "; ".join(_texts(value) if key in silent else f"{key} {_texts(value)}" for key, value in body.items())
    if isinstance(body, list):
        return ", ".join(_texts(item) for item in body)
    return str(body)
