"""Fixtures of real things: a broker for every test, the whole product for those that ask."""

import base64
import http.client
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests import cells
from tests.services import CHROMIUM, Postgres, Redis, Service, end_with_parent, free_port, lacking, wait_for

ROOT = Path(__file__).resolve().parent.parent
KINDS = {"sqlite": (), "postgres": ("postgres", "redis")}


def require(*needed: str) -> None:
    """Skip a test that this machine cannot run; where everything must run (CI=true), fail it."""
    missing = lacking(*needed)
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"This machine lacks {missing}.", pytrace=False)
    if missing:
        pytest.skip(f"this machine lacks {missing}: see `make packages`")


def processes(data_dir: Path) -> dict[int, str]:
    """Every process that was started for this data, whoever its parent is by now."""
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            environment = (directory / "environ").read_bytes().split(b"\0")
            if f"DATA_DIR={data_dir}".encode() in environment:
                found[int(directory.name)] = (directory / "cmdline").read_text().replace("\0", " ")
        except OSError:  # ended while we looked
            continue
    return {number: command for number, command in found.items() if command}  # a zombie has no command line


def first_of(data_dir: Path, word: str) -> int:
    """Of the processes with this word in their command, the one that started the others. The smallest number would
    not do: the kernel reuses numbers."""
    found = {number for number, command in processes(data_dir).items() if word in command}
    return next(number for number in found if _parent_of(number) not in found)


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


class Stack:
    """The whole product, started with its own command on free loopback ports and data of its own.

    kind "sqlite": SQLite and the embedded broker; kind "postgres": temporary PostgreSQL and Redis servers.
    `root`: where manage.py is.
    """

    def __init__(self, kind: str, *, root: Path = ROOT, **environment: str) -> None:
        self.root = root
        self.directory = Path(tempfile.mkdtemp(prefix="pixelhub-stack-"))
        self.data_dir = self.directory / "data"
        self.port, self.sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.services: list[Service] = []
        self.env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {
            "READ_DOT_ENV": "0",
            "DATA_DIR": str(self.data_dir),
            "STATIC_ROOT": str(self.directory / "static"),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "SECRET_KEY": secrets.token_urlsafe(50),
            "CREDENTIAL_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            "DEMO": "0",  # a test that wants the demo calls manage("demo")
            "DEMO_PASSWORD": secrets.token_urlsafe(12),
            "ADMIN_PASSWORD": secrets.token_urlsafe(12),
            "DISPATCH_INTERVAL": "2",
            "EMAIL_URL": f"filemail:///{self.directory / 'mail'}",
        }
        if kind == "postgres":
            postgres, redis = Postgres(), Redis()
            self.services = [postgres, redis]
            self.env |= {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
        self.env |= environment
        self.process: subprocess.Popen | None = None

    def start(self, wait: bool = True) -> None:
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=self.root,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,
            )
        if wait:
            try:
                wait_for("PixelHub", self.healthy, self.process, seconds=180)
            except RuntimeError as error:
                self.stop()
                raise RuntimeError(f"{error}\n{self.logs()}") from error

    def healthy(self) -> bool:
        web = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            web.request("GET", "/healthz")
            return web.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            web.close()

    def manage(self, *arguments: str) -> str:
        """The output of `manage.py` on this stack's data. Raises if it fails."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=self.root, env=self.env, check=True, capture_output=True, text=True, timeout=120
        ).stdout

    def logs(self) -> str:
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End the product, keep its data. Returns the exit code."""
        if self.process is None:
            return None
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def clear(self) -> None:
        """End everything and delete the data."""
        self.stop()
        for service in self.services:
            service.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture(scope="session", params=list(KINDS))
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    require(*KINDS[request.param])
    running = Stack(request.param)
    try:
        running.start()
        yield running
    finally:
        running.clear()


@pytest.fixture
def product() -> Iterator[Stack]:
    """One of its own, not started."""
    made = Stack("sqlite")
    yield made
    made.clear()


