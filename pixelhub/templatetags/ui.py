"""The template tags for small parts of pages. How to use them: docs/ui.md."""

from datetime import datetime
from typing import Any

from django import template
from django.template.context import Context, RequestContext
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from pixelhub.components import Action, Banner

register = template.Library()

MARK_TINTS = 6


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html(
        '<svg class="icon" width="16" height="16" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons/sprite.svg"),
        name,
    )


@register.simple_tag
def mark(label: str) -> SafeString:
    """A letter on a tint. The tint follows from the label, so that a new provider needs no drawing."""
    tint = sum(label.encode()) % MARK_TINTS
    return format_html('<span class="mark mark-{}" aria-hidden="true">{}</span>', tint, label[:1].upper())


@register.simple_tag
def ago(when: datetime | None) -> SafeString | str:
    if when is None:
        return gettext("never")
    zone = timezone.get_current_timezone_name()
    exact = f"{date_format(timezone.localtime(when), 'j M Y, H:i:s')} {zone}"
    return format_html(
        '<time datetime="{}" title="{}">{}<span class="visually-hidden"> ({})</span></time>',
        when.isoformat(timespec="seconds"),
        exact,
        _relative(when),
        exact,
    )


def _relative(when: datetime) -> str:
    seconds = int((timezone.now() - when).total_seconds())
    minutes, hours, days = (abs(seconds) // unit for unit in (60, 3600, 86400))
    if abs(seconds) < 45:
        return gettext("just now") if seconds >= 0 else gettext("in a moment")
    if days >= 30:
        return date_format(timezone.localtime(when), "j M Y")
    if days:
        span = ngettext("{count} day", "{count} days", days).format(count=days)
    elif hours:
        span = gettext("{count} h").format(count=hours)
    else:
        span = gettext("{count} min").format(count=minutes or 1)
    return (gettext("{span} ago") if seconds > 0 else gettext("in {span}")).format(span=span)


@register.inclusion_tag("components/chip.html")
def chip(badge: object) -> dict[str, object]:
    return {"badge": badge}


@register.simple_tag
def plain_chip(tone: str, icon_name: str, label: str) -> SafeString:
    """A chip made of its parts, for a status without a Badge."""
    return format_html('<span class="chip chip-{}">{}{}</span>', tone, icon(icon_name), label)


@register.simple_tag(takes_context=True)
def action(context: Context, label: str, view_name: str, *args: Any, **looks: Any) -> SafeString:
    """A button that posts to a view: {% action _("Retry") "pixel_retry" team.slug pixel.pk style="quiet" %}.

    The keyword arguments are the fields of Action; its `url` is made from `view_name` and `args`.
    """
    button = Action(label, reverse(view_name, args=args), **looks)
    return _part(context, "action", action=button, csrf_token=context.get("csrf_token"))


@register.simple_block_tag(takes_context=True)
def banner(
    context: Context,
    content: SafeString,
    tone: str,
    icon_name: str,
    title: str = "",
    is_alert: bool = False,
    button: SafeString | str = "",
) -> SafeString:
    """A banner around what is written inside: {% banner "needs" "plug-x" _("Title") %}<p>…</p>{% endbanner %}.

    `button`: what {% action … as button %} has made.
    """
    shown = Banner(tone, icon_name, title, is_alert=is_alert)
    return _part(context, "banner", banner=shown, content=content, button=button)


def _part(context: Context, name: str, **values: Any) -> SafeString:
    assert context.template is not None
    return context.template.engine.get_template(f"components/{name}.html").render(context.new(values))


@register.simple_block_tag
def fact(content: SafeString, label: str) -> SafeString:
    """A row of <dl class="facts">: {% fact _("Created") %}{% ago pixel.created_at %}{% endfact %}."""
    return format_html("<div><dt>{}</dt><dd>{}</dd></div>", label, content)


@register.simple_tag
def copy_button(text: str, label: str, id: str) -> SafeString:
    """An icon that copies `text`; `label` is its name, `id` is unique on the page. No template: lists have many."""
    return format_html(
        '{}<button type="button" class="btn-copy" data-copy="{}" aria-label="{}">{}</button>',
        json_script(text, id),
        id,
        label,
        icon("copy"),
    )


@register.inclusion_tag("components/nav_link.html", takes_context=True)
def nav_link(context: RequestContext, url: str, label: str, icon_name: str, exact: bool = False) -> dict[str, object]:
    """A link of the left bar. `exact`: the link is current only on its own page, not on pages below its address."""
    path = context["request"].path
    current = "page" if path == url else "true" if url and not exact and path.startswith(url) else ""
    return {"url": url, "label": label, "icon_name": icon_name, "current": current}
