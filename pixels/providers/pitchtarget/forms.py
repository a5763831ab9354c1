"""What PitchTarget asks for: a token and an ad account; for a pixel its name and its tag, nothing else."""

from collections.abc import Mapping
from typing import Any

from ..base import ConnectionForm, PixelForm
from ..fields import EventsField, KeyField, TextField, digits_only, refuse_in_name
from .vocabulary import VOCABULARY


class PitchTargetConnectionForm(ConnectionForm):
    token = KeyField(label="Token", help_text='The token alone, without the word "OAuth" before it.')
    ad_account = TextField(
        label="Ad account",
        max_length=64,
        validators=[digits_only],
        help_text='The Facebook id of the ad account: digits only, without "act_".',
    )

    field_order = ("token", "ad_account")


class PitchTargetPixelForm(PixelForm):
    events = EventsField(VOCABULARY)

    def clean_name(self, name: str) -> str:
        name = super().clean_name(name)
        refuse_in_name(
            name, ("<", ">", "--"), "PitchTarget writes the name into its code as it is, and that breaks it."
        )
        return name

    def options(self) -> dict[str, Any]:
        return {}

    @classmethod
    def initial_for(cls, events: tuple[str, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        return {"events": list(events)}
