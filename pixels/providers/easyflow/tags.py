"""JavaScript that passes events to Easyflow's SDK, as far as its documents show how."""

import json
import re

from django import forms
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from ..fields import TextField
from ..values import Tag, TagContext
from .vocabulary import VOCABULARY

# Members of the SDK's `Events` that its documents show. Other events are written as strings.
# The member for boleto has another name than its value, so names cannot be derived from values.
ENUM_MEMBERS = {
    "checkout-initialized": "CHECKOUT_INITIALIZED",
    "purchase-completed": "PURCHASE_COMPLETED",
    "purchase-failed": "PURCHASE_FAILED",
    "purchase-btn-clicked": "PURCHASE_BTN_CLICKED",
    "pix-selected": "PIX_SELECTED",
    "pix-generated": "PIX_GENERATED",
    "pix-expired": "PIX_EXPIRED",
    "pix-copied": "PIX_COPIED",
    "credit-card-selected": "CREDIT_CARD_SELECTED",
    "credit-card-form-init": "CREDIT_CARD_FORM_INIT",
    "credit-card-form-completed": "CREDIT_CARD_FORM_COMPLETED",
    "bank-slip-selected": "BANK_BILLET_SELECTED",
}
MOMENTS = {word.value: word.sentence for word in VOCABULARY}
LANGUAGE_OF_CODE = "en"  # of the comments in the code, which is the same whoever asks for it
PLACEHOLDERS = {"business_id": "YOUR_BUSINESS_ID", "fingerprint_id": "YOUR_FINGERPRINT_ID"}

AVAILABILITY = _("As far as Easyflow's documents show; verify that the package @easyflow/pixel is available to you.")
ORDER_DATA = _(
    "The order data that goes with a purchase differs between versions of the package: "
    "add it as the version you install describes."
)


class EasyflowTagForm(forms.Form):
    business_id = TextField(label=_("Business id"), max_length=255, required=False)
    fingerprint_id = TextField(label=_("Fingerprint id"), max_length=255, required=False)


def sdk_tag(subject: TagContext) -> Tag:
    filled = {name: str(subject.values.get(name) or "").strip() for name in PLACEHOLDERS}
    events = [event for event in subject.events if isinstance(event, str)]
    business, fingerprint = (_js_string(filled[name] or PLACEHOLDERS[name]) for name in PLACEHOLDERS)
    uses_enum = any(event in ENUM_MEMBERS for event in events)
    names = "EasyflowPixel, Events" if uses_enum else "EasyflowPixel"
    lines = [
        f'import {{ {names} }} from "@easyflow/pixel";',
        "",
        f"const pixel = new EasyflowPixel({business}, {fingerprint});",
        "await pixel.init();",
        "",
        "// Call each of these functions when its event happens.",
    ]
    with override(LANGUAGE_OF_CODE):
        for event in events:
            lines += [f"// {MOMENTS[event]}:"] if event in MOMENTS else []
            lines += [f"export function {_function(event)}() {{", f"  pixel.track({_event(event)});", "}"]
    return Tag(
        slug="sdk",
        title=gettext("SDK integration"),
        copy_label=gettext("Copy code"),
        body="\n".join(lines) + "\n",
        where=gettext(
            "In your checkout, as a JavaScript module: it sets up the SDK. Call each function as its event happens."
        ),
        warnings=(str(AVAILABILITY), *([str(ORDER_DATA)] if "purchase-completed" in events else [])),
        to_fill_in=sum(not value for value in filled.values()),
    )


def _function(event: str) -> str:
    """The name of the function for an event: trackPurchaseCompleted for purchase-completed. The website calls it."""
    return "track" + "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", event))


def _event(value: str) -> str:
    member = ENUM_MEMBERS.get(value)
    return f"Events.{member}" if member else _js_string(value)


def _js_string(text: str) -> str:
    """A JavaScript string literal that is safe inside <script>."""
    quoted = json.dumps(text, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        quoted = quoted.replace(character, f"\\u{ord(character):04x}")
    return quoted
