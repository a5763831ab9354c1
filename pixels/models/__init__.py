from .connection import AdAccount, Connection, Credential
from .operation import Operation
from .pixel import Pixel
from .snippet import Snippet
from .sync_run import SyncRun
from .website import Website

__all__ = [
    "AdAccount",
    "Connection",
    "Credential",
    "Operation",
    "Pixel",
    "Snippet",
    "SyncRun",
    "Website",
]