@pytest.fixture
def copy_checkout() -> Callable[[Path], Path]:
    """Makes a fresh copy of the code, with a .env and data of its own and the installed packages of this one."""

    def copy(to: Path) -> Path:
        kept_out = shutil.ignore_patterns(
            ".venv", ".git", ".env", "var", "staticfiles", "node_modules", "__pycache__", ".*_cache", "tests"
        )
        shutil.copytree(ROOT, to, ignore=kept_out)
        (to / ".venv").symlink_to(Path(sys.prefix))
        return to

    return copy


@pytest.fixture
def make_run() -> Iterator[Callable[..., subprocess.Popen]]:
    """`make run` as typed at a terminal: an environment without our variables, its own process group."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    started = []

    def start(checkout: Path, log: Path, *variables: str) -> subprocess.Popen:
        with open(log, "wb") as output:
            process = subprocess.Popen(
                ["make", "run", *variables],
                cwd=checkout,
                env=plain,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=60)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proof", action="store_true", help="all cells of the large tables, and many more examples")


def pytest_configure(config: pytest.Config) -> None:
    """Before the processes of pytest-xdist start, which all have to draw the same slice."""
    if config.getoption("proof"):
        os.environ["PROOF"] = "1"
    os.environ.setdefault("SLICE", cells.commit())


def pytest_report_header() -> str:
    return "all cells" if cells.in_proof() else f"a slice of the large tables, drawn by SLICE={os.environ['SLICE']}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("table"):
            item.user_properties.append(("table", "yes"))  # for the report of `make proof`
    if cells.in_proof():
        return
    always = [*cells.ever_failed(cells.FAILED.read_text()), *config.args]
    out = {id(item) for item in cells.left_out(items, os.environ["SLICE"], always)}
    if out:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in out])
        items[:] = [item for item in items if id(item) not in out]


def pytest_itemcollected(item: pytest.Item) -> None:
    fixtures = getattr(item, "fixturenames", ())
    if "page" in fixtures:
        item.add_marker("browser")
    if "stack" in fixtures:
        item.add_marker("services")
    if shadowed := hidden_fixtures(item):
        # Such a name may mark a test as another kind than it is, and so take it out of every run.
        raise pytest.UsageError(f"{item.nodeid}: parametrize hides the fixture {', '.join(shadowed)}")


def hidden_fixtures(item: pytest.Item) -> list[str]:
    """Arguments of parametrize that are named like a fixture and are not passed on to it."""
    fixtures = item.session._fixturemanager
    found = []
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
        indirect = mark.kwargs.get("indirect", False)
        for name in map(str.strip, names):
            passed_on = indirect is True or (isinstance(indirect, list | tuple) and name in indirect)
            if not passed_on and fixtures.getfixturedefs(name, item.parent or item):
                found.append(name)
    return found


class ByStack(LoadScopeScheduling):
    """One product of each kind for the whole run: all its tests go to the same pytest-xdist process.

    (The groups that pytest-xdist 3.8 has for this do nothing under pytest 9.2, which reads no more what they set.)
    """

    def _split_scope(self, nodeid: str) -> str:
        parameters = re.split(r"[\[\]-]", nodeid)[1:]
        return next((kind for kind in KINDS if kind in parameters), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByStack:
    return ByStack(config, log)


@contextmanager
def running_broker() -> Iterator[None]:
    """The embedded broker as in the product, on a socket of its own."""
    from pixelhub.local import broker

    process = subprocess.Popen(broker.command(), stdout=subprocess.DEVNULL, preexec_fn=end_with_parent)
    try:
        wait_for("The broker", broker.answers, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)
        broker.clear()


@pytest.fixture(scope="session", autouse=True)
def broker_server() -> Iterator[None]:
    """Cache, rate limits and messages are real in every test."""
    with running_broker():
        yield


@pytest.fixture(autouse=True)
def empty_broker(broker_server: None) -> None:
    from django.core.cache import cache

    cache.clear()  # the whole server: queued messages too


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    require("chromium")
    quiet = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
    as_root = ["--no-sandbox"] if os.getuid() == 0 else []
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": [*quiet, *as_root]}
