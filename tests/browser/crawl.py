"""Every page that can be reached by links, as a signed-in person sees it."""

import html
import re
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import APIRequestContext


def crawl(request: APIRequestContext, start: list[str], wanted: Callable[[str], bool]) -> dict[str, str]:
    """{path: page} of the paths in `start` and of all wanted ones they lead to; filters in addresses are cut off."""
    found: dict[str, str] = {}
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        answer = request.get(path)
        assert answer.status == 200, f"{answer.status} from {path}"
        found[path] = answer.text()
        for link in re.findall(r'href="([^"]+)"', found[path]):
            target = urlsplit(urljoin(answer.url, html.unescape(link)))
            if target.netloc == urlsplit(answer.url).netloc and wanted(target.path):
                waiting.append(target.path)
    return found
