"""Failure drills: what happens when broker, database or disk of the running product fail while people work.

`python -m tests.drills` prints what must hold and what was measured (docs/drills.md).
"""
