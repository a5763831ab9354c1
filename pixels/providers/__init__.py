"""The remote pixel APIs. PROVIDERS is the only registry: a new provider is one folder and one line here."""

from .base import Provider
from .easyflow import Easyflow
from .pitchtarget import PitchTarget
from .xandr import Xandr

PROVIDERS: dict[str, type[Provider]] = {provider.slug: provider for provider in (Easyflow, PitchTarget, Xandr)}
