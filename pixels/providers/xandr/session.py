"""Xandr's way of talking: a log-in, a token that runs out, and an envelope around every answer.

An error may come with any HTTP status, 200 included, so the body is read before the status; only the "OK" in
the envelope is a yes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..answer import Answer
from ..base import Call, Tokens
from ..errors import BadAnswer, BadCredentials, Forbidden, NoAnswer, NotFound, NotSent, ProviderError, Refused
from ..http import Http
from ..secret import Secret

# Recorded in 2017 for its sister services, as a SYNTAX error in an HTTP 200; for pixels inferred.
NOT_FOUND = "resource not found"
ERROR_TEXTS = ("error_id", "error_code", "error", "error_description")
REFUSALS = {"SYNTAX", "INTEGRITY", "LIMIT"}
NO_LOG_IN = {
    "NOAUTH_EXPIRED": "Xandr says that the password has expired.",
    "NOAUTH_DISABLED": "Xandr says that this user is switched off.",
}


class Session:
    """The log-in of one connection, shared by all workers through `tokens`."""

    def __init__(self, http: Http, tokens: Tokens, username: str, password: Secret) -> None:
        self._http = http
        self._tokens = tokens
        self._username = username
        self._password = password

    def call(
        self, kind: Call, method: str, params: Mapping[str, str | int], pixel: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Calls the pixel service and returns what is inside the envelope of a positive answer.

        A token may have run out: then, once, a fresh log-in and the same call again, as Xandr had refused it.
        """
        token = self._tokens.load() or self._log_in(instead_of=None)
        answer = self._send(token, kind, method, params, pixel)
        if _is_logged_out(answer):
            token = self._log_in(instead_of=token)
            answer = self._send(token, kind, method, params, pixel)
        response = _response(answer)
        if answer.ok and _is_ok(response):
            return response
        raise _error(answer, response, one_object="id" in params or "code" in params)

    def log_in_afresh(self) -> None:
        with self._tokens.lock():
            self._tokens.save(self._authenticate())

    def _send(
        self,
        token: Secret,
        kind: Call,
        method: str,
        params: Mapping[str, str | int],
        pixel: Mapping[str, Any] | None,
    ) -> Answer:
        headers = {"Authorization": token.reveal()}  # the bare token, no "Bearer"
        body = None if pixel is None else {"pixel": pixel}
        return self._http.call(kind, method, "/pixel", headers=headers, params=params, json=body, hide=(token,))

    def _log_in(self, instead_of: Secret | None) -> Secret:
        """A token other than the given one: another worker's, if it was quicker.

        Xandr allows ten log-ins in five minutes.
        """
        with self._tokens.lock():
            token = self._tokens.load()
            if token is None or token == instead_of:
                token = self._authenticate()
                self._tokens.save(token)
            return token

    def _authenticate(self) -> Secret:
        """Logs in. Whatever goes wrong here, the call that needed it has not been sent."""
        try:
            answer = self._http.call(
                "read",
                "POST",
                "/auth",
                json={"auth": {"username": self._username, "password": self._password.reveal()}},
            )
            response = _response(answer)
            token = response.get("token")
            if answer.ok and _is_ok(response):
                if isinstance(token, str) and re.fullmatch(r"[\x21-\x7e]{1,1000}", token):
                    return Secret(token)
                raise BadAnswer("Xandr opened no session.", status=answer.status)
            if response["error_id"] in {"NOAUTH", "UNAUTH"}:  # its documents and its own client differ
                raise BadCredentials(
                    "Xandr refused the username or the password.",
                    words=_words(answer, response),
                    status=answer.status,
                )
            raise _error(answer, response, one_object=False)
        except (NoAnswer, BadAnswer) as error:
            raise NotSent(error.sentence, words=error.words, status=error.status) from None


def _response(answer: Answer) -> dict[str, Any]:
    """What is inside the envelope, nothing when there is none to be read; its error fields are texts, maybe empty."""
    try:
        body = answer.json()
    except BadAnswer:
        body = None
    response = body.get("response", body) if isinstance(body, dict) else None
    response = response if isinstance(response, dict) else {}
    said = {name: response.get(name) for name in ERROR_TEXTS}
    return {**response, **{name: value if isinstance(value, str) else "" for name, value in said.items()}}


def _is_ok(response: Mapping[str, Any]) -> bool:
    return str(response.get("status")).upper() == "OK"


def _is_logged_out(answer: Answer) -> bool:
    error_id = _response(answer)["error_id"]
    return error_id == "NOAUTH" or (answer.status == 401 and error_id not in NO_LOG_IN)


def _error(answer: Answer, response: Mapping[str, Any], *, one_object: bool) -> ProviderError:
    error_id = response["error_id"]
    words = _words(answer, response)
    facts: dict[str, Any] = {"words": words, "status": answer.status}
    throttled = answer.status == 429 or (answer.status == 503 and "x-ratelimit-code" in answer.headers)
    if throttled or response["error_code"] == "RATE_EXCEEDED":  # up to v1.16 with 405, and seen with 200
        return answer.throttled(**facts)
    if error_id in NO_LOG_IN:
        return BadCredentials(NO_LOG_IN[error_id], **facts)
    if answer.status >= 500:
        return answer.unusable()
    if error_id == "SYSTEM":
        return BadAnswer("Xandr failed with an error of its own.", **facts)
    if error_id == "UNAUTH":
        return Forbidden("Xandr does not allow this user to do that.", **facts)
    if error_id == "NOAUTH" or answer.status == 401:
        return BadCredentials("Xandr refused a session that it had just opened.", **facts)
    if error_id in REFUSALS:
        if one_object and response["error"].casefold() == NOT_FOUND:
            return NotFound("Xandr says that this pixel does not exist.", **facts)
        return Refused("Xandr refused this.", **facts)
    return answer.fault("the log-in", words)


def _words(answer: Answer, response: Mapping[str, Any]) -> str:
    return answer.words(f"{response['error']} {response['error_description']}")
