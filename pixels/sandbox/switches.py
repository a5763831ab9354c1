"""The sandbox's switches, which change its behaviour until they are changed again. All are off at first."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["flag", "seconds", "length", "number"]

WORDS: dict[Kind, str] = {
    "flag": "true, false",
    "seconds": "a number or null",
    "length": "a number above 0",
    "number": "a whole number, 0 or more, or null",
}


@dataclass(frozen=True, kw_only=True)
class Switch:
    kind: Kind
    default: Any
    what: str

    def fits(self, value: Any) -> bool:
        if self.kind == "flag":
            return isinstance(value, bool)
        if value is None:
            return self.default is None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.kind == "length":
            return value > 0
        return self.kind == "seconds" or (isinstance(value, int) and value >= 0)


def _flag(what: str) -> Switch:
    return Switch(kind="flag", default=False, what=what)


def _seconds(what: str) -> Switch:
    return Switch(kind="seconds", default=None, what=what)


def _limit(what: str) -> Switch:
    return Switch(kind="number", default=None, what=what)


ALL: dict[str, Switch] = {
    "easyflow_list": _flag("GET /pixels/list answers; its path and its answer are inferred"),
    "easyflow_older": _flag("as the older document has it: two platforms, 19 events, no PATCH"),
    "pitchtarget_nested": _flag("POST /offsitepixels answers with the nested id too, as seen from 2014-04-15"),
    "xandr_2010": _flag("/pixel answers in the form of the document's samples of 2010"),
    "xandr_unauth": _flag("a wrong password is UNAUTH instead of NOAUTH, as in the vendor's client's test"),
    "xandr_token_seconds": _seconds("a session ends so long after its last call (documented: 7200)"),
    "xandr_token_hard_seconds": _seconds("a session ends so long after its log-in (documented: 86400)"),
    "xandr_logins": _limit("successful log-ins of a user in five minutes (documented: 10)"),
    "xandr_at_once": _limit("requests in hand at the same time (documented: 15)"),
    "xandr_reads": _limit("GETs of a user in a window; one more answers 429"),
    "xandr_writes": _limit("POSTs, PUTs and DELETEs of a user in a window; one more answers 429"),
    # inferred: the current page names no window; until 2024 it was a minute
    "xandr_window_seconds": Switch(
        kind="length", default=60, what="how long the window of reads and writes is (documented until 2024: 60)"
    ),
    "xandr_report_polls": Switch(
        kind="number", default=1, what="how often a report's status is pending before it is ready"
    ),
}


def fits(name: str, value: Any) -> bool:
    return name in ALL and ALL[name].fits(value)


def sentence() -> str:
    return "Switches: " + "; ".join(f"{name} ({WORDS[switch.kind]})" for name, switch in ALL.items())
