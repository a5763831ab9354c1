"""Xandr's two forms, with the limits that its page on the Conversion Pixel Service gives."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ..coerce import coerce
from ..fields import (
    EventsField,
    PasswordField,
    PrivateKeyField,
    TextField,
    WholeNumberField,
    digits_only,
    no_control_characters,
)
from ..forms import ConnectionForm, PixelForm
from .mapping import SHAPES
from .vocabulary import VOCABULARY

MAX_REPEAT_MINUTES = 32767
MAX_CLICK_MINUTES = 129600  # 90 days
MAX_VIEW_MINUTES = 43200  # 30 days
MAX_PIGGYBACK_URL = 255

STATES = (("active", _("Active")), ("inactive", _("Inactive")))
TRIGGERS = (
    ("click", pgettext_lazy("what an ad got", "Click")),
    ("view", pgettext_lazy("what an ad got", "View")),
    ("hybrid", _("Hybrid: click or view")),
)
ONCE, EVERY, MINUTES = "once", "every", "minutes"
REPEATS = (
    (ONCE, _("One per person")),
    (EVERY, _("Every conversion")),
    (MINUTES, _("After a number of minutes")),
)
PIGGYBACKS = (("img", _("Image")), ("js", _("Script")))


# Not "User name and password": nobody should take a choice for a field.
WAYS = (("password", _("A user's log-in")), ("key", _("A key pair")))


class XandrConnectionForm(ConnectionForm):
    ways: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "password": ("username", "password"),
        "key": ("key_username", "key_name", "private_key"),
    }

    way = forms.ChoiceField(
        label=_("Sign in with"), choices=WAYS, widget=forms.RadioSelect, initial="password", required=False
    )
    username = TextField(label=_("Username"), max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = PasswordField(label=_("Password"))
    key_username = TextField(
        label=_("Key user name"),
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("The Xandr user that the key belongs to."),
    )
    key_name = TextField(
        label=_("Key name"),
        max_length=255,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("The name under which the public key was registered at Xandr."),
    )
    private_key = PrivateKeyField(label=_("Private key"))
    ad_account = TextField(
        label=_("Advertiser"), max_length=64, validators=[digits_only], help_text=_("Its id, a number.")
    )
    # Not "Advertiser code": one field's name should not begin with another's.
    ad_account_code = TextField(
        label=_("Its code, if you know it"),
        max_length=255,
        required=False,
        help_text=_("Your company's own code for the advertiser: it lets PixelHub find a pixel in one step."),
    )

    field_order = (
        "way",
        "username",
        "password",
        "key_username",
        "key_name",
        "private_key",
        "ad_account",
        "ad_account_code",
    )


class XandrPixelForm(PixelForm):
    advanced: ClassVar[tuple[str, ...]] = (
        "state",
        "trigger_type",
        "repeat",
        "min_minutes",
        "post_click_expire_mins",
        "post_view_expire_mins",
        "post_click_value",
        "post_view_value",
        "code",
        "piggyback_type",
        "piggyback_urls",
    )
    advanced_hint = _("State, trigger, repeats, windows, values, code, piggyback")
    per_pixel: ClassVar[tuple[str, ...]] = ("code",)
    show_when: ClassVar[Mapping[str, str]] = {"min_minutes": "repeat=minutes"}

    events = EventsField(VOCABULARY)
    state = forms.ChoiceField(label=_("State"), choices=STATES, initial="active")
    trigger_type = forms.ChoiceField(
        label=_("Trigger type"),
        choices=TRIGGERS,
        initial="click",
        help_text=_("What must have happened to the ad before a conversion counts."),
    )
    repeat = forms.ChoiceField(
        label=_("Repeat conversions"),
        choices=REPEATS,
        widget=forms.RadioSelect,
        initial=ONCE,
    )
    min_minutes = WholeNumberField(
        label=_("Minutes between conversions"),
        min_value=1,
        max_value=MAX_REPEAT_MINUTES,
        required=False,
        help_text=_("1 to 32,767 minutes (22 days)."),
    )
    post_click_expire_mins = WholeNumberField(
        label=_("Post-click window (minutes)"),
        min_value=0,
        max_value=MAX_CLICK_MINUTES,
        required=False,
        initial=20160,
        help_text=_("Empty or 0: the maximum, 129,600 minutes (90 days)."),
    )
    post_view_expire_mins = WholeNumberField(
        label=_("Post-view window (minutes)"),
        min_value=0,
        max_value=MAX_VIEW_MINUTES,
        required=False,
        initial=1440,
        help_text=_("Empty or 0: the maximum, 43,200 minutes (30 days)."),
    )
    post_click_value = forms.FloatField(
        error_messages={"invalid": _("Type a number.")},
        label=_("Post-click value"),
        required=False,
        help_text=_("What a conversion after a click is worth to you."),
    )
    post_view_value = forms.FloatField(
        error_messages={"invalid": _("Type a number.")},
        label=_("Post-view value"),
        required=False,
        help_text=_("What a conversion after a view is worth to you."),
    )
    code = TextField(
        label=pgettext_lazy("option of a pixel", "Code"),
        max_length=255,
        required=False,
        help_text=_(
            "Your own code for the pixel at Xandr. PixelHub's reference is filled in: "
            "by it a pixel is found again when an answer got lost."
        ),
    )
    piggyback_type = forms.ChoiceField(label=_("Piggyback type"), choices=PIGGYBACKS, initial="img", required=False)
    piggyback_urls = forms.CharField(
        label=_("Piggyback URLs"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Pixels to fire along with this one, one URL a line, at most 255 characters each. "
            "Images: one only. Scripts: several."
        ),
    )

    def clean_piggyback_urls(self) -> list[str]:
        urls = [line.strip() for line in self.cleaned_data["piggyback_urls"].splitlines() if line.strip()]
        check = URLValidator(schemes=["http", "https"], message=_("Not a web address: %(value)s"))
        for url in urls:
            if len(url) > MAX_PIGGYBACK_URL:
                raise ValidationError(
                    _("A URL has %(length)s characters; at most %(most)s are allowed."),
                    params={"length": len(url), "most": MAX_PIGGYBACK_URL},
                )
            no_control_characters(url)
            check(url)
        return urls

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("repeat") != MINUTES:
            self.errors.pop("min_minutes", None)  # the field is hidden then, so its error could not be corrected
        elif data.get("min_minutes") is None and "min_minutes" not in self.errors:
            self.add_error("min_minutes", _("Say after how many minutes a conversion counts again."))
        if len(data.get("piggyback_urls") or []) > 1 and data.get("piggyback_type") != "js":
            self.add_error("piggyback_urls", _("An image can carry one URL. For several, choose Script."))
        return data

    def options(self) -> dict[str, Any]:
        data = self.cleaned_data
        kind = data["piggyback_type"] or "img"
        return {
            "state": data["state"] or None,
            "trigger_type": data["trigger_type"] or None,
            "min_minutes_per_conv": {ONCE: None, EVERY: 0, MINUTES: data.get("min_minutes")}[data["repeat"]],
            "post_click_expire_mins": data["post_click_expire_mins"],
            "post_view_expire_mins": data["post_view_expire_mins"],
            "post_click_value": data["post_click_value"],
            "post_view_value": data["post_view_value"],
            "code": data["code"] or None,
            "piggyback_pixels": [{"pixel_type": kind, "url": url} for url in data["piggyback_urls"]],
        }

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        options = coerce(options, SHAPES)
        minutes = options.get("min_minutes_per_conv")
        piggybacks = options.get("piggyback_pixels") or []
        same = (
            "state",
            "trigger_type",
            "post_click_expire_mins",
            "post_view_expire_mins",
            "post_click_value",
            "post_view_value",
        )
        return {
            "events": list(events),
            **{name: options.get(name) for name in same},
            "code": options.get("code") or "",
            "repeat": ONCE if minutes is None else MINUTES if minutes else EVERY,
            "min_minutes": minutes or None,
            "piggyback_type": piggybacks[0]["pixel_type"] if piggybacks else "",
            "piggyback_urls": "\n".join(piggyback["url"] for piggyback in piggybacks),
        }
