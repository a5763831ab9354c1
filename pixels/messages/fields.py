"""Fields of a provider's form for pixels, by name."""

from __future__ import annotations

from django.utils.translation import gettext as _

from pixels.providers.base import Provider


def field_label(provider: type[Provider], name: str) -> str:
    """As the form labels the field; one that is no field of the form goes by its name."""
    if name == "name":
        return _("Name")
    field = provider.pixel_form.base_fields.get(name)
    label = str(field.label) if field and field.label else name.replace("_", " ")
    return label[:1].upper() + label[1:]
