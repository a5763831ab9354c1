"""The faults that are set: rules as data, used up one by one by the requests that match them. In memory only."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .fault_call import Over
from .faults import FAULTS, OPERATIONS
from .store import Store

logger = logging.getLogger(__name__)

ANY = "*"
MAX_RULES = 1000
MAX_NUMBER = 1_000_000
OWN_KEYS = ("provider", "operation", "fault", "count", "skip")


class BadRule(ValueError):
    """A rule is invalid; the sentence is for the person who has set it."""


@dataclass(kw_only=True)
class Rule:
    """`skip` matching requests pass, then `count` are hit; None: all, until the rules are cleared."""

    provider: str
    operation: str
    fault: str
    count: int | None
    skip: int
    given: dict[str, Any]
    passed: int = 0
    used: int = 0

    def matches(self, provider: str, operation: str) -> bool:
        if provider != self.provider or (self.count is not None and self.used >= self.count):
            return False
        return FAULTS[self.fault].concerns(operation) and self.operation in (ANY, operation)

    def shown(self) -> dict[str, Any]:
        own = {key: getattr(self, key) for key in OWN_KEYS}
        return {**own, **self.given, "used": self.used}


def read_rules(body: Any) -> list[Rule]:
    """One rule or a list of them. Raises BadRule if one is invalid."""
    return [_read_rule(one) for one in (body if isinstance(body, list) else [body])]


def _read_rule(body: Any) -> Rule:
    if not isinstance(body, dict):
        raise BadRule("A fault is an object with provider, operation and fault")
    name, provider = body.get("fault"), body.get("provider")
    fault = FAULTS.get(name) if isinstance(name, str) else None
    if fault is None or not isinstance(name, str):
        raise BadRule("fault must be one of " + ", ".join(FAULTS))
    if not isinstance(provider, str) or provider not in fault.providers:
        raise BadRule(f"provider of {name} must be one of " + ", ".join(fault.providers))
    possible = [operation for operation in OPERATIONS[provider] if fault.concerns(operation)]
    operation = body.get("operation", ANY)
    if operation not in (ANY, *possible):
        raise BadRule(f"operation of {name} at {provider} must be one of " + ", ".join([ANY, *possible]))
    count, skip = body.get("count", 1), body.get("skip", 0)
    if count is not None and not _number(count, 1):
        raise BadRule("count must be a number of requests from 1, or null")
    if not _number(skip, 0):
        raise BadRule("skip must be a number of requests from 0")
    given = {key: parameter.default for key, parameter in fault.parameters.items()}
    for key in body.keys() - set(OWN_KEYS):
        if key not in fault.parameters:
            raise BadRule(f"{name} has no parameter {key!r}. It has: " + (", ".join(fault.parameters) or "none"))
        if not fault.parameters[key].fits(body[key]):
            raise BadRule(f"{key} of {name} must be: {fault.parameters[key].must}")
        given[key] = body[key]
    return Rule(provider=provider, operation=operation, fault=name, count=count, skip=skip, given=given)


def _number(value: Any, lowest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= MAX_NUMBER


@dataclass
class Faults:
    """The rules that are set, and the effects that are still to come."""

    store: Store
    over: threading.Event = field(default_factory=threading.Event)  # for the requests under way; a reset replaces it
    _rules: list[Rule] = field(default_factory=list)
    _late: set[threading.Timer] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rules: list[Rule]) -> None:
        with self._lock:
            if len(self._rules) + len(rules) > MAX_RULES:
                raise BadRule(f"There are at most {MAX_RULES} faults at a time. Clear them first")
            self._rules += rules

    def clear(self) -> None:
        with self._lock:
            self._rules = []

    def shown(self) -> dict[str, Any]:
        """The rules in their order, with how often each was used, and the number of effects still to come."""
        with self._lock:
            return {"faults": [rule.shown() for rule in self._rules], "late": len(self._late)}

    def take(self, provider: str, operation: str) -> Rule | None:
        """The first rule that hits this request. The request does not count for the rules behind it."""
        with self._lock:
            for rule in self._rules:
                if not rule.matches(provider, operation):
                    continue
                if rule.passed < rule.skip:
                    rule.passed += 1
                    continue
                rule.used += 1
                break
            else:
                return None
        self.store.count("faults", provider, f"{operation} {rule.fault}")
        return rule

    def pause(self, seconds: float) -> None:
        """Wait. Raises Over if the sandbox is reset or stopped meanwhile."""
        if self.over.wait(seconds):
            raise Over

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Call it after so many seconds, unless the sandbox is reset or stopped before."""
        timer = threading.Timer(seconds, lambda: self._do_late(timer, work))
        timer.daemon = True
        with self._lock:
            if self.over.is_set():
                return
            self._late.add(timer)
            timer.start()

    def reset(self) -> None:
        """Drop all rules and end all requests under way. Call it inside the store's transaction."""
        self._end()
        self.over = threading.Event()

    def stop(self) -> None:
        """End all requests under way and wait for effects that have begun, as the store is closed next. Twice does
        no harm."""
        for timer in self._end():
            timer.join()

    def _end(self) -> set[threading.Timer]:
        with self._lock:
            self._rules = []
            self.over.set()
            late, self._late = self._late, set()
        for timer in late:
            timer.cancel()
        return late

    def _do_late(self, timer: threading.Timer, work: Callable[[], object]) -> None:
        try:
            work()
        except Over:
            pass
        except Exception as error:
            logger.error("bug in the sandbox: %s in a late effect", type(error).__name__)
        finally:
            with self._lock:
                self._late.discard(timer)
