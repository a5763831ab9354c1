"""A worker that is delayed between reading its rows and acting on them."""


class HeldUpRows:
    """A queryset that lets something happen between its reading of a row and the worker's use of it."""

    def __init__(self, rows, happens):
        self._rows, self._happens = rows, happens

    def select_related(self, *names):
        return HeldUpRows(self._rows.select_related(*names), self._happens)

    def filter(self, **wanted):
        return HeldUpRows(self._rows.filter(**wanted), self._happens)

    def first(self):
        row = self._rows.first()
        self._happens()
        return row
