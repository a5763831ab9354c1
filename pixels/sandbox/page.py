"""The page at /: what the sandbox holds, for people."""

from html import escape
from typing import Any

from . import control, easyflow, members, pitchtarget, xandr, xandr_pixels
from .fault_rules import OWN_KEYS, Faults
from .store import Store
from .wire import Response

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8886; }
td { overflow-wrap: break-word; min-width: 5rem; max-width: 24rem; vertical-align: top; }
.quiet { opacity: .75; }
"""


def answer(store: Store, faults: Faults) -> Response:
    counts = control.requests(store)["requests"]
    sections = [
        _section("Easyflow", ("Owner", "Id", "Name", "Platform", "Status", "Events"), _easyflow(store)),
        _section("PitchTarget", ("Ad account", "Id", "Name", "Tag", "Status"), _pitchtarget(store)),
        _section("Xandr", ("Advertiser", "Id", "Name", "Code", "Trigger", "State", "Line items"), _xandr(store)),
        _section("Xandr line items", ("Advertiser", "Id", "Name", "State", "Pixels"), _line_items(store)),
        _section("Requests", ("Provider", "Operation", "Times"), _requests(counts)),
        _section("Faults", ("Provider", "Operation", "Fault", "Count", "Skip", "With", "Used"), _faults(faults)),
    ]
    who = "".join(f"<li>{escape(line)}</li>" for line in members.lines())
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>PixelHub sandbox</title><style>{STYLE}</style></head><body><main><h1>PixelHub sandbox</h1>"
        '<p class="quiet">Stands in for three pixel APIs. Nothing here leaves this machine.</p>'
        f"<ul>{who}</ul>{''.join(sections)}</main></body></html>"
    )
    return Response(body=html.encode("utf-8", "replace"), headers=HEADERS)


def _easyflow(store: Store) -> list[tuple[Any, ...]]:
    return [
        (p["ownerId"], p["id"], p.get("name"), p.get("platform"), p.get("status"), _joined(p.get("events")))
        for p in store.objects(easyflow.SLUG)
    ]


def _pitchtarget(store: Store) -> list[tuple[Any, ...]]:
    return [
        (account, p["id"], p["name"], p["tag"], p["status"])
        for account in members.PITCHTARGET_AD_ACCOUNTS
        for p in store.objects(pitchtarget.SLUG, account=account)
    ]


def _xandr(store: Store) -> list[tuple[Any, ...]]:
    return [
        (
            p["advertiser_id"],
            p["id"],
            p["name"],
            p["code"],
            p["trigger_type"],
            p["state"],
            _joined([item["id"] for item in p["line_items"] or []]),
        )
        for p in xandr_pixels.objects(store, None)
    ]


def _line_items(store: Store) -> list[tuple[Any, ...]]:
    return [
        (item["advertiser_id"], item["id"], item["name"], item["state"], _joined(item["pixel_ids"]))
        for item in store.objects(xandr.SLUG, xandr_pixels.LINE_ITEM)
    ]


def _requests(counts: dict[str, dict[str, int]]) -> list[tuple[Any, ...]]:
    return [(provider, operation, n) for provider, row in counts.items() for operation, n in row.items()]


def _faults(faults: Faults) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for rule in faults.shown()["faults"]:
        own = {key: rule.pop(key) for key in OWN_KEYS}
        used = rule.pop("used")
        count = "all" if own["count"] is None else own["count"]
        given = ", ".join(f"{name} {value}" for name, value in rule.items())
        rows.append((own["provider"], own["operation"], own["fault"], count, own["skip"], given, used))
    return rows


def _joined(values: list[Any] | None) -> str:
    return ", ".join(map(str, values or []))


def _section(title: str, heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    heading = f'<h2>{escape(title)} <span class="quiet">({len(rows)})</span></h2>'
    if not rows:
        return heading + '<p class="quiet">Nothing yet.</p>'
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'{heading}<div class="table">{table}</div>'


def _cell(value: Any) -> str:
    return "" if value is None else escape(str(value))
