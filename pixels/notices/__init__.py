"""Mails about events that people should know of."""
