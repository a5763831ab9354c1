from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from accounts.services import RuleViolation
from pixelhub.components import Empty
from pixels.forms.ad_account import PickForm, typed_form
from pixels.forms.connection import EnvironmentForm, ProviderForm, connection_form, credentials_form
from pixels.models import Connection, SyncRun
from pixels.models.pixel import current
from pixels.providers.registry import PROVIDERS
from pixels.providers.values import AdAccountRef
from pixels.services import connections as services

from .ad_account_page import pick_list
from .connection_page import connection_page
from .refresh import page_or_news


def _get(request: TeamRequest, connection_id: UUID) -> Connection:
    rows = Connection.objects.for_team(request.team).prefetch_related("ad_accounts")
    return get_object_or_404(rows, pk=connection_id)


@require_safe
@team_view(Role.VIEWER)
def connection_list(request: TeamRequest) -> HttpResponse:
    rows = Connection.objects.for_team(request.team).prefetch_related("ad_accounts")
    rows = rows.annotate(pixel_count=Count("pixels", filter=current("pixels__"))).order_by("created_at", "pk")
    return render(request, "pixels/connection_list.html", {"connections": rows, "empty": _no_connections(request)})


def _no_connections(request: TeamRequest) -> Empty:
    title = gettext("No connections yet")
    if not request.membership.can_manage:
        return Empty(title, gettext("An owner or admin of this team can add them."))
    return Empty(
        title,
        gettext(
            "A connection holds the credentials of one provider, so that PixelHub can create pixels there for you."
        ),
        url=reverse("connection_new", args=[request.team.slug]),
        action=gettext("Add connection"),
    )


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
    page = connection_page(connection, request.membership)
    context = {
        "connection": connection,
        "provider": connection.provider_class,
        "page": page,
        "sandbox_page": connection.is_sandbox,
    }
    return page_or_news(request, "pixels/connection.html", "pixels/connection_live.html", context, *page.news)


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
    context = {
        "connection": connection,
        "list": pick_list(connection, pick, search, request.POST.getlist("pick")),
        "no_list": connection.provider_class.missing.get("ad_accounts"),
        "form": form,
        "sandbox_page": connection.is_sandbox,
    }
    return render(request, "pixels/ad_account_form.html", context)


def _add(request: TeamRequest, connection: Connection, refs: list[AdAccountRef]) -> HttpResponse:
    accounts = services.add_ad_accounts(connection, request.user, refs)
    names = ", ".join(str(account) for account in accounts[:5])
    if len(accounts) > 5:
        names = gettext("{names} and {count} more").format(names=names, count=len(accounts) - 5)
    messages.success(request, gettext("On this connection now: {names}.").format(names=names))
    return redirect("connection", request.team.slug, connection.pk)


@team_view(Role.ADMIN)
def disconnect(request: TeamRequest, connection_id: UUID) -> HttpResponse:
    connection = _get(request, connection_id)
    if request.method == "POST":
        cancelled = services.disconnect(connection, request.user)
        text = gettext("{connection} is disconnected. Its pixels stay here and at the provider.")
        text = text.format(connection=connection)
        if cancelled:
            work = ngettext(
                "{count} waiting change was cancelled.", "{count} waiting changes were cancelled.", cancelled
            )
            text = f"{text} {work.format(count=cancelled)}"
        messages.success(request, text)
        return redirect("connection", request.team.slug, connection.pk)
    context = {
        "connection": connection,
        "open_work": services.open_work(connection),
        "running": connection.sync_runs.filter(state__in=SyncRun.OPEN).exists(),
    }
    return render(request, "pixels/connection_disconnect.html", context)
