from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_view
from accounts.models import Role
from accounts.services import RuleViolation
from pixelhub.components import CodeBlock
from pixels import snippets
from pixels.forms.edit_pixel import EditPixelForm
from pixels.forms.resolve import ResolveForm
from pixels.models import Operation, Pixel, Website
from pixels.models.operation import fingerprint
from pixels.providers.errors import Rejected
from pixels.providers.values import Capability
from pixels.services import pixels as services

from .blockers import blocker_of
from .checklist import groups
from .pixel_facts import differences, facts, ignored
from .refresh import minutes_to, page_or_news

# Time between two looks at a pixel under way, by its age: often at first, seldom when it waits for a provider.
FOLLOW = ((timedelta(seconds=10), "300ms"), (timedelta(minutes=1), "1s"))
LINGER = "10s"
# What a provider may be able to do to a pixel that exists.
CHANGES: tuple[Capability, ...] = ("update", "activate", "delete")
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
    provider = pixel.provider_class
    last = services.last_operation(pixel)
    live = pixel.lifecycle == Pixel.Lifecycle.LIVE
    is_there = live and pixel.remote_status != Pixel.RemoteStatus.GONE
    issued = snippets.shown(pixel)
    blocker = blocker_of(pixel, last)
    differ = [] if pixel.remote_status == Pixel.RemoteStatus.GONE else differences(pixel)
    fetching = live and pixel.remote_values is None and provider.can("read")
    is_busy = (pixel.is_pending and not pixel.stands_still) or (fetching and pixel.connection.is_usable)
    context = {
        "pixel": pixel,
        "provider": provider,
        "is_busy": is_busy,
        "every": _every(timezone.now() - pixel.updated_at),
        "last": last,
        "blocker": blocker,
        "is_sending": pixel.is_pending and last is not None and last.state == Operation.State.IN_FLIGHT,
        "pending_changes": last.payload if last and last.kind == Operation.Kind.UPDATE and pixel.is_pending else None,
        "can_retry": services.can_retry(pixel, last),
        "can_cancel": services.can_cancel(pixel, last),
        "issued": issued,
        "tag_form": provider.tag_form(initial=pixel.tag_values) if provider.tag_form and issued else None,
        "to_fill_in": sum(one.tag.to_fill_in for one in issued),
        "facts": facts(pixel),
        "resolve": resolve or ResolveForm(),
        "is_unconfirmed": services.is_unconfirmed(pixel),
        # It cannot be edited, so "change what it names" would lead nowhere.
        "is_new_and_refused": pixel.lifecycle == Pixel.Lifecycle.FAILED and pixel.error_code == Rejected.code,
        "tells_fires": provider.can("last_fired")
        and pixel.last_fired_report_seen_at
        and pixel.ad_account.last_fired_report_seen_at,
        "drift": differ,
        "drift_shown": _both_sides(pixel),
        "restorable": [one for one in differ if not one.cannot_restore],
        "ignored": ignored(pixel),
        "is_live": live,
        "websites": Website.objects.for_team(request.team).filter(Q(archived_at=None) | Q(pk=pixel.website_id)),
        "is_active": provider.is_active(pixel.options | (pixel.remote_values or {})),
        "can": {name: is_there and not pixel.archived_at and provider.can(name) for name in CHANGES},
        "cannot_update": provider.missing.get("update"),
        "reasons": list(dict.fromkeys(provider.missing[name] for name in CHANGES if name in provider.missing)),
        "sandbox_page": pixel.connection.is_sandbox,
        "code_blocks": _code_blocks(pixel, issued),
    }
    seen = (pixel.lifecycle, pixel.remote_status, pixel.updated_at, pixel.checked_at, issued)
    state = last and (last.state, last.error_code, last.not_before, minutes_to(last.not_before))
    news = (*seen, state, blocker, blocker and minutes_to(blocker.until))
    return page_or_news(request, "pixels/pixel.html", "pixels/pixel_live.html", context, *news)


def _code_blocks(pixel: Pixel, issued: list[snippets.Issued]) -> list[CodeBlock]:
    return [
        CodeBlock(
            id=f"snippet-{one.tag.slug}",
            title=one.tag.title,
            code=one.snippet.body,
            place=one.tag.where,
            copy_label=one.tag.copy_label,
            warnings=tuple(one.tag.warnings),
            badge="Sandbox" if pixel.connection.is_sandbox else "",
            fingerprint=one.snippet.fingerprint[:12],
            issued_at=one.snippet.issued_at,
        )
        for one in issued
    ]


def _every(age: timedelta) -> str:
    return next((every for younger, every in FOLLOW if age < younger), LINGER)


@team_view(Role.EDITOR)
def edit(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    pixel = _get(request, pixel_id)
    can_update = pixel.provider_class.can("update")
    if not can_update or (pixel.lifecycle != Pixel.Lifecycle.LIVE and request.method != "POST"):
        messages.error(
            request, pixel.provider_class.missing.get("update") or "This is possible once the pixel is live."
        )
        return _back(request, pixel)
    form = EditPixelForm(pixel, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changes, secrets = form.changes(), form.options.secrets()
        if not changes and not secrets:
            messages.info(request, "Nothing was changed, so nothing was sent.")
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
        "groups": groups(form.vocabulary, form.ticked),
        "one_only": form.provider.can("one_event_per_pixel"),
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
            messages.success(request, "Cancelled: nothing was sent.")
    return _back(request, pixel)


@require_POST
@team_view(Role.EDITOR)
def drift(request: TeamRequest, pixel_id: UUID) -> HttpResponse:
    service = DECISIONS.get(request.POST.get("action", ""))
    if service is None:
        return HttpResponseBadRequest("action is adopt, restore, ignore or watch")
    pixel = _get(request, pixel_id)
    if request.POST.get("shown", shown := _both_sides(pixel)) != shown:
        messages.error(request, "This has changed meanwhile. Look at it again.")
        return _back(request, pixel)
    return _do(request, pixel, service, set(request.POST.getlist("field")))


def _both_sides(pixel: Pixel) -> str:
    """What somebody decides about."""
    return fingerprint({"local": pixel.local_values, "remote": pixel.remote_values})


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
        messages.error(request, pixel.provider_class.missing.get("delete") or "The provider cannot do this.")
        return _back(request, pixel)
    error = ""
    if request.method == "POST":
        if request.POST.get("confirm", "").strip() == pixel.name.strip():
            return _do(request, pixel, services.delete_pixel)
        error = "That is not the name of this pixel."
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
        messages.error(request, "There is nothing to fill in.")
    elif form.is_valid():
        return _do(request, pixel, services.set_tag_values, form.cleaned_data)
    else:
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {errors[0]}")
    return _back(request, pixel)
