import contextlib
import fcntl
import hashlib
import http.client
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from pixelhub import health
from pixelhub.local import broker, dotenv
from pixelhub.local.supervisor import Asked, Died, Supervisor

MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "pixelhub")


class Command(BaseCommand):
    help = "Runs the whole product on this machine: broker, web, worker, scheduler and the sandbox providers."
    requires_system_checks = ()  # `prepare` runs them, once the secrets are drawn and the data is locked

    def handle(self, *args, **options) -> None:
        self.draw_secrets()
        with self.data_lock():
            check_port("PORT", settings.BIND, settings.PORT)
            if settings.SANDBOX_ENABLED:
                check_port("SANDBOX_PORT", "127.0.0.1", settings.SANDBOX_PORT)
            try:
                self.prepare()
                with Supervisor(sys.stdout) as supervisor:
                    self.start(supervisor)
                    self.welcome(supervisor)
                    supervisor.wait()
            except (Asked, KeyboardInterrupt):
                self.stdout.write("PixelHub has stopped.")
            except (Died, ImproperlyConfigured) as error:
                raise CommandError(f"{error} Everything was stopped; the lines above say why.") from error
            finally:
                if settings.EMBEDDED_BROKER:
                    broker.clear()

    def draw_secrets(self) -> None:
        names = dotenv.missing(os.environ)
        if settings.PRODUCTION or not settings.READ_DOT_ENV or not names:
            return
        path = settings.BASE_DIR / ".env"
        os.environ.update(dotenv.draw(path, names))
        self.stdout.write(f"Drew fresh secrets into {path}: {', '.join(names)}.")
        self.stdout.flush()
        # Start again, since this process has read the settings without them.
        os.execv(sys.executable, sys.orig_argv)

    @contextlib.contextmanager
    def data_lock(self) -> Iterator[None]:
        """Allow one PixelHub on a data directory. The directory itself is locked, so no lock file stays behind."""
        descriptor = os.open(settings.DATA_DIR, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(
                    f"PixelHub already runs on the data in {settings.DATA_DIR}: "
                    "stop it first, or choose another DATA_DIR."
                ) from None
            yield
        finally:
            os.close(descriptor)

    def prepare(self) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        files = static_fingerprint()
        stamp = settings.STATIC_ROOT / ".collected"
        if not stamp.exists() or stamp.read_text() != files:
            call_command("collectstatic", interactive=False, verbosity=0)
            stamp.write_text(files)
        self.stdout.write("Database and static files are up to date.")
        self.stdout.flush()

    def start(self, supervisor: Supervisor) -> None:
        """Start the processes, each after those that it needs."""
        if settings.EMBEDDED_BROKER:
            supervisor.start("broker", *broker.command(), serves=True)
            supervisor.wait(until=broker.answers)
            # The broker still holds the heartbeat of the last run's worker.
            caches["broker"].delete(health.HEARTBEAT)
        if settings.SANDBOX_ENABLED:
            sandbox = (*MANAGE, "sandbox", "--port", str(settings.SANDBOX_PORT))
            supervisor.start("sandbox", *sandbox, serves=True)
        supervisor.start(
            "worker",
            *CELERY,
            *("worker", "--concurrency", str(settings.WORKER_CONCURRENCY), "--loglevel", settings.LOG_LEVEL),
            *("--without-gossip", "--without-mingle"),
            # The worker gets time for the answer to a call: if it were killed, its pixel could become unknown.
            grace=settings.CALL_DEADLINE + 5,
        )
        supervisor.start("scheduler", *MANAGE, "scheduler", grace=settings.CALL_DEADLINE + 5)
        supervisor.start(
            "web",
            *(sys.executable, "-m", "gunicorn", "pixelhub.wsgi", "--preload", "--no-control-socket"),
            *("--bind", f"{bracketed(settings.BIND)}:{settings.PORT}", "--worker-class", "gthread"),
            *("--workers", str(settings.WEB_WORKERS), "--threads", str(settings.WEB_THREADS)),
            # No access log: links of invitations and password resets are secrets.
            *("--graceful-timeout", "5", "--log-level", "warning"),
        )

    def welcome(self, supervisor: Supervisor) -> None:
        supervisor.wait(until=healthy)
        address = f"http://{bracketed(reachable())}:{settings.PORT}/"
        lines = [f"PixelHub is ready: {address}"]
        if settings.DEMO and "demo" in get_commands():
            if supervisor.run("demo", *MANAGE, "demo") == 0:
                lines += [
                    f"Demo sign-in:   demo@pixelhub.example    password {settings.DEMO_PASSWORD}",
                    f"Admin sign-in:  admin@pixelhub.example   password {settings.ADMIN_PASSWORD}   ({address}admin/)",
                ]
            else:
                lines.append("The demo could not be loaded; the reason is above. Everything else runs.")
        if settings.SANDBOX_ENABLED:
            lines.append(f"Sandbox:        http://127.0.0.1:{settings.SANDBOX_PORT}/   (its members are listed above)")
        lines += [f"Data:           {settings.DATA_DIR}", "Ctrl-C stops it."]
        supervisor.print("\n".join(lines))


def check_port(name: str, host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({os.strerror(error.errno or 0).lower()}): "
                f"choose another one, such as {name}={port + 1}."
            ) from error


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def reachable() -> str:
    """The address at which this machine reaches the web process, if that listens on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.BIND, settings.BIND)


def healthy() -> bool:
    """Whether all parts answer. This process asks first: the web process would log each failure of a worker that
    still starts."""
    ready = health.report()["status"] == "ok"
    connection.close()
    return ready and answered()


def answered() -> bool:
    web = http.client.HTTPConnection(reachable(), settings.PORT, timeout=5)
    host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
    try:
        web.request("GET", "/healthz", headers={"Host": host})
        return web.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        web.close()


def static_fingerprint() -> str:
    """Changes when a static file does. It is made of paths, sizes and times, so that an ordinary start reads no
    file."""
    found = []
    for finder in get_finders():
        for path, storage in finder.list(ignore_patterns=None):
            state = Path(storage.path(path)).stat()
            found.append(f"{path} {state.st_size} {state.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()
