"""Values that views pass to the template parts in templates/components/. A text that is a SafeString may hold
markup."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Action:
    """A button that posts, with its own form and CSRF token; or a link that looks like a button."""

    label: str
    url: str
    style: str = "secondary"  # primary | secondary | quiet | danger | likely
    is_small: bool = True
    is_link: bool = False
    icon: str = ""
    spoken: str = ""  # the name for screen readers if `label` is not unique on the page; it begins with `label`
    name: str = ""  # the button's own name, so that its value is posted
    value: str = ""
    fields: tuple[tuple[str, str], ...] = ()  # (name, value) of hidden inputs


@dataclass(frozen=True)
class Banner:
    """A message about the page, with what can be done about it."""

    tone: str  # live | waiting | needs | failed | unknown | sandbox
    icon: str
    title: str = ""
    sentences: tuple[str, ...] = ()  # a paragraph each
    actions: tuple[Action, ...] = ()
    is_alert: bool = False  # screen readers read it at once; for failures and for what waits for a person
    more: str = ""  # a template to show after the sentences


@dataclass(frozen=True)
class CodeBlock:
    """Code to copy. `id` is unique on the page; `code` is copied exactly as it is here."""

    id: str
    title: str
    code: str
    place: str = ""  # where to put it, as a sentence
    copy_label: str = ""
    warnings: tuple[str, ...] = ()
    badge: str = ""
    fingerprint: str = ""
    issued_at: datetime | None = None


@dataclass(frozen=True)
class Empty:
    """Why a list is empty, and the next step if the reader may take it."""

    title: str
    text: str
    url: str = ""
    action: str = ""
    icon: str = ""
