"""The remote pixel APIs, a folder each. This file imports nothing: the settings read the folders' conf.py."""
