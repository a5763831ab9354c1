"""All that the bench asks of the product from inside, in a process of its own."""

from __future__ import annotations

import inspect
import os
import time
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

import django

from .job import Facts, Work, take

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixelhub.settings")
django.setup()

from django.db import connection as database  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Team, User  # noqa: E402
from accounts.services import create_team  # noqa: E402
from pixels.models import Connection, Operation, SyncRun  # noqa: E402
from pixels.providers.values import AdAccountRef  # noqa: E402
from pixels.reconcile import connection_test, pull  # noqa: E402
from pixels.reconcile.runs import open_run  # noqa: E402
from pixels.services.connections import connect, sync_now  # noqa: E402
from pixels.services.pixels import Draft, create_pixels  # noqa: E402
from pixels.services.websites import add_website  # noqa: E402

COUNTS = ("pages", "seen", "created", "updated", "unchanged", "missing")


def join(order: Facts) -> Facts:
    """A person with a password, and their teams, the first of them with websites."""
    user = User.objects.create_user(order["email"], order["password"], name="Bench")
    teams = [create_team(user, name) for name in order["teams"]]
    names = [f"Site {number}" for number in range(order["websites"])]
    sites = [add_website(teams[0], user, name=name, url="https://shop.example") for name in names]
    return {"teams": [team.slug for team in teams], "websites": [site.pk for site in sites]}


@transaction.atomic
def add_connection(order: Facts) -> Facts:
    """Add a connection and ask for its first pull at once, before the scheduler does."""
    team = Team.objects.get(slug=order["team"])
    connection = connect(
        team,
        team.memberships.get().user,
        provider="xandr",
        environment="sandbox",
        credentials={"username": "sandbox", "password": "sandbox"},
        ad_account=AdAccountRef(id=str(order["advertiser"]), code=order["code"]),
    )
    if order.get("sync"):
        sync_now(connection, None)
    return {"connection": str(connection.pk)}


def settle(order: Facts) -> Facts:
    """A team with a tested connection, as a worker leaves it: the session that the test opened is stored."""
    [team] = join({"email": "bench@pixelhub.example", "password": None, "teams": ["Bench"], "websites": 0})["teams"]
    added = add_connection({**order, "team": team})
    connection_test.check(added["connection"])
    works = Connection.objects.get().test
    if works != Connection.Test.WORKS:
        raise RuntimeError(f"the connection's test says {works}")
    return added


def read_all(order: Facts) -> Facts:
    """One pull, to its end."""
    full = {"full": order["full"]} if "full" in inspect.signature(open_run).parameters else {}
    run = open_run(Connection.objects.get(), **full)
    if run is None:
        raise RuntimeError("another run is open")
    deadline = time.monotonic() + 600
    while run.is_open:
        if time.monotonic() > deadline:
            raise RuntimeError("the run does not end")
        pull.pull(run.pk)
        run.refresh_from_db()
    return _facts(run)


def follow(order: Facts) -> Facts:
    """Wait for the end of the connection's last run."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        run = SyncRun.objects.filter(connection=order["connection"]).first()
        if run is not None and not run.is_open:
            return _facts(run)
        time.sleep(0.2)
    raise RuntimeError("the run does not end")


def _facts(run: SyncRun) -> Facts:
    if run.state != SyncRun.State.DONE or run.started_at is None or run.finished_at is None:
        raise RuntimeError(
            f"the run ended as {run.state}: {run.error_message} {run.error_params} {run.error_provider_message}"
        )
    times = {"began": run.started_at.timestamp(), "ended": run.finished_at.timestamp()}
    return times | {name: getattr(run, name) for name in COUNTS}


def queries(order: Facts) -> Facts:
    """How many each page asks of the database, for somebody signed in."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.get(email=order["email"]))
    counts = {}
    for path in order["paths"]:
        with CaptureQueriesContext(database) as asked:
            status = client.get(path).status_code
        if status != 200:
            raise RuntimeError(f"{path} answers {status}")
        counts[path] = len(asked)
    return {"queries": counts}


def record(order: Facts) -> Facts:
    """One create after the other, with a worker that has nothing else to do: from its commit to its record."""
    connection = Connection.objects.get(pk=order["connection"])
    took = []
    for number in range(order["count"]):
        committed = _promise(connection, 1, f"Recorded {number}")
        [recorded] = _wait_for(_operations(connection, f"Recorded {number}"))
        took.append((recorded - committed).total_seconds())
        time.sleep(order["pause"])
    return {"took": took}


def flood(order: Facts) -> Facts:
    """Many creates at once, and now and then a single one of another team. Returns when each was recorded."""
    many = Connection.objects.get(pk=order["connection"])
    other = Connection.objects.get(pk=order["other"])
    committed = _promise(many, order["count"], "Flood")
    ids = _operations(many, "Flood")
    waits = []
    for number, after in enumerate(order["others_after"]):
        time.sleep(max(0.0, after - (timezone.now() - committed).total_seconds()))
        alone = _promise(other, 1, f"Single {number}")
        [recorded] = _wait_for(_operations(other, f"Single {number}"))
        waits.append((recorded - alone).total_seconds())
    return {"took": (max(_wait_for(ids)) - committed).total_seconds(), "waits": waits}


def _promise(connection: Connection, count: int, name: str) -> datetime:
    """Creates as the form asks for them; the moment of their commit."""
    account = connection.ad_accounts.get()
    provider = connection.provider_class
    drafts = []
    for _ in range(count):
        pixel_id = uuid4()
        initial = {name: field.initial for name, field in provider.pixel_form().fields.items()}
        form = provider.pixel_form({**initial, "events": ["7"], str(provider.reference_option): f"ph-{pixel_id}"})
        if not form.is_valid():
            raise RuntimeError(str(form.errors))
        drafts.append(Draft(id=pixel_id, name=name, events=("7",), options=form.options()))
    team = connection.team
    committed: list[datetime] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(timezone.now()))  # before the messages are published
        create_pixels(team, team.memberships.get().user, ad_account=account, website=None, drafts=drafts)
    return committed[0]


def _operations(connection: Connection, name: str) -> list[UUID]:
    found = Operation.objects.filter(pixel__connection=connection, pixel__name=name)
    return list(found.values_list("pk", flat=True))


def _wait_for(ids: list[UUID]) -> list[datetime]:
    """When each was recorded as done."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        ended = Operation.objects.filter(pk__in=ids).exclude(state__in=Operation.OPEN)
        rows = list(ended.values_list("state", "finished_at"))
        if len(rows) == len(ids):
            if any(state != Operation.State.DONE for state, _ in rows):
                raise RuntimeError("a create failed")
            return [finished for _, finished in rows]
        time.sleep(0.005 if len(ids) == 1 else 0.25)
    raise RuntimeError("the creates do not end")


ACTIONS = {
    "join": join,
    "add_connection": add_connection,
    "settle": settle,
    "pull": read_all,
    "follow": follow,
    "queries": queries,
    "record": record,
    "flood": flood,
}


def prepare(order: Facts) -> Work:
    database.ensure_connection()  # a worker's is open
    return partial(ACTIONS[order["action"]], order)


if __name__ == "__main__":
    take(prepare)
