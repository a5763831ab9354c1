"""The remote pixel APIs, a folder each. This file imports nothing: the settings import the folders' conf.py."""
