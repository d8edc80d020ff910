"""Converters and runtimes that are needed for one format only."""

import importlib
from types import ModuleType


def require(module: str) -> ModuleType:
    """Import a package that only one export format needs.

    Args:
        module: Dotted name of the module.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise ImportError(
            f"This format needs the package {package}, which cannot be imported: "
            f"{error}. Run `pip install {package}`."
        ) from error
