"""All settings, read from the environment (and from an untracked .env beside manage.py).

The variables and their defaults are the rows of pixelhub/variables.py and of each provider's conf.py. The last section
refuses unsafe values if PRODUCTION=1.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from pixelhub.variables import VARIABLES
from pixels.providers.conf import VARIABLES as PROVIDER_VARIABLES

BASE_DIR = Path(__file__).resolve().parent.parent

# Reading a name that is not in the table is an error. `default=` is given below where the table has None.
env = environ.Env(**{row.name: (row.kind, row.default) for row in (*VARIABLES, *PROVIDER_VARIABLES)})
READ_DOT_ENV = env("READ_DOT_ENV")
if READ_DOT_ENV:
    environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

# Renamed variables: the old name still works, and pixelhub.apps logs that it is old.
OLD_NAMES = {
    "SWEEP_INTERVAL": "DISPATCH_INTERVAL",
    "LATE_CHECKS": "DUPLICATE_CHECKS",
    "TELL_DOWN_AFTER": "NOTIFY_DOWN_AFTER",
}
OLD_NAMES_IN_USE = [old for old, new in OLD_NAMES.items() if old in os.environ and new not in os.environ]
os.environ.update({OLD_NAMES[old]: os.environ[old] for old in OLD_NAMES_IN_USE})

PRODUCTION = env("PRODUCTION")
DEBUG = env("DEBUG")
PORT = env("PORT")
BIND = env("BIND")
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)

# Outside production, a missing key is drawn at random in each process, so that no guessable key is ever in use.
SECRET_KEY = env("SECRET_KEY") or ("" if PRODUCTION else secrets.token_urlsafe(50))
ALLOWED_HOSTS = env("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env("CSRF_TRUSTED_ORIGINS")

# -- Applications -----------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # the form templates, overridden in templates/django/forms
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "pixelhub",
    "accounts",
    "pixels",
]

MIDDLEWARE = [
    "pixelhub.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "pixelhub.body_limit.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.TimeZoneMiddleware",
]

ROOT_URLCONF = "pixelhub.urls"
WSGI_APPLICATION = "pixelhub.wsgi.application"
FORM_RENDERER = "pixelhub.forms.FormRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.team",
            ],
        },
    }
]

# -- Database ---------------------------------------------------------------------------------------------------------

DATABASE_FILE = str(DATA_DIR / "pixelhub.sqlite3")  # used unless DATABASE_URL is set
_database_url = env("DATABASE_URL")
if _database_url.startswith("sqlite:") and set("#?+") & set(_database_url):
    # In a URL the path would end before "#" and "?", and "+" would mean a space.
    raise ImproperlyConfigured("Write #, ? and + in the path of DATABASE_URL as %23, %3F and %2B.")
# DATA_DIR is used as a path, not in a URL, where "#", "?", "+" and "%" would have a meaning.
_database: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE_FILE}
if _database_url:
    _database = env.db_url_config(_database_url)
DATABASES = {"default": _database}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Web and worker write at the same time. With WAL, readers need not wait. IMMEDIATE takes the write lock at the
    # start of a transaction; otherwise a transaction that begins with a read fails at its first write, without waiting.
    # The timeout is how long to wait for another writer.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A page must not wait long for a database that is gone. DATABASE_URL?connect_timeout=… sets another time.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 2)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Broker and cache -------------------------------------------------------------------------------------------------


def _runtime_dir() -> Path:
    """A private directory for the embedded broker's socket, whose path may not be longer than 107 bytes.

    If TMPDIR is too long for that, it lies in /tmp.
    """
    name = f"pixelhub-{os.getuid()}-{hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:12]}"
    found = Path(tempfile.gettempdir()) / name
    return found if len(os.fsencode(found / "broker.sock")) < 108 else Path("/tmp") / name


RUNTIME_DIR = _runtime_dir()
BROKER_SOCKET = RUNTIME_DIR / "broker.sock"
REDIS_URL = env("REDIS_URL")
EMBEDDED_BROKER = not REDIS_URL

CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{quote(str(BROKER_SOCKET))}"
CELERY_TASK_IGNORE_RESULT = True  # the database holds the results; nothing is read from the broker
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
# A broker whose disk is full refuses commands. The worker does not end, but tries again.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
# Web requests publish messages: with a dead broker they wait for two seconds at most.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "max_retries": 0,  # by default kombu tries three times with pauses: 6 s for each message
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_IMPORTS = ["pixelhub.heartbeat", "pixelhub.shutdown"]  # loaded by workers, not by the web

_REDIS_CACHE = {
    "BACKEND": "pixelhub.cache.JSONRedisCache",
    "LOCATION": REDIS_URL or f"unix://{quote(str(BROKER_SOCKET))}",
    "KEY_PREFIX": "pixelhub",
    "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
}
CACHES = {
    # Counts sign-in attempts. Without the server people can still sign in.
    "default": {**_REDIS_CACHE, "BACKEND": "pixelhub.cache.LenientRedisCache"},
    # The same server, but with errors raised, for the worker's heartbeat and /healthz.
    "broker": _REDIS_CACHE,
}

# Times of outbox and reconcile, in seconds. A call must end before its lease, a lease before its task, and a task
# before the broker delivers its message again (docs/decisions/0003, pixels/checks.py).
CALL_DEADLINE = env("CALL_DEADLINE")
LEASE = env("LEASE")
QUIET_TIME = env("QUIET_TIME")
TASK_LIMIT = env("TASK_LIMIT")
DISPATCH_INTERVAL = env("DISPATCH_INTERVAL")
SYNC_INTERVAL = env("SYNC_INTERVAL")
FULL_SYNC_INTERVAL = env("FULL_SYNC_INTERVAL")
DUPLICATE_CHECKS = [float(text) for text in env("DUPLICATE_CHECKS")]
# Pulls: how many requests are made at the same time, and the pause between two pages. In the pause web requests can
# write: SQLite has one writer at a time, and its lock does not go to the one that has waited longest.
PULL_CONNECTIONS = env("PULL_CONNECTIONS")
PULL_PAUSE = env("PULL_PAUSE", default=0.005 if DATABASES["default"]["ENGINE"].endswith("sqlite3") else 0)
# The circuit breaker: the failures in a row after which it opens, and the seconds until one call may probe.
CIRCUIT_FAILURES = env("CIRCUIT_FAILURES")
CIRCUIT_PAUSE = env("CIRCUIT_PAUSE")
NOTIFY_DOWN_AFTER = env("NOTIFY_DOWN_AFTER")
CELERY_TASK_TIME_LIMIT = TASK_LIMIT

# -- Providers --------------------------------------------------------------------------------------------------------

SANDBOX_PORT = env("SANDBOX_PORT")
SANDBOX_ENABLED = env("SANDBOX_ENABLED", default=not PRODUCTION)
SANDBOX_URL = env("SANDBOX_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}")
# XANDR_READS and so on: the rows of pixels/providers/<slug>/conf.py.
vars().update({row.name: env(row.name) for row in PROVIDER_VARIABLES})

# Each is base64 of 32 random bytes. The first encrypts, all decrypt: to rotate, put the new key first.
CREDENTIAL_KEYS = env("CREDENTIAL_KEYS")

# -- Processes of `manage.py run` -------------------------------------------------------------------------------------

WEB_WORKERS = env("WEB_WORKERS")
WEB_THREADS = env("WEB_THREADS")
WORKER_CONCURRENCY = env("WORKER_CONCURRENCY")
DEMO = env("DEMO", default=SANDBOX_ENABLED)
DEMO_PASSWORD = env("DEMO_PASSWORD")
ADMIN_PASSWORD = env("ADMIN_PASSWORD")

# -- People -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_VERIFICATION = env("EMAIL_VERIFICATION")
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "signup": "accounts.forms.SignupForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "change_password": "accounts.forms.ChangePasswordForm",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env("TRUSTED_PROXY_COUNT")
INVITATION_DAYS = 7

# The site's address, for links in mails that are not sent from a request.
PUBLIC_URL = env(
    "PUBLIC_URL", default=f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION and ALLOWED_HOSTS else f"http://{BIND}:{PORT}"
)
# Without a mail server, mail goes to the web process's log.
vars().update(env.email("EMAIL_URL"))
EMAIL_TIMEOUT = 10  # seconds; the page that sends an invitation waits for the mail server
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("DEFAULT_FROM_EMAIL")

# -- Language, static files, logs -------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "pixelhub" / "locale"]  # docs/decisions/0016
USE_I18N = True
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOG_LEVEL = env("LOG_LEVEL")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "pixelhub.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # A failed request's traceback is logged without local variables, which may hold what was typed into a form.
    "loggers": {
        # Refused requests are not logged: they are no faults, and the URL of a refused invitation is a secret.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # Celery's two lines for each task are left out. The database says what a task did; failures are still logged.
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        # At DEBUG it would log whole URLs, which hold ids and codes.
        "urllib3": {"level": "WARNING"},
    },
}

# -- Security ---------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# No page takes files. A file in a request is dropped while it is parsed, and not written to the disk.
FILE_UPLOAD_HANDLERS: list[str] = []
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes of a whole body, files included (BodyLimitMiddleware)
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "pixelhub.views.csrf_failure"

if PRODUCTION:
    HTTPS = env("HTTPS")
    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
    SECURE_HSTS_SECONDS = env("HSTS_SECONDS")
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    if env("BEHIND_PROXY"):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    if DEBUG:
        raise ImproperlyConfigured("PRODUCTION=1 does not go with DEBUG=1.")
    if len(SECRET_KEY) < 50:
        raise ImproperlyConfigured("PRODUCTION=1 needs a SECRET_KEY of at least 50 characters.")
    if not CREDENTIAL_KEYS:
        raise ImproperlyConfigured("PRODUCTION=1 needs CREDENTIAL_KEYS: base64 of 32 random bytes.")
    if not ALLOWED_HOSTS:
        raise ImproperlyConfigured("PRODUCTION=1 needs ALLOWED_HOSTS, the names this site answers to.")
