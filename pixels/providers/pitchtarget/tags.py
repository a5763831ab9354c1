"""PitchTarget sends the code to paste, and PixelHub shows it unchanged."""

import re

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..values import Tag, TagContext

LEGACY = _("Legacy: Facebook switched these tags off in February 2017; this code no longer measures anything.")


def code_tag(subject: TagContext) -> Tag | None:
    """The tag with PitchTarget's `js_pixel`; None while that has not been read."""
    if subject.snippet is None:
        return None
    return Tag(
        slug="code",
        title=gettext("Facebook conversion code"),
        copy_label=gettext("Copy code"),
        body=subject.snippet,
        where=gettext("Between <head> and </head> of the page that is shown after the conversion."),
        warnings=(str(LEGACY), *_built_in_value(subject.snippet)),
    )


def _built_in_value(snippet: str) -> list[str]:
    value = re.search(r"fb_param\.value = '([0-9.]+)'", snippet)
    currency = re.search(r"fb_param\.currency = '([A-Z]{3})'", snippet)
    if not value or not currency:
        return []
    told = gettext("A value of {value} {currency} is built into this code and goes with every conversion.")
    return [told.format(value=value[1], currency=currency[1])]
