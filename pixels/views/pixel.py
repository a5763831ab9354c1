from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from accounts.services import RuleViolation
from pixels.actions import Action, decide, last_operation
from pixels.forms.edit_pixel import EditPixelForm
from pixels.forms.resolve import ResolveForm
from pixels.models import Pixel, Website
from pixels.services import pixels as services

from .checklist import checklist
from .pixel_page import both_sides, pixel_page
from .refresh import page_or_news

# What a person decides about fields that differ.
DECISIONS = {
    "adopt": services.adopt_theirs,
    "restore": services.restore_ours,
    "ignore": services.ignore_drift,
    "watch": services.watch_again,
}


def _get(request: TeamRequest, pixel_id: UUID) -> Pixel:
    rows = Pixel.objects.for_team(request.team).select_related("connection", "ad_account", "website", "team")
    return get_object_or_404(rows, pk=pixel_id)


def _back(request: TeamRequest, pixel: Pixel) -> HttpResponse:
    return redirect("pixel", request.team.slug, pixel.pk)


def _do(request: TeamRequest, pixel: Pixel, service: Callable[..., None], *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        service(pixel, request.user, *args, **kwargs)
    except RuleViolation as refused:
        messages.error(request, str(refused))
    return _back(request, pixel)


@require_safe
@team_view(Role.VIEWER)
def show(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    """The page, or only its live part for the refresh that the page asks for while something is under way."""
    return _page(request, _get(request, pixel_id))


def _page(request: TeamRequest, pixel: Pixel, resolve: ResolveForm | None = None) -> HttpResponse:
    page = pixel_page(pixel, request.membership)
    context = {
        "pixel": pixel,
        "provider": pixel.provider_class,
        "page": page,
        "resolve": resolve or ResolveForm(),
        "sandbox_page": pixel.connection.is_sandbox,
    }
    return page_or_news(request, "pixels/pixel.html", "pixels/pixel_live.html", context, *page.news)


@team_view(Role.EDITOR)
def edit(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    pixel = _get(request, pixel_id)
    decision = decide(Action.EDIT, pixel, last_operation(pixel), request.membership)
    if not decision and (request.method != "POST" or decision.code == "missing_capability"):
        messages.error(request, decision.sentence)
        return _back(request, pixel)
    form = EditPixelForm(pixel, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changes, secrets = form.changes(), form.options.secrets()
        if not changes and not secrets:
            messages.info(request, _("Nothing was changed, so nothing was sent."))
            return _back(request, pixel)
        try:
            services.change_pixel(pixel, request.user, changes, secrets)
        except RuleViolation as refused:  # what was typed stays
            form.name.add_error(None, str(refused))
        else:
            return _back(request, pixel)
    context = {
        "pixel": pixel,
        "form": form,
        "provider": form.provider,
        "checklist": checklist(
            form.provider, form.vocabulary, form.ticked, one_only=form.provider.can("one_event_per_pixel")
        ),
        "fields": [field for field in form.options if field.name != "events"],
        "secrets_gone": any(request.POST.get(name) for name in form.options.secret_options),
        "sandbox_page": pixel.connection.is_sandbox,
    }
    return render(request, "pixels/pixel_edit.html", context)


@require_POST
@team_view(Role.EDITOR)
def state(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    wanted = request.POST.get("state")
    if wanted not in ("active", "inactive"):
        return HttpResponseBadRequest("state is active or inactive")
    return _do(request, _get(request, pixel_id), services.set_state, active=wanted == "active")


@require_POST
@team_view(Role.EDITOR)
def retry(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    return _do(request, _get(request, pixel_id), services.retry)


@require_POST
@team_view(Role.EDITOR)
def cancel(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    pixel = _get(request, pixel_id)
    try:
        services.cancel(pixel, request.user)
    except RuleViolation as refused:
        messages.error(request, str(refused))
    else:
        if pixel.remote_id:  # a draft says so itself
            messages.success(request, _("Cancelled: nothing was sent."))
    return _back(request, pixel)


@require_POST
@team_view(Role.EDITOR)
def drift(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    service = DECISIONS.get(request.POST.get("action", ""))
    if service is None:
        return HttpResponseBadRequest("action is adopt, restore, ignore or watch")
    pixel = _get(request, pixel_id)
    if request.POST.get("shown", shown := both_sides(pixel)) != shown:
        messages.error(request, _("This has changed meanwhile. Look at it again."))
        return _back(request, pixel)
    return _do(request, pixel, service, set(request.POST.getlist("field")))


@require_POST
@team_view(Role.EDITOR)
def confirm_exists(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    pixel = _get(request, pixel_id)
    form = ResolveForm(request.POST)
    if not form.is_valid():
        return _page(request, pixel, form)
    return _do(request, pixel, services.confirm_exists, form.cleaned_data["remote_id"])


@require_POST
@team_view(Role.EDITOR)
def confirm_absent(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    return _do(request, _get(request, pixel_id), services.confirm_absent)


@require_POST
@team_view(Role.EDITOR)
def dismiss(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    return _do(request, _get(request, pixel_id), services.dismiss_error)


@team_view(Role.EDITOR)
def delete(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    """Asks for the name: this can't be undone at the provider."""
    pixel = _get(request, pixel_id)
    if not pixel.provider_class.can("delete"):
        messages.error(request, str(pixel.provider_class.missing.get("delete") or _("The provider cannot do this.")))
        return _back(request, pixel)
    error = ""
    if request.method == "POST":
        if request.POST.get("confirm", "").strip() == pixel.name.strip():
            return _do(request, pixel, services.delete_pixel)
        error = _("That is not the name of this pixel.")
    context = {
        "pixel": pixel,
        "provider": pixel.provider_class,
        "error": error,
        "sandbox_page": pixel.connection.is_sandbox,
    }
    return render(request, "pixels/pixel_delete.html", context)


@require_POST
@team_view(Role.EDITOR)
def archive(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    return _do(request, _get(request, pixel_id), services.archive_pixel)


@require_POST
@team_view(Role.EDITOR)
def restore(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    return _do(request, _get(request, pixel_id), services.restore_pixel)


@require_POST
@team_view(Role.EDITOR)
def website(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    pixel = _get(request, pixel_id)
    wanted = request.POST.get("website", "")
    chosen = None
    if wanted:
        known = Website.objects.for_team(request.team).filter(archived_at=None)
        chosen = get_object_or_404(known, pk=wanted if wanted.isdecimal() and len(wanted) < 19 else 0)
    return _do(request, pixel, services.set_website, chosen)


@require_POST
@team_view(Role.EDITOR)
def tag_values(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    pixel = _get(request, pixel_id)
    form_class = pixel.provider_class.tag_form
    form = form_class(request.POST) if form_class else None
    if form is None or not pixel.remote_id:
        messages.error(request, _("There is nothing to fill in."))
    elif form.is_valid():
        return _do(request, pixel, services.set_tag_values, form.cleaned_data)
    else:
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]}")
    return _back(request, pixel)
