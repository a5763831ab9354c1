"""The only list of providers: adding one takes its folder and its line here."""

from .base import Provider
from .easyflow.client import Easyflow
from .pitchtarget.client import PitchTarget
from .xandr.client import Xandr

PROVIDERS: dict[str, type[Provider]] = {provider.slug: provider for provider in (Easyflow, PitchTarget, Xandr)}
