"""Easyflow."""
