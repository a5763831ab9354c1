"""The rules for input. Forms check them, and so do services, whoever calls these.

Each function returns errors as data: the field, a code and its parameters. A form shows them at its fields; a service
raises InvalidInput. A rule about other rows (such as a unique name) holds only under the lock that the service takes; a
form checks it without the lock, to show the error early.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, URLValidator
from django.utils.translation import gettext_lazy as _

from accounts.models import Team
from accounts.violations import say
from pixels.models import AdAccount, Connection, Pixel, Website
from pixels.providers.base import Provider
from pixels.providers.coerce import MAX_ID, object_id
from pixels.providers.fields import no_control_characters
from pixels.providers.forms import PixelForm
from pixels.providers.values import AdAccountRef
from pixels.violations import SENTENCES, RuleViolation

NAME_LENGTH = 255  # our own limit; Easyflow, PitchTarget and Xandr document none
URL_LENGTH = 500
# A new pixel may have the name or code of a row in one of these states.
FREES_ITS_NAME = (Pixel.Lifecycle.FAILED, Pixel.Lifecycle.DELETED)

web_address = URLValidator(schemes=["http", "https"], message=_("Enter a web address, such as https://shop.example."))


@dataclasses.dataclass(frozen=True)
class InputError:
    """`field`: "name", "events", a field of the provider's form, or "" for the input as a whole."""

    field: str
    code: str
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return say(SENTENCES, self.code, self.params)


class InvalidInput(RuleViolation):
    """Shows the first of its errors as its sentence."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        super().__init__(errors[0].code, **errors[0].params)
        self.errors = tuple(errors)


def require(errors: Iterable[InputError]) -> None:
    """Raise InvalidInput if there are errors."""
    if found := list(errors):
        raise InvalidInput(found)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Draft:
    """One pixel to create. `id` is made from the form's token, so that sending a form twice gives the same ids."""

    id: UUID
    name: str
    events: tuple[str, ...]
    options: Mapping[str, Any]
    secrets: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def payload(self) -> dict[str, Any]:
        return {"name": self.name, "events": list(self.events), "options": dict(self.options)}


# Pixels


class NameField(forms.CharField):
    """The rules for names that all providers have in common."""

    default_validators = [no_control_characters]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Name"), "max_length": NAME_LENGTH, **kwargs})


def name_errors(provider: type[Provider], name: str) -> list[InputError]:
    def check() -> None:
        if NameField().clean(name) != name:  # a form would have stripped it
            raise ValidationError(_("Remove the spaces around it."))
        provider.pixel_form().clean_name(name)

    return _refused("name", check)


def draft_errors(
    ad_account: AdAccount, drafts: Sequence[Draft], form_ids: Collection[UUID] = ()
) -> dict[UUID, list[InputError]]:
    """The errors of these new pixels, by id; pixels without errors are left out.

    `form_ids`: ids of pixels that the same form has already made, and with which the drafts may share names and codes.
    """
    provider, rows = ad_account.connection.provider_class, _others(ad_account, {*form_ids, *(one.id for one in drafts)})
    repeated = _repeated(provider, drafts)
    found = {}
    for draft in drafts:
        errors = [
            *name_errors(provider, draft.name),
            *events_errors(provider, draft.events),
            *_option_errors(provider.pixel_form, draft),
        ]
        for key, value in _unique_values(provider, draft):
            if (key, value) in repeated:
                errors.append(_repeated_in_batch(provider, key))
            elif not any(error.field == key for error in errors) and rows.filter(**{_column(key): value}).exists():
                errors.append(_taken(provider, key))
        if errors:
            found[draft.id] = errors
    return found


def events_errors(provider: type[Provider], events: Collection[str]) -> list[InputError]:
    too_many = provider.can("one_event_per_pixel") and len(events) > 1
    return [InputError("events", "one_event_per_pixel")] if too_many else []


def change_errors(pixel: Pixel, changes: Mapping[str, Any], secrets: Mapping[str, str]) -> list[InputError]:
    """The errors that these changes would cause. Errors that the pixel's present values already have are left out."""
    provider, form = pixel.provider_class, pixel.provider_class.pixel_form
    before = Draft(id=pixel.pk, name=pixel.name, events=tuple(pixel.events), options=pixel.options)
    options = {key: value for key, value in changes.items() if key not in ("name", "events")}
    after = Draft(
        id=pixel.pk,
        name=changes.get("name", pixel.name),
        events=tuple(changes.get("events", pixel.events)),
        options={**pixel.options, **options},
        secrets=secrets,
    )
    fixed = [InputError(name, "field_fixed", {"provider": provider.slug, "field": name}) for name in form.fixed]
    asked = changes.keys() - form.fixed.keys()
    known = [*_option_errors(form, before, pixel), *(InputError(name, "not_understood") for name in form.fixed)]
    return [
        *(error for error in fixed if error.field in changes),
        *(name_errors(provider, after.name) if "name" in changes else ()),
        *(events_errors(provider, after.events) if "events" in changes else ()),
        *(one for one in _option_errors(form, after, pixel) if one not in known or one.field in asked),
        *taken_by_another(pixel, options),
    ]


