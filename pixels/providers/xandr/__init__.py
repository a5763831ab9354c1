"""Xandr."""
