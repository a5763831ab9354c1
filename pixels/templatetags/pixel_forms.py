from django import template

from pixels.providers.forms import PixelForm

register = template.Library()


@register.filter
def show_when(form: PixelForm, field_name: str) -> str:
    """The condition under which a provider's form shows a field: "platform=google"; empty: always."""
    return form.show_when.get(field_name, "")
