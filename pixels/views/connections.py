from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from accounts.services import RuleViolation
from pixels.forms.ad_account import SHOWN, PickForm, not_added, typed_form
from pixels.forms.connection import EnvironmentForm, ProviderForm, connection_form, credentials_form
from pixels.models import AvailableAdAccount, Connection, Operation, SyncRun
from pixels.models.pixel import current
from pixels.providers.base import Provider
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef
from pixels.services import connections as services

from .blockers import is_late, to_come
from .refresh import minutes_to, page_or_news

RUNS_SHOWN = 20
# Seconds between two looks: at work under way, and at a provider that is away.
FOLLOW, LINGER = 1, 10
# Of an ad account: the provider has a list, and it is not in there.
OFFERED = AvailableAdAccount.objects.filter(connection=OuterRef("connection"), remote_id=OuterRef("remote_id"))
NOT_OFFERED = ExpressionWrapper(Q(connection__ad_accounts_listed_at__isnull=False) & ~Exists(OFFERED), BooleanField())


def _get(request: TeamRequest, connection_id: UUID) -> Connection:
    rows = Connection.objects.for_team(request.team).prefetch_related("ad_accounts")
    return get_object_or_404(rows, pk=connection_id)


@require_safe
@team_view(Role.VIEWER)
def connection_list(request: TeamRequest) -> HttpResponse:
    rows = Connection.objects.for_team(request.team).prefetch_related("ad_accounts")
    rows = rows.annotate(pixel_count=Count("pixels", filter=current("pixels__"))).order_by("created_at", "pk")
    return render(request, "pixels/connection_list.html", {"connections": rows})


@team_view(Role.ADMIN)
def new(request: TeamRequest) -> HttpResponse:
    """One page: choosing the provider (by GET) shows its own fields."""
    slug = request.POST.get("provider") or request.GET.get("provider")
    provider = PROVIDERS.get(slug or "")
    context: dict[str, Any] = {"provider_form": ProviderForm(initial={"provider": slug}), "provider": provider}
    if provider is None:
        return render(request, "pixels/connection_new.html", context)
    data = request.POST if request.method == "POST" else None
    environment, form = EnvironmentForm(data), connection_form(provider, data)
    if data is not None and environment.is_valid() & form.is_valid():
        connection = services.connect(
            request.team,
            request.user,
            provider=provider.slug,
            environment=environment.cleaned_data["environment"],
            credentials=form.credentials(),
            ad_account=form.ad_account_ref(),
        )
        return redirect("connection", request.team.slug, connection.pk)
    context |= {"environment_form": environment, "form": form, "secrets_gone": data is not None}
    return render(request, "pixels/connection_new.html", context)


@require_safe
@team_view(Role.VIEWER)
def show(request: TeamRequest, connection_id: UUID) -> HttpResponse:
    """The page, or only its live part for the refresh that the page asks for while something is under way."""
    connection = _get(request, connection_id)
    rows = connection.sync_runs.select_related("requested_by").defer("cursor", "seen_ids")
    runs = list(rows[:RUNS_SHOWN])
    under_way = next((run for run in runs if run.is_open), None)
    provider = connection.provider_class
    can_test = provider.can("check_credentials")
    credential = getattr(connection, "credential", None)
    accounts = list(connection.ad_accounts.annotate(is_unlisted=NOT_OFFERED))
    follow = under_way is not None or connection.is_being_tested or (not accounts and connection.awaits_ad_accounts)
    still = _standing_still(connection, under_way)
    context = {
        "connection": connection,
        "provider": provider,
        "runs": runs,
        "under_way": under_way,
        "stopped": runs[0] if runs and runs[0].state == SyncRun.State.STOPPED else None,
        "is_busy": follow or connection.is_down,
        "every": FOLLOW if follow else LINGER,
        "can_test": can_test,
        "replace_above": not can_test and connection.paused_at and not connection.disconnected_at,
        "accounts": accounts,
        "offered_count": connection.available_ad_accounts.count() if not accounts else 0,
        "hints": _hints(provider, credential.hints) if credential else [],
        "credential": credential,
        "pixel_count": connection.pixels.filter(current()).count(),
        "sharing": services.sharing(connection) if not connection.disconnected_at else [],
        "no_list": provider.missing.get("list"),
        "sandbox_page": connection.is_sandbox,
        **still,
    }
    news = (
        connection.test,
        connection.tested_at,
        connection.paused_at,
        connection.down_since,
        connection.ad_accounts_listed_at,
        connection.ad_accounts_error,
        *still.values(),
        minutes_to(still["next_try"]),
        minutes_to(still["resumes"]),
        *((run.pk, run.state, run.total, run.waits, run.seen, run.pages, run.created, run.updated) for run in runs),
    )
    return page_or_news(request, "pixels/connection.html", "pixels/connection_live.html", context, *news)


