import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = ("pixels", "0007_confirmed_counts_and_constraints")


@pytest.fixture
def upgrade(transactional_db):
    """A function that goes back to the tables of migration 0007, lets that version write, and migrates forward
    again."""

    def run(write, before=(BEFORE,)):
        migrate([*before])
        write(MigrationExecutor(connection).loader.project_state([*before]).apps)
        migrate(None)

    yield run
    migrate(None)


@pytest.fixture
def downgrade(transactional_db):
    """Goes back to the tables of a migration; gives the models of that version."""

    def run(name):
        migrate([("pixels", name)])
        return MigrationExecutor(connection).loader.project_state([("pixels", name)]).apps

    yield run
    migrate(None)


def migrate(to):
    executor = MigrationExecutor(connection)
    executor.migrate(to or executor.loader.graph.leaf_nodes())
