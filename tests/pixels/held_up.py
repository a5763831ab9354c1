"""A worker that is held up between its look at the rows and what it does about them."""


class HeldUpRows:
    """The rows that a worker looks at; between that and what it does about them something happens."""

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
