from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import BoundField
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from accounts.services import RuleViolation
from pixelhub.components import Empty
from pixels.forms.new_pixel import NewPixelForm, same_events, usable_connections, uuid_or_none
from pixels.models import Connection, Pixel
from pixels.services import pixels as services
from pixels.services import websites

from .checklist import checklist
from .pixel_plan import plan_panel


@team_view(Role.EDITOR)
def new_pixel(request: TeamRequest) -> HttpResponse:
    connections = list(usable_connections(request.team))
    if not connections:
        return render(request, "pixels/pixel_new_empty.html", {"empty": _empty(request)})
    data = request.POST if request.method == "POST" else request.GET
    connection = _chosen(connections, data.get("connection"))
    # The fields on the screen were another connection's: show this one's, with what still fits.
    switched = data.get("shown") not in (None, str(connection.pk))
    if request.method != "POST" or switched:
        return _page(request, NewPixelForm(request.team, connection, initial=_kept(request.team, connection, data)))
    form = NewPixelForm(request.team, connection, request.POST)
    if form.is_valid():
        try:
            pixels = _create(request, form)
        except services.FormAlreadySent as already:
            messages.warning(request, str(already))
            return _page(request, form.with_new_token(), status=409)
        except RuleViolation as refused:
            messages.error(request, str(refused))
            return _page(request, form)
        if len(pixels) == 1:
            return redirect("pixel", request.team.slug, pixels[0].pk)
        text = ngettext(
            "{count} pixel is on its way to {provider}.", "{count} pixels are on their way to {provider}.", len(pixels)
        )
        messages.success(request, text.format(count=len(pixels), provider=connection.provider_class.label))
        return redirect("pixel_list", request.team.slug)
    return _page(request, form)


@require_POST
@team_view(Role.EDITOR)
def plan(request: TeamRequest) -> HttpResponse:
    """What the ticks on the screen would create; changes nothing."""
    connections = list(usable_connections(request.team))
    if not connections:
        raise Http404
    connection = _chosen(connections, request.POST.get("connection"))
    form = NewPixelForm(request.team, connection, request.POST)
    return render(request, "pixels/pixel_plan.html", {"plan": plan_panel(form)})


def _empty(request: TeamRequest) -> Empty:
    """Why nothing can be created yet, and the next step."""
    slug, may_manage = request.team.slug, request.membership.can_manage
    in_use = Connection.objects.for_team(request.team).filter(disconnected_at=None)
    without_account, paused = in_use.filter(paused_at=None).first(), in_use.exclude(paused_at=None).first()
    if without_account and not may_manage:
        return Empty(
            _("No ad account is picked"),
            _("An owner or admin of this team can pick one; then you can create pixels."),
            icon="plug",
        )
    if without_account:
        return Empty(
            _("Pick an ad account first"),
            _("A pixel lives in an ad account of the connection."),
            reverse("ad_account_new", args=[slug, without_account.pk]),
            _("Pick ad accounts"),
            icon="plug",
        )
    if paused:
        return Empty(
            _("Your connection is paused"),
            _("Nothing can be created until its provider lets it in again."),
            reverse("connection", args=[slug, paused.pk]),
            _("See why"),
            icon="player-pause",
        )
    if may_manage:
        return Empty(
            _("Connect a provider first"),
            _("A pixel is created at a provider, with the credentials of a connection."),
            reverse("connection_new", args=[slug]),
            _("Add connection"),
            icon="plug",
        )
    return Empty(
        _("No provider is connected"),
        _("An owner or admin of this team can add a connection; then you can create pixels."),
        icon="plug",
    )


def _chosen(connections: list[Connection], wanted: str | None) -> Connection:
    return next((c for c in connections if str(c.pk) == wanted), connections[0])


def _kept(team: Any, connection: Connection, data: QueryDict) -> dict[str, Any]:
    """What survives a change to this connection: name, website, and the ticks that mean the same event there. A website
    may also come with the link."""
    kept: dict[str, Any] = {
        name: data[name] for name in ("name", "website", "new_site", "new_site_url") if data.get(name)
    }
    if kept.get("website") and not str(kept["website"]).isdecimal():
        del kept["website"]
    if kept.get("website") and not kept.get("name"):
        website = team.websites.filter(pk=kept["website"]).first()
        if website:
            kept["name"] = website.name
    shown = uuid_or_none(data.get("shown"))
    before = Connection.objects.for_team(team).filter(pk=shown).first() if shown else None
    if before is not None:
        kept["events"] = same_events(data.getlist("events"), before.provider_class, connection.provider_class)
    return kept


@transaction.atomic
def _create(request: TeamRequest, form: NewPixelForm) -> list[Pixel]:
    website = form.draft.cleaned_data["website"]
    new = form.draft.website_form
    if new is not None:
        website = websites.add_website(request.team, request.user, **new.cleaned_data)
    return services.create_pixels(
        request.team,
        request.user,
        ad_account=form.draft.cleaned_data["ad_account"],
        website=website,
        drafts=form.drafts(),
        form_ids=form.possible_ids(),
    )


def _page(request: TeamRequest, form: NewPixelForm, status: int = 200) -> HttpResponse:
    simple: list[BoundField] = []
    advanced: list[BoundField] = []
    for field in form.options:
        if field.name == "events":
            continue
        (advanced if field.name in form.options.advanced else simple).append(field)
    context = {
        "form": form,
        "provider": form.provider,
        "connection": form.connection,
        "checklist": checklist(form.provider, form.provider.vocabulary, form.ticked),
        "plan": plan_panel(form),
        "simple": simple,
        "advanced": advanced,
        "advanced_open": any(field.errors for field in advanced),
        "secrets_gone": any((form.data or QueryDict()).get(name) for name in form.options.secret_options),
        "sandbox_page": form.connection.is_sandbox,
    }
    template = "pixels/pixel_new_form.html" if request.htmx else "pixels/pixel_new.html"
    return render(request, template, context, status=status)
