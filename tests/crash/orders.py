"""The director's orders to the workers: one file for each time an order is to be carried out, in a directory of each
connection.

A worker takes an order by renaming its file, so no two take the same one, and a dead worker's orders can be seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

VARIABLE = "CRASH_ORDERS"  # the directory of all connections; read by tests/crash/worker.py alone
URL = "url"  # the file that says which sandbox a connection talks to
TAKEN = "taken"


@dataclass(frozen=True)
class Order:
    """At `point`, do `act`; with `after`, only in a task that has passed that point before."""

    point: str
    act: str
    after: str = ""


@dataclass(frozen=True)
class Taken:
    order: Order
    process: int


@dataclass(frozen=True)
class Orders:
    """Those for the work of one connection."""

    directory: Path

    @classmethod
    def of(cls, root: str | Path, connection_id: object) -> Self:
        return cls(Path(root) / str(connection_id))

    # The director's side

    def open(self, url: str) -> None:
        self.directory.mkdir(parents=True)
        (self.directory / URL).write_text(url)

    def give(self, *orders: Order) -> None:
        for number, order in enumerate(orders):
            (self.directory / f"{number}.{order.point}.{order.act}.{order.after}").touch()

    def waiting(self) -> list[Path]:
        return sorted(self.directory.glob("[0-9]*"))

    def taken(self) -> list[Taken]:
        names = [path.name.split(".") for path in sorted(self.directory.glob(f"{TAKEN}.*"))]
        return [Taken(Order(point, act, after), int(process)) for _, _, point, act, after, process in names]

    def withdraw(self) -> None:
        for path in [*self.waiting(), *self.directory.glob(f"{TAKEN}.*")]:
            path.unlink(missing_ok=True)

    # The workers' side

    def url(self) -> str:
        return (self.directory / URL).read_text()

    def take(self, point: str, passed: list[str], process: int) -> Order | None:
        for path in self.waiting():
            _, wanted, act, after = path.name.split(".")
            if wanted != point or (after and after not in passed):
                continue
            try:
                path.rename(path.with_name(f"{TAKEN}.{path.name}.{process}"))
            except FileNotFoundError:  # another worker was quicker
                continue
            return Order(point, act, after)
        return None
