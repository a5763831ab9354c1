"""Xandr's two conversion tags, exactly as its documents print them."""

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..coerce import coerce
from ..values import Tag, TagContext
from .mapping import SHAPES

# According to its documents since 2024-10-09.
CONSENT = _(
    "For visitors in the EEA, the UK and Switzerland Xandr counts a call only with consent parameters "
    "(gdpr and gdpr_consent), which these tags do not carry."
)


FIELD = "piggyback_pixels"
PIGGYBACKS = {FIELD: SHAPES[FIELD]}


def conversion_tags(subject: TagContext) -> list[Tag]:
    """An image tag and a script tag; with piggyback pixels, only the one of their kind can carry them."""
    if not (subject.remote_id.isascii() and subject.remote_id.isdigit()):
        return []
    piggybacks = coerce(subject.options, PIGGYBACKS).get(FIELD, [])
    kinds = {piggyback["pixel_type"] for piggyback in piggybacks}
    tags = []
    if "js" not in kinds:
        tags.append(_image(subject.remote_id))
    if "img" not in kinds:
        tags.append(_script(subject.remote_id))
    return tags


def _image(remote_id: str) -> Tag:
    return Tag(
        slug="image",
        title=gettext("Image tag"),
        copy_label=gettext("Copy image tag"),
        body=f'<img src="{_address(remote_id)}&t=2" width="1" height="1" />',
        where=gettext("Just before </body> of the page that is shown after the conversion."),
        warnings=(str(CONSENT),),
    )


def _script(remote_id: str) -> Tag:
    return Tag(
        slug="script",
        title=gettext("Script tag"),
        copy_label=gettext("Copy script tag"),
        body=f'<script src="{_address(remote_id)}&t=1" type="text/javascript"></script>',
        where=gettext("Just before </body> of the page that is shown after the conversion."),
        warnings=(str(CONSENT),),
    )


def _address(remote_id: str) -> str:
    return f"https://{settings.XANDR_TAG_HOST}/px?id={remote_id}"
