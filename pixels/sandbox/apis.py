"""The only registry of the sandbox. A new stand-in is a module and its name here.

Each has SLUG, OPERATIONS (all that operation() may return), operation(request), answer(request, store), failure(status,
message) and seed(body, store). It sees paths without its prefix.
"""

from types import ModuleType

from . import easyflow, pitchtarget, xandr

APIS: dict[str, ModuleType] = {api.SLUG: api for api in (easyflow, pitchtarget, xandr)}
