"""Xandr's way of talking: a log-in, and a token that runs out.

The token goes into `Authorization` as it is, without "Bearer". Xandr takes it from its session cookie too; that one
is never sent. It lives for two hours after the latest call and for 24 hours in all; neither is counted here: what
Xandr answers tells that it has run out.
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
    """The log-in of one connection, shared by all workers through `tokens`."""

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
        """One call; what is inside the envelope of a positive answer.

        `one_object`: one object is asked for, so that "not found" means it and no other.
        """
        answer, response = self._call(kind, method, path, params, body)
        if envelope.is_ok(response):
            return response
        raise envelope.error(answer, response, one_object=one_object)

    def calls(self, kind: CallKind, method: str, path: str, params: Sequence[Params]) -> Iterator[dict[str, Any]]:
        """Many like calls, a few of them at a time; what is inside each positive answer, in their order."""
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
        """A file; Xandr's errors come as data in its place."""
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
        """A text out of an answer's data, fit to be shown."""
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
        """A token may have run out: then, once, a fresh log-in and the same call again, as Xandr had refused it."""

        def send(token: Secret) -> tuple[Answer, dict[str, Any]]:
            headers = {"Authorization": token.reveal(), "Accept": accept}
            answer = self._http.call(kind, method, path, headers=headers, params=params, json=body, hide=(token,))
            return answer, envelope.inside(answer)

        token = self._token.get()
        answer, response = send(token)
        if envelope.is_logged_out(answer, response):
            # Once: Xandr allows ten log-ins in five minutes.
            answer, response = send(self._token.another(instead_of=token))
        return answer, response

    def _authenticate(self) -> Any:
        """What the answer to a log-in, one request, holds for a token."""
        answer = self._how.send(self._http)
        response = envelope.inside(answer)
        if not envelope.is_ok(response):
            raise envelope.log_in_error(answer, response, self._how.refused)
        return response.get("token")