def taken_by_another(pixel: Pixel, options: Mapping[str, Any]) -> list[InputError]:
    """An error for each option that must be unique and whose value another pixel in the ad account has."""
    provider, rows = pixel.provider_class, _others(pixel.ad_account, {pixel.pk})
    return [
        InputError(key, "option_of_another", {"provider": provider.slug, "option": key})
        for key in provider.pixel_form.per_pixel
        if options.get(key) and rows.filter(**{_column(key): options[key]}).exists()
    ]


def _option_errors(form_class: type[PixelForm], draft: Draft, pixel: Pixel | None = None) -> list[InputError]:
    """What the provider's own form says of these values: errors, and values that it would not keep as they are."""
    values = form_class.initial_for(draft.events, draft.options)
    if pixel is None:
        form = form_class({**values, **draft.secrets}, initial=values)
    else:
        form = form_class.for_pixel(tuple(pixel.events), pixel.options, {**values, **draft.secrets})
    if not form.is_valid():
        return [
            InputError("" if name == "__all__" else name, "refused", {"message": str(message)})
            for name, messages in form.errors.items()
            for message in messages
        ]
    kept = {**form.options(), **form.secrets()}
    given = {**draft.options, **draft.secrets}
    return [InputError(name, "not_understood") for name, value in given.items() if kept.get(name) != value]


def _unique_values(provider: type[Provider], draft: Draft) -> list[tuple[str, str]]:
    """The fields and values that no two pixels of an ad account may share."""
    values = [("name", draft.name)] if provider.can("name_unique") else []
    options = [(key, draft.options.get(key)) for key in provider.pixel_form.per_pixel]
    return [*values, *((key, value) for key, value in options if value)]


def _repeated(provider: type[Provider], drafts: Sequence[Draft]) -> set[tuple[str, str]]:
    counted = Counter(pair for draft in drafts for pair in _unique_values(provider, draft))
    return {pair for pair, number in counted.items() if number > 1}


def _repeated_in_batch(provider: type[Provider], key: str) -> InputError:
    if key == "name":
        return InputError(key, "name_twice_in_batch")
    return InputError(key, "option_twice_in_batch", {"provider": provider.slug, "option": key})


def _taken(provider: type[Provider], key: str) -> InputError:
    if key == "name":
        return InputError(key, "name_taken", {"provider": provider.slug})
    return InputError(key, "option_taken", {"provider": provider.slug, "option": key})


def _column(key: str) -> str:
    return key if key == "name" else f"options__{key}"


def _others(ad_account: AdAccount, ids: Collection[UUID]) -> Any:
    return Pixel.objects.filter(ad_account=ad_account).exclude(lifecycle__in=FREES_ITS_NAME).exclude(pk__in=ids)


def _refused(name: str, check: Callable[[], None]) -> list[InputError]:
    """The messages that a field's check raises, as errors."""
    try:
        check()
    except ValidationError as error:
        return [InputError(name, "refused", {"message": message}) for message in error.messages]
    return []


# Ids that a person has read at the provider


def remote_id_errors(remote_id: str) -> list[InputError]:
    return [] if object_id(remote_id) else [InputError("remote_id", "no_remote_id", {"limit": MAX_ID})]


def ad_account_errors(connection: Connection, refs: Sequence[AdAccountRef]) -> list[InputError]:
    same = connection.ad_accounts.filter(remote_id__in=[ref.id for ref in refs])
    known = set(same.values_list("remote_id", flat=True))
    errors = []
    for ref in refs:
        if ref.id in known:
            errors.append(InputError("ad_account", "ad_account_taken", {"remote_id": ref.id}))
        known.add(ref.id)
    return errors


# Websites


def website_errors(team: Team, name: str, url: str, *, website: Website | None = None) -> list[InputError]:
    """`website`: the existing website that gets these values, if any."""
    name_field: Any = Website._meta.get_field("name")

    def check_url() -> None:
        web_address(url)
        MaxLengthValidator(URL_LENGTH)(url)

    errors = [*_refused("name", lambda: name_field.clean(name, None)), *_refused("url", check_url)]
    same = Website.objects.for_team(team).filter(name__iexact=name)
    if website is not None:
        same = same.exclude(pk=website.pk)
    return [*errors, *([InputError("", "website_name_taken")] if same.exists() else ())]
