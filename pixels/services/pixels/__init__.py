"""What people do with pixels, one file for each family of verbs."""

from pixels.rules import Draft, InvalidInput
from pixels.violations import RuleViolation

from .change import cancel, change_pixel, delete_pixel, retry, set_state
from .create import FormAlreadySent, create_pixels
from .drift import adopt_theirs, ignore_drift, restore_ours, watch_again
from .organise import archive_pixel, restore_pixel, set_tag_values, set_website
from .resolve import confirm_absent, confirm_exists, dismiss_error

__all__ = [
    "Draft",
    "FormAlreadySent",
    "InvalidInput",
    "RuleViolation",
    "adopt_theirs",
    "archive_pixel",
    "cancel",
    "change_pixel",
    "confirm_absent",
    "confirm_exists",
    "create_pixels",
    "delete_pixel",
    "dismiss_error",
    "ignore_drift",
    "restore_ours",
    "restore_pixel",
    "retry",
    "set_state",
    "set_tag_values",
    "set_website",
    "watch_again",
]
