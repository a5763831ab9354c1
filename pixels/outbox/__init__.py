"""Ours to theirs: claim an operation, deliver it, record what came of it."""
