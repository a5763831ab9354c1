"""What a view hands to the template parts in templates/components/. A text that is a SafeString may hold markup."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Action:
    """A button that posts, with its own form and CSRF token; or a link that looks like one."""

    label: str
    url: str
    style: str = "secondary"  # primary | secondary | quiet | danger | likely
    is_small: bool = True
    is_link: bool = False
    icon: str = ""
    spoken: str = ""  # the name for screen readers, where `label` alone is repeated on the page; begins with `label`
    name: str = ""  # of the button itself, so that its value is posted
    value: str = ""
    fields: tuple[tuple[str, str], ...] = ()  # (name, value) of hidden inputs


@dataclass(frozen=True)
class Banner:
    """One thing to know about the page, and what can be done about it."""

    tone: str  # live | waiting | needs | failed | unknown | sandbox
    icon: str
    title: str = ""
    sentences: tuple[str, ...] = ()  # a paragraph each
    actions: tuple[Action, ...] = ()
    is_alert: bool = False  # screen readers say it at once: for failures and for what waits for a person
    more: str = ""  # the name of a template for what follows the sentences


@dataclass(frozen=True)
class CodeBlock:
    """Code to copy. `id` is unique on the page; `code` is copied exactly as it stands here."""

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
    """Why a list has nothing to show, and the next step where the reader can take it."""

    title: str
    text: str
    url: str = ""
    action: str = ""
    icon: str = ""
