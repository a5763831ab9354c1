"""What people can ask of a pixel, as service calls, for the table of transitions and for random sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from django.apps import apps

from accounts.models import User
from accounts.services import RuleViolation
from pixels.models import Operation, Pixel
from pixels.services import pixels

_numbers = count(1)


def create_again(pixel: Pixel, actor: User) -> None:
    """Send the form that made the pixel once more, as a reload does."""
    create = pixel.operations.filter(kind=Operation.Kind.CREATE).earliest("created_at")
    draft = pixels.Draft(
        id=pixel.pk,
        name=create.payload["name"],
        events=tuple(create.payload["events"]),
        options=create.payload["options"],
    )
    pixels.create_pixels(pixel.team, actor, ad_account=pixel.ad_account, website=pixel.website, drafts=[draft])


def change(pixel: Pixel, actor: User) -> None:
    """Give the pixel a new name. The first word stays, since the sequences tell by it which pixel an object belongs
    to."""
    pixels.change_pixel(pixel, actor, {"name": f"{pixel.name.split()[0]} v{next(_numbers)}"})


ACTIONS: Mapping[str, Callable[[Pixel, User], Any]] = {
    "again": create_again,
    "change": change,
    "on": lambda pixel, actor: pixels.set_state(pixel, actor, active=True),
    "off": lambda pixel, actor: pixels.set_state(pixel, actor, active=False),
    "delete": pixels.delete_pixel,
    "cancel": pixels.cancel,
    "retry": pixels.retry,
    "exists": lambda pixel, actor: pixels.confirm_exists(pixel, actor, "4711"),
    "absent": pixels.confirm_absent,
    "dismiss": pixels.dismiss_error,
    "adopt": lambda pixel, actor: pixels.adopt_theirs(pixel, actor, {"name"}),
    "resend": lambda pixel, actor: pixels.restore_ours(pixel, actor, {"name"}),
    "ignore": lambda pixel, actor: pixels.ignore_drift(pixel, actor, {"name"}),
    "watch": lambda pixel, actor: pixels.watch_again(pixel, actor, {"name"}),
    "archive": pixels.archive_pixel,
    "restore": pixels.restore_pixel,
}


def do(action: Callable[[Pixel, User], Any], pixel_id: Any, actor: User) -> bool:
    """Call the service as a page does, with the row as it is now. Returns False if it was refused."""
    pixel = Pixel.objects.select_related("connection", "ad_account", "team").get(pk=pixel_id)
    try:
        action(pixel, actor)
    except RuleViolation as refused:
        assert str(refused).endswith("."), "no sentence"
        return False
    return True


def all_rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of both apps, with all its columns."""
    models = [*apps.get_app_config("pixels").get_models(), *apps.get_app_config("accounts").get_models()]
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}
