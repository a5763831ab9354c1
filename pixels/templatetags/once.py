from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context

register = template.Library()


class Once(template.Node):
    def __init__(self, key: FilterExpression, nodes: NodeList) -> None:
        self.key, self.nodelist = key, nodes

    def render(self, context: Context) -> str:
        kept: Any = context.render_context
        drawn: dict[Any, str] = kept.setdefault(self, {})
        key = self.key.resolve(context)
        if key not in drawn:
            drawn[key] = self.nodelist.render(context)
        return drawn[key]


@register.tag
def once(parser: Parser, token: Token) -> Once:
    """{% once key %}…{% endonce %}: drawn for the first row with this key, the same again for all others with it."""
    _, key = token.split_contents()
    nodes = parser.parse(("endonce",))
    parser.delete_first_token()
    return Once(parser.compile_filter(key), nodes)
