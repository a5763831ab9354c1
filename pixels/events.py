"""The catalogue of events on a website, as data.

Each provider's own name for an event, and how well the two agree, is in that provider's vocabulary.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# Where the meaning of an entry comes from: the three providers' own documents.
EASYFLOW = "Easyflow, POST /pixels (docs.easyflow.digital/openapi/pixel)"
FACEBOOK = "Facebook tags as listed by PitchTarget's API (POST /offsitepixels)"
XANDR = "Xandr, Conversion Pixel Service (learn.microsoft.com/en-us/xandr)"
META = "Meta Pixel reference, standard events (developers.facebook.com)"


@dataclass(frozen=True)
class Event:
    key: str
    label: Promise
    sentence: Promise
    source: str


_CATALOGUE = (
    Event("page_view", _("Page view"), _("A page is opened"), META),
    Event("landing_page", _("Landing page"), _("A visitor arrives after seeing an ad"), XANDR),
    Event("view_item", _("Item view"), _("A product or service is looked at"), XANDR),
    Event("add_to_cart", _("Add to cart"), _("Something is put into the cart"), XANDR),
    Event("begin_checkout", _("Checkout started"), _("A checkout is started"), XANDR),
    Event("lead", _("Lead"), _("Somebody leaves contact details"), XANDR),
    Event("registration", _("Registration"), _("Somebody signs up"), FACEBOOK),
    Event("billing_address_completed", _("Address filled in"), _("The address form is filled in"), EASYFLOW),
    Event("shipping_info_added", _("Delivery address"), _("The delivery address is filled in"), EASYFLOW),
    Event("payment_method_selected_card", _("Card chosen"), _("Card is chosen as the way to pay"), EASYFLOW),
    Event("payment_method_selected_pix", _("Pix chosen"), _("Pix is chosen as the way to pay"), EASYFLOW),
    Event("payment_method_selected_boleto", _("Boleto chosen"), _("Boleto is chosen as the way to pay"), EASYFLOW),
    Event("payment_info_added", _("Payment details"), _("The payment details are filled in"), XANDR),
    Event("payment_info_added_boleto", _("Boleto details"), _("The boleto form is filled in"), EASYFLOW),
    Event("purchase_attempted", _("Buy button"), _("The button to buy is pressed"), EASYFLOW),
    Event("pix_generated", _("Pix created"), _("A Pix payment is created and waits for the buyer"), EASYFLOW),
    Event("pix_copied", _("Pix copied"), _("The buyer copies the Pix payment"), EASYFLOW),
    Event("pix_expired", _("Pix expired"), _("A Pix payment runs out unpaid"), EASYFLOW),
    Event("purchase", _("Purchase"), _("A purchase is finished"), XANDR),
    Event("purchase_failed", _("Purchase failed"), _("A purchase fails"), EASYFLOW),
    Event("coupon_opened", _("Coupon box"), _("The coupon box is opened"), EASYFLOW),
    Event("coupon_submitted", _("Coupon sent"), _("A coupon is sent off"), EASYFLOW),
    Event("coupon_applied", _("Coupon applied"), _("A coupon is accepted"), EASYFLOW),
    Event("coupon_failed", _("Coupon refused"), _("A coupon is refused"), EASYFLOW),
    Event("custom", pgettext_lazy("event", "Other"), _("Something else that matters to you"), FACEBOOK),
)

EVENTS: dict[str, Event] = {event.key: event for event in _CATALOGUE}