def _standing_still(connection: Connection, under_way: SyncRun | None) -> dict[str, Any]:
    """What does not go on at this moment, and when it will."""
    is_held_up = connection.paused_at or connection.is_down
    return {
        "waiting": Operation.objects.open().filter(pixel__connection=connection).count() if is_held_up else 0,
        "is_late": is_late(connection, under_way),
        "next_try": to_come(connection.circuit_open_until),
        "resumes": to_come(under_way.not_before) if under_way else None,
    }


def _hints(provider: type[Provider], hints: dict[str, str]) -> list[tuple[str, str]]:
    """(label, what may be shown) of the credentials, in the words of the provider's form."""
    shown = []
    for name, hint in hints.items():
        field = provider.connection_form.base_fields.get(name)
        choices = dict(getattr(field, "choices", None) or [])
        shown.append((str(field.label) if field else name, str(choices.get(hint, hint))))
    return shown


@require_POST
@team_view(Role.ADMIN)
def test(request: TeamRequest, connection_id: UUID) -> HttpResponse:
    connection = _get(request, connection_id)
    try:
        services.test_connection(connection)
    except RuleViolation as refused:
        messages.error(request, str(refused))
    return redirect("connection", request.team.slug, connection.pk)


@require_POST
@team_view(Role.EDITOR)
def sync(request: TeamRequest, connection_id: UUID) -> HttpResponse:
    connection = _get(request, connection_id)
    try:
        services.sync_now(connection, request.user)
    except RuleViolation as refused:
        messages.error(request, str(refused))
    return redirect("connection", request.team.slug, connection.pk)


@require_POST
@team_view(Role.EDITOR)
def gone(request: TeamRequest, connection_id: UUID, run_id: int) -> HttpResponse:
    """What this stopped run did not find is gone, says somebody who has looked."""
    connection = _get(request, connection_id)
    run = get_object_or_404(connection.sync_runs, pk=run_id)
    try:
        services.sync_now(connection, request.user, stopped=run)
    except RuleViolation as refused:
        messages.error(request, str(refused))
    return redirect("connection", request.team.slug, connection.pk)


@team_view(Role.ADMIN)
def credentials(request: TeamRequest, connection_id: UUID) -> HttpResponse:
    connection = _get(request, connection_id)
    form = credentials_form(connection, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.replace_credentials(connection, request.user, form.credentials())
        return redirect("connection", request.team.slug, connection.pk)
    context = {"connection": connection, "form": form, "secrets_gone": request.method == "POST"}
    return render(request, "pixels/connection_credentials.html", context)


@team_view(Role.ADMIN)
def ad_account(request: TeamRequest, connection_id: UUID) -> HttpResponse:
    connection = _get(request, connection_id)
    data = request.POST if request.method == "POST" else None
    typed = data if data and "ad_account" in data else None
    pick = PickForm(connection, data if typed is None else None)
    form = typed_form(connection.provider, typed)
    for chosen, field in ((pick, "pick"), (form, "ad_account")):
        if chosen.is_valid():
            try:
                return _add(request, connection, chosen.refs())
            except RuleViolation as refused:
                chosen.add_error(field, str(refused))
    search = request.GET.get("q", "").strip()[:100]
    offered = not_added(connection, search)
    context = {
        "connection": connection,
        "provider": connection.provider_class,
        "pick": pick,
        "form": form,
        "search": search,
        "offered": offered[:SHOWN],
        "offered_count": offered.count(),
        "picked": request.POST.getlist("pick"),
        "has_list": connection.ad_accounts_listed_at is not None,
        "no_list": connection.provider_class.missing.get("ad_accounts"),
        "sandbox_page": connection.is_sandbox,
    }
    return render(request, "pixels/ad_account_form.html", context)


def _add(request: TeamRequest, connection: Connection, refs: list[AdAccountRef]) -> HttpResponse:
    accounts = services.add_ad_accounts(connection, request.user, refs)
    names = ", ".join(str(account) for account in accounts[:5])
    if len(accounts) > 5:
        names += f" and {len(accounts) - 5} more"
    messages.success(request, f"On this connection now: {names}.")
    return redirect("connection", request.team.slug, connection.pk)


@team_view(Role.ADMIN)
def disconnect(request: TeamRequest, connection_id: UUID) -> HttpResponse:
    connection = _get(request, connection_id)
    if request.method == "POST":
        cancelled = services.disconnect(connection, request.user)
        work = (
            f" {cancelled} waiting {'change was' if cancelled == 1 else 'changes were'} cancelled." if cancelled else ""
        )
        messages.success(request, f"{connection} is disconnected. Its pixels stay here and at the provider.{work}")
        return redirect("connection", request.team.slug, connection.pk)
    context = {
        "connection": connection,
        "open_work": services.open_work(connection),
        "running": connection.sync_runs.filter(state__in=SyncRun.OPEN).exists(),
    }
    return render(request, "pixels/connection_disconnect.html", context)
