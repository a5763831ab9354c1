"""The catalogue of events on a website, as data.

Each provider's own name for an event, and how well the two agree, is in that provider's vocabulary.
"""

from dataclasses import dataclass

# Where the meaning of an entry comes from: the three providers' own documents.
EASYFLOW = "Easyflow, POST /pixels (docs.easyflow.digital/openapi/pixel)"
FACEBOOK = "Facebook tags as listed by PitchTarget's API (POST /offsitepixels)"
XANDR = "Xandr, Conversion Pixel Service (learn.microsoft.com/en-us/xandr)"
META = "Meta Pixel reference, standard events (developers.facebook.com)"


@dataclass(frozen=True)
class Event:
    key: str
    label: str
    sentence: str
    source: str


_CATALOGUE = (
    Event("page_view", "Page view", "A page is opened", META),
    Event("landing_page", "Landing page", "A visitor arrives after seeing an ad", XANDR),
    Event("view_item", "Item view", "A product or service is looked at", XANDR),
    Event("add_to_cart", "Add to cart", "Something is put into the cart", XANDR),
    Event("begin_checkout", "Checkout started", "A checkout is started", XANDR),
    Event("lead", "Lead", "Somebody leaves contact details", XANDR),
    Event("registration", "Registration", "Somebody signs up", FACEBOOK),
    Event("billing_address_completed", "Address filled in", "The address form is filled in", EASYFLOW),
    Event("shipping_info_added", "Delivery address", "The delivery address is filled in", EASYFLOW),
    Event("payment_method_selected_card", "Card chosen", "Card is chosen as the way to pay", EASYFLOW),
    Event("payment_method_selected_pix", "Pix chosen", "Pix is chosen as the way to pay", EASYFLOW),
    Event("payment_method_selected_boleto", "Boleto chosen", "Boleto is chosen as the way to pay", EASYFLOW),
    Event("payment_info_added", "Payment details", "The payment details are filled in", XANDR),
    Event("payment_info_added_boleto", "Boleto details", "The boleto form is filled in", EASYFLOW),
    Event("purchase_attempted", "Buy button", "The button to buy is pressed", EASYFLOW),
    Event("pix_generated", "Pix created", "A Pix payment is created and waits for the buyer", EASYFLOW),
    Event("pix_copied", "Pix copied", "The buyer copies the Pix payment", EASYFLOW),
    Event("pix_expired", "Pix expired", "A Pix payment runs out unpaid", EASYFLOW),
    Event("purchase", "Purchase", "A purchase is finished", XANDR),
    Event("purchase_failed", "Purchase failed", "A purchase fails", EASYFLOW),
    Event("coupon_opened", "Coupon box", "The coupon box is opened", EASYFLOW),
    Event("coupon_submitted", "Coupon sent", "A coupon is sent off", EASYFLOW),
    Event("coupon_applied", "Coupon applied", "A coupon is accepted", EASYFLOW),
    Event("coupon_failed", "Coupon refused", "A coupon is refused", EASYFLOW),
    Event("custom", "Other", "Something else that matters to you", FACEBOOK),
)

EVENTS: dict[str, Event] = {event.key: event for event in _CATALOGUE}
