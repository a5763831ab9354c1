from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

register = template.Library()


@register.filter
def span(length: timedelta | float | None) -> str:
    """How long something took, in its two largest units: "4 min 12 s"."""
    if length is None:
        return "—"
    seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
    if seconds < 1:
        return gettext("under 1 s")
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    hour, minute, second = gettext("{count} h"), gettext("{count} min"), gettext("{count} s")
    parts = ((hour, hours), (minute, minutes)) if hours else ((minute, minutes), (second, seconds))
    return " ".join(unit.format(count=number) for unit, number in parts if number)


@register.simple_tag
def at(when: datetime) -> SafeString:
    """The time of day, and the day where it is not today: for "since", which goes badly with "5 min ago"."""
    local = timezone.localtime(when)
    today = local.date() == timezone.localdate()
    exact = f"{date_format(local, 'j M Y, H:i:s')} {timezone.get_current_timezone_name()}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        when.isoformat(timespec="seconds"),
        exact,
        date_format(local, "H:i" if today else "j M, H:i"),
    )
