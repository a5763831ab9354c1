"""The environment variables of all providers, found in the conf.py of each folder.

pixelhub/settings.py imports this while there are no settings yet, so nothing here may import a provider's class.
"""

from importlib import import_module
from pathlib import Path

from pixelhub.variables import Variable

_FOLDERS = sorted(path.parent.name for path in Path(__file__).parent.glob("*/conf.py"))
_MODULES = [import_module(f"{__package__}.{folder}.conf") for folder in _FOLDERS]
VARIABLES: tuple[Variable, ...] = tuple(variable for module in _MODULES for variable in module.VARIABLES)
