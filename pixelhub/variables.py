"""The table of environment variables. pixelhub/settings.py reads each of them once, at the start; nothing else does.

The table in docs/running.md and .env.example repeat it, and a test compares all three. A provider's own variables are
in its folder (pixels/providers/<slug>/conf.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variable:
    name: str
    kind: type  # str, int, float, bool (1 or 0) or list (texts, commas between)
    default: Any  # of that type; None: settings.py makes the default from other settings
    explanation: str  # one line of Markdown, as in docs/running.md
    default_in_words: str = ""  # the default as docs/running.md shows it, if the value alone would say too little


VARIABLES = (
    # Where it runs
    Variable("PORT", int, 8000, "the port of the pages"),
    Variable("BIND", str, "127.0.0.1", "the address the pages listen on; with another one, set `ALLOWED_HOSTS` too"),
    Variable("DATA_DIR", str, None, "where data lies", "`var`"),
    Variable("STATIC_ROOT", str, None, "where static files are collected", "`staticfiles`"),
    Variable("READ_DOT_ENV", bool, True, "0: no `.env` is read or written"),
    Variable("LOG_LEVEL", str, "INFO", "DEBUG, INFO, WARNING or ERROR"),
    # Secrets
    Variable(
        "SECRET_KEY", str, "", "signs sessions and links; at least 50 characters in production", "drawn by `make run`"
    ),
    Variable(
        "CREDENTIAL_KEYS",
        list,
        [],
        "base64 of 32 random bytes each, commas between: the first encrypts credentials, all decrypt",
        "drawn by `make run`",
    ),
    Variable("DEMO_PASSWORD", str, "", "password of demo@pixelhub.example", "drawn by `make run`"),
    Variable("ADMIN_PASSWORD", str, "", "password of admin@pixelhub.example", "drawn by `make run`"),
    # Database, broker, mail
    Variable("DATABASE_URL", str, "", "`postgres://user:password@host:5432/name`", "SQLite in `DATA_DIR`"),
    Variable("REDIS_URL", str, "", "`redis://:password@host:6379/0`: broker and cache", "the embedded broker"),
    Variable(
        "EMAIL_URL",
        str,
        "consolemail://",
        "`smtp+tls://user:password@host:587`; `filemail:////tmp/mails` (four strokes) writes files instead",
        "the process's log",
    ),
    Variable(
        "PUBLIC_URL",
        str,
        None,
        "how links in mails begin",
        "the address that `make run` prints; in production `https://` and the first of `ALLOWED_HOSTS`",
    ),
    Variable("DEFAULT_FROM_EMAIL", str, "PixelHub <pixelhub@localhost>", "sender of invitations and password resets"),
    # Sizes
    Variable("WEB_WORKERS", int, 2, "web processes"),
    Variable("WEB_THREADS", int, 4, "threads of each"),
    Variable("WORKER_CONCURRENCY", int, 2, "tasks at once"),
    # Production
    Variable(
        "PRODUCTION",
        bool,
        False,
        "1: refuses to start with missing secrets or DEBUG, and sends browsers to https",
    ),
    Variable("DEBUG", bool, False, "Django's debug pages; never in production"),
    Variable(
        "ALLOWED_HOSTS",
        list,
        None,
        "the names this site answers to, commas between",
        "this machine's names; none in production",
    ),
    Variable("CSRF_TRUSTED_ORIGINS", list, [], "origins that may send forms, when a proxy changes the host", "none"),
    Variable("HTTPS", bool, True, "in production, 0: plain http and cookies that travel on it; for trying out only"),
    Variable("HSTS_SECONDS", int, 31536000, "how long browsers remember to come by https"),
    Variable("BEHIND_PROXY", bool, False, "1: the proxy sets `X-Forwarded-Proto`, and nobody gets past the proxy"),
    Variable(
        "TRUSTED_PROXY_COUNT",
        int,
        0,
        "proxies before PixelHub; without it all visitors share one limit of sign-in attempts",
    ),
    # People
    Variable("EMAIL_VERIFICATION", str, "none", "`optional` or `mandatory`: new people confirm their address by mail"),
    # The providers' sandbox
    Variable(
        "SANDBOX_ENABLED", bool, None, "offers sandbox connections and starts the stand-ins", "1; 0 in production"
    ),
    Variable("SANDBOX_PORT", int, 8010, "the port of the stand-ins, on 127.0.0.1"),
    Variable("SANDBOX_URL", str, None, "where the stand-ins are reached", "`http://127.0.0.1:SANDBOX_PORT`"),
    Variable("DEMO", bool, None, "`make run` loads the demo team", "as `SANDBOX_ENABLED`"),
    # Times, in seconds
    Variable("CALL_DEADLINE", float, 30.0, "seconds one call to a provider may take"),
    Variable("LEASE", float, 90.0, "seconds a worker's claim on a change lasts; more than `CALL_DEADLINE`"),
    Variable("TASK_LIMIT", int, 240, "seconds a task may take; more than `LEASE`"),
    Variable(
        "QUIET_TIME",
        float,
        60.0,
        "seconds after a lost answer before the provider is asked whether the pixel is there; "
        "more than `CALL_DEADLINE`",
    ),
    Variable("DISPATCH_INTERVAL", float, 15.0, "seconds between two looks for due work"),
    Variable(
        "SYNC_INTERVAL",
        float,
        1800.0,
        "seconds between two pulls of a connection; where the provider can tell, only of what has changed",
    ),
    Variable(
        "FULL_SYNC_INTERVAL",
        float,
        21600.0,
        "seconds between two pulls of everything, which alone show what is gone",
    ),
    Variable(
        "DUPLICATE_CHECKS",
        list,
        ["600", "86400"],
        "seconds after which a create that was sent more than once is looked up again",
    ),
    Variable("CIRCUIT_FAILURES", int, 5, "calls without a usable answer after which a provider is left alone"),
    Variable("CIRCUIT_PAUSE", float, 60.0, "seconds until one call tries whether it is back"),
    Variable("NOTIFY_DOWN_AFTER", float, 300.0, "seconds after which owners and admins get a mail about it"),
    # Pulls
    Variable("PULL_CONNECTIONS", int, 4, "requests that one pull has on the way at the same time"),
    Variable(
        "PULL_PAUSE",
        float,
        None,
        "seconds a pull rests after each page, so that the web gets at SQLite's one write lock",
        "0.005; 0 on PostgreSQL",
    ),
)
