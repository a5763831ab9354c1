"""Xandr's sessions: a log-in gives a token, which expires.

The token is sent in the header `Authorization`, without "Bearer". Xandr would take it from its session cookie too, but
that is never sent. A token is valid for two hours after its last use and for 24 hours at most. PixelHub does not count
these times: an answer of Xandr tells that the token has expired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from ..protocols import CallKind, Tokens
from ..secret import Secret
from ..token import SharedToken
from ..transport.http import Http
from ..transport.response import Answer
from . import envelope
from .login import LogIn

Params = Mapping[str, str | int]


class Session:
    """Sends the calls of one connection. All workers share its token, through `tokens`."""

    def __init__(self, http: Http, tokens: Tokens, log_in: LogIn) -> None:
        self._http = http
        self._how = log_in
        self._token = SharedToken("Xandr", tokens, self._authenticate)

    def call(
        self,
        kind: CallKind,
        method: str,
        path: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        one_object: bool = False,
    ) -> dict[str, Any]:
        """Send one call and return the fields inside the answer's envelope. Raises ProviderError.

        `one_object`: a single object is asked for, so "not found" means that it does not exist.
        """
        answer, response = self._call(kind, method, path, params, body)
        if envelope.is_ok(response):
            return response
        raise envelope.error(answer, response, one_object=one_object)

    def calls(self, kind: CallKind, method: str, path: str, params: Sequence[Params]) -> Iterator[dict[str, Any]]:
        """Send a call for each of `params`, several at the same time; yield the fields of the answers in that order."""
        done, token, fresh = 0, self._token.get(), False
        while done < len(params):
            headers = {"Authorization": token.reveal()}
            with closing(
                self._http.calls(kind, method, path, params[done:], headers=headers, hide=(token,))
            ) as answers:
                for answer in answers:
                    response = envelope.inside(answer)
                    if envelope.is_logged_out(answer, response) and not fresh:
                        break
                    if not envelope.is_ok(response):
                        raise envelope.error(answer, response, one_object=False)
                    done, fresh = done + 1, False
                    yield response
            if done < len(params):
                token, fresh = self._token.another(instead_of=token), True

    def download(self, path: str, params: Params) -> bytes:
        """The content of a file. If there is an error, Xandr sends JSON instead."""
        answer, response = self._call("read", "GET", path, params, None, accept="text/csv, */*")
        starts_like_data = answer.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"<", b"")
        if not answer.ok or starts_like_data:
            raise envelope.error(answer, response, one_object=False)
        return answer.content

    def sign_in(self) -> None:
        self._token.get()

    def log_in_afresh(self) -> None:
        self._token.afresh()

    def clean_text(self, text: str) -> str:
        """A text from an answer's data, redacted and shortened for the user."""
        return self._http.clean_text(text)

    def _call(
        self,
        kind: CallKind,
        method: str,
        path: str,
        params: Params | None,
        body: Mapping[str, Any] | None,
        accept: str = "application/json",
    ) -> tuple[Answer, dict[str, Any]]:
        """Send the call; once more after a new log-in if the token has expired, as nothing was carried out then."""

        def send(token: Secret) -> tuple[Answer, dict[str, Any]]:
            headers = {"Authorization": token.reveal(), "Accept": accept}
            answer = self._http.call(kind, method, path, headers=headers, params=params, json=body, hide=(token,))
            return answer, envelope.inside(answer)

        token = self._token.get()
        answer, response = send(token)
        if envelope.is_logged_out(answer, response):
            # Only once: Xandr allows ten log-ins in five minutes.
            answer, response = send(self._token.another(instead_of=token))
        return answer, response

    def _authenticate(self) -> Any:
        """Log in with one request, and return what its answer has as the token."""
        answer = self._how.send(self._http)
        response = envelope.inside(answer)
        if not envelope.is_ok(response):
            raise envelope.log_in_error(answer, response, self._how.refused)
        return response.get("token")
