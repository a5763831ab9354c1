"""Failure drills: the product's own processes, and what happens to their broker, database and disk while people work.

`python -m tests.drills` prints what must hold and what was measured (docs/drills.md).
"""
