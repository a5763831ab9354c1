"""The admin pages of all models, for those who run PixelHub. They show no secret, and records cannot be edited."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.services import RuleViolation
from pixels.actions import allowed, last_operation
from pixels.messages import connection_sentence, error_sentence
from pixels.models import AdAccount, Connection, Credential, Operation, Pixel, Snippet, SyncRun, Website
from pixels.services.connections import sync_now
from pixels.services.pixels import retry


class ReadOnly(admin.ModelAdmin):
    """For records, and for rows that only services may change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WithError(ReadOnly):
    """For rows with an error: its sentence stands beside the code and the parameters that are stored."""

    readonly_fields: ClassVar[tuple[str, ...]] = ("error",)

    @admin.display(description="error")
    def error(self, row: Pixel | Operation | SyncRun) -> str:
        return error_sentence(row)


@admin.register(Website)
class WebsiteAdmin(admin.ModelAdmin):
    list_display = ("name", "team", "url", "archived_at", "created_at")
    list_filter = (("archived_at", admin.EmptyFieldListFilter), "team")
    list_select_related = ("team",)
    search_fields = ("name", "url", "team__name")
    autocomplete_fields = ("team",)
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A website cannot change its team, since its pixels would not follow."""
        return ("team",) if obj else ()

    date_hierarchy = "created_at"


class AdAccountInline(admin.TabularInline):
    model = AdAccount
    extra = 0
    can_delete = False
    readonly_fields = ("remote_id", "code", "listed_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Connection)
class ConnectionAdmin(ReadOnly):
    list_display = (
        "__str__",
        "team",
        "provider",
        "environment",
        "test",
        "tested_at",
        "paused_at",
        "disconnected_at",
    )
    list_filter = ("provider", "environment", "test", "team")
    list_select_related = ("team",)
    search_fields = ("team__name", "ad_accounts__remote_id", "id")
    readonly_fields = ("what_the_test_said",)
    inlines = (AdAccountInline,)
    actions = ("sync",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        return super().get_queryset(request).prefetch_related("ad_accounts")

    @admin.display(description="what the test said")
    def what_the_test_said(self, connection: Connection) -> str:
        return connection_sentence(connection)

    @admin.action(description="Sync now", permissions=["sync"])
    def sync(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        started = 0
        for connection in queryset.select_related("team"):
            try:
                sync_now(connection, cast(User, request.user))
                started += 1
            except RuleViolation as refused:
                self.message_user(request, f"{connection}: {refused}", messages.WARNING)
        if started:
            self.message_user(request, f"Syncs started: {started}.")

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pixels.change_connection")


@admin.register(Credential)
class CredentialAdmin(ReadOnly):
    """Who has set the credentials and when; never their values."""

    list_display = ("connection", "set_by", "set_at")
    list_select_related = ("connection__team", "set_by")
    list_filter = ("connection__provider", "connection__team")
    search_fields = ("connection__team__name",)
    fields = ("connection", "set_by", "set_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Credential]:
        rows = super().get_queryset(request).defer("sealed", "sealed_token")
        return rows.prefetch_related("connection__ad_accounts")


@admin.register(AdAccount)
class AdAccountAdmin(ReadOnly):
    list_display = ("remote_id", "code", "connection", "listed_at")
    list_filter = ("connection__provider", "connection__team")
    search_fields = ("remote_id", "code", "connection__team__name")
    list_select_related = ("connection",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdAccount]:
        return super().get_queryset(request).prefetch_related("connection__ad_accounts")


@admin.register(Pixel)
class PixelAdmin(WithError):
    list_display = ("name", "team", "provider", "lifecycle", "remote_status", "remote_id", "website", "created_at")
    list_filter = ("connection__provider", "lifecycle", "remote_status", "connection__environment", "team")
    list_select_related = ("team", "connection", "website")
    search_fields = ("name", "remote_id", "id", "website__name", "team__name")
    date_hierarchy = "created_at"
    readonly_fields = ("error", "decisions")
    actions = ("send_again",)

    @admin.display(description="what may be done now")
    def decisions(self, pixel: Pixel) -> SafeString:
        """Each action, with the reason if it is not possible; roles are left out."""
        found = allowed(pixel, last_operation(pixel), None)
        return format_html_join(
            "", "<div>{}: {}</div>", ((action.value, decision.sentence or "yes") for action, decision in found.items())
        )

    @admin.display(description="provider", ordering="connection__provider")
    def provider(self, pixel: Pixel) -> str:
        return pixel.provider_class.label

    @admin.action(description="Retry", permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Pixel]) -> None:
        """Send failed operations again. The service refuses unconfirmed ones."""
        sent = 0
        for pixel in queryset.select_related("team", "connection"):
            try:
                retry(pixel, cast(User, request.user))
                sent += 1
            except RuleViolation as refused:
                self.message_user(request, f"{pixel}: {refused}", messages.WARNING)
        if sent:
            self.message_user(request, f"Queued again: {sent}.")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pixels.change_pixel")


@admin.register(Operation)
class OperationAdmin(WithError):
    list_display = (
        "id",
        "team",
        "pixel",
        "kind",
        "state",
        "attempt",
        "sent_at",
        "error_code",
        "created_at",
    )
    list_filter = ("kind", "state", "pixel__connection__provider", "team")
    list_select_related = ("team", "pixel")
    search_fields = ("id", "pixel__name", "pixel__id", "team__name")
    date_hierarchy = "created_at"


@admin.register(SyncRun)
class SyncRunAdmin(WithError):
    list_display = (
        "id",
        "team",
        "connection",
        "state",
        "seen",
        "created",
        "updated",
        "missing",
        "started_at",
    )
    list_filter = ("state", "connection__provider", "team")
    list_select_related = ("team", "connection")
    search_fields = ("team__name",)
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncRun]:
        return super().get_queryset(request).prefetch_related("connection__ad_accounts")


@admin.register(Snippet)
class SnippetAdmin(ReadOnly):
    list_display = ("pixel", "slug", "number", "fingerprint", "issued_at")
    list_filter = ("slug", "pixel__connection__provider", "pixel__team")
    list_select_related = ("pixel",)
    search_fields = ("pixel__name", "fingerprint")
