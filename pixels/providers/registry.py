"""The only list of providers. A new one is a folder beside this file and a line in it."""

from .base import Provider
from .easyflow.client import Easyflow
from .pitchtarget.client import PitchTarget
from .xandr.client import Xandr

PROVIDERS: dict[str, type[Provider]] = {provider.slug: provider for provider in (Easyflow, PitchTarget, Xandr)}
