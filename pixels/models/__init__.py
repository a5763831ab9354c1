from .connection import AdAccount, Connection, Credential, OfferedAdAccount
from .gate import Gate
from .lease import Lease
from .operation import Operation
from .pixel import Pixel
from .pixel_secrets import PixelSecrets
from .snippet import Snippet
from .sync_run import SyncRun
from .website import Website

__all__ = [
    "AdAccount",
    "Connection",
    "Credential",
    "Gate",
    "Lease",
    "OfferedAdAccount",
    "Operation",
    "Pixel",
    "PixelSecrets",
    "Snippet",
    "SyncRun",
    "Website",
]
