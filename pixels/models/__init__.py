from .connection import AdAccount, AvailableAdAccount, Connection, Credential
from .lease import Lease
from .operation import Operation
from .pixel import Pixel
from .pixel_secrets import PixelSecrets
from .rate_limit import RateLimit
from .snippet import Snippet
from .sync_run import SyncRun
from .website import Website

__all__ = [
    "AdAccount",
    "AvailableAdAccount",
    "Connection",
    "Credential",
    "Lease",
    "Operation",
    "Pixel",
    "PixelSecrets",
    "RateLimit",
    "Snippet",
    "SyncRun",
    "Website",
]
